//! What a run of `train joint` is: its networks and its data.

use super::Settings;
use super::lora::{TARGETS, adapted_layers};
use crate::assemble::ENCODER_FILES;
use crate::encoder::read_config;
use crate::encoder_dir::config_json;
use crate::run_dir::{DataFile, RunPlan, json_text};
use genolewm::info::ModelInfo;
use genolewm_core::{Error, ErrorCode, Result};
use serde_json::json;
use std::path::Path;

/// The run.
///
/// # Errors
/// `RESOURCE.*` when the encoder's config cannot be read; `INTERNAL.GENERIC` when the settings cannot
/// be written as JSON.
pub(super) fn plan(settings: &Settings, info: &ModelInfo) -> Result<RunPlan> {
    let config = &info.config;
    let architecture = json!({
        "encoder": config_json(&read_config(&settings.encoder())?),
        "lora_rank": settings.lora_rank,
        "lora_layers": adapted_layers(info.state_layer, settings.lora_layers).collect::<Vec<_>>(),
        "lora_targets": TARGETS,
        "n_heads": config.predictor.n_heads,
        "window_bp": config.window_bp,
    });
    let every = settings.collapse.collapse_every;
    Ok(RunPlan {
        stage: "joint",
        directory: settings.output.clone(),
        settings: json_text(settings)?,
        architecture: architecture.to_string(),
        seed: settings.seed,
        steps: settings.steps,
        checkpoint_every: settings.checkpoint_every,
        log_every: settings.log_every,
        collapse_every: (every > 0).then_some(every),
        retention: settings.retention,
        curves: &["loss", "prediction_loss", "kl", "pred_cos_mean"],
    })
}

/// Every file that decides the weights.
///
/// # Errors
/// As [`DataFile::corpus`].
pub(super) fn data(settings: &Settings, info: &ModelInfo) -> Result<Vec<DataFile>> {
    let manifest = &info.manifest;
    let mut files = settings.data.data_files()?;
    files.extend(DataFile::encoder(&settings.encoder()));
    for (role, file) in [
        ("model_config", &manifest.training.config_file),
        ("predictor", &manifest.predictor.file),
        ("action_encoder", &manifest.action_encoder.file),
    ] {
        files.push(DataFile::new(role, &settings.model_dir.join(file)));
    }
    Ok(files)
}

/// Checks what would else be found out after the last step.
///
/// # Errors
/// `CONFIG.GENERIC` where states are embeddings, which no layer changes; `RESOURCE.MODEL_NOT_FOUND`
/// for a file that the model directory is to have.
pub(super) fn check(settings: &Settings, info: &ModelInfo) -> Result<()> {
    if info.state_layer == 0 {
        return Err(Error::new(
            ErrorCode::ConfigGeneric,
            "states of layer 0 are embeddings: no adapter can change them",
        )
        .with_remedy("train a model with a higher --state-layer first"));
    }
    let encoder = settings.encoder();
    let missing = |name: &&str| !Path::new(&encoder).join(name).is_file();
    match ENCODER_FILES.into_iter().find(missing) {
        None => Ok(()),
        Some(name) => Err(Error::new(
            ErrorCode::ResourceModelNotFound,
            format!("{} is missing", encoder.join(name).display()),
        )
        .with_remedy("give the directory of an encoder with its tokenizer in one file each")),
    }
}
