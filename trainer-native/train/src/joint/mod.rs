//! Training of encoder and predictor together (phase 2): the encoder's top layers get low-rank
//! adapters, and a regulariser keeps the states spread out, which a state that may move needs.
//!
//! The loss is the distance of predicted states to encoded ones, plus the divergence of the encoded
//! ones from a normal distribution. Gradients reach adapters, predictor and action encoder; the
//! encoder's own weights stay as they are.

mod settings;
mod batch;
mod curriculum;
mod draws;
mod lora;
mod model;
mod export;
mod trainer;
mod preflight;
#[cfg(test)]
mod tests;

pub use settings::JointSettings;

use crate::assemble::ENCODER_FILES;
use crate::collapse::CollapseSettings;
use crate::driver::{Stage, TrainingSession};
use crate::encoder_dir::{config_json, read_config};
use crate::run_dir::DataFile;
use crate::settings::RunSettings;
use genolewm::config::ModelConfig;
use genolewm::info::ModelInfo;
use genolewm::scorer::Windows;
use genolewm_core::state_contract::StateContract;
use genolewm_core::{Error, ErrorCode, Result};
use lora::{TARGETS, adapted_layers};
use serde_json::{Value, json};
use std::path::Path;
use trainer::JointTrainer;

impl Stage for JointSettings {
    const NAME: &'static str = "joint";
    const CURVES: &'static [&'static str] = &["loss", "prediction_loss", "kl", "pred_cos_mean"];
    const KEYS: &'static str = "model_dir encoder_dir corpus holdout holdout_edits holdout_records \
        common clinvar exons primates mix fallback lora_rank lora_alpha lora_layers precision steps windows curriculum \
        kl_weight accumulate learning_rate lora_learning_rate schedule warmup_steps weight_decay \
        clip train_seed validation_windows collapse_every collapse_kl_max model_name model_version";

    fn run(&self) -> &RunSettings {
        &self.run
    }

    fn run_mut(&mut self) -> &mut RunSettings {
        &mut self.run
    }

    fn collapse(&self) -> Option<&CollapseSettings> {
        Some(&self.collapse)
    }

    fn architecture(&self) -> Result<Value> {
        let info = self.model_info()?;
        self.data.edit_mix()?;
        check(self, &info)?;
        let mut architecture = json!({
            "encoder": config_json(&read_config(&self.encoder())?),
            "lora_rank": self.lora_rank,
            "lora_layers": adapted_layers(info.state_layer, self.lora_layers).collect::<Vec<_>>(),
            "lora_targets": TARGETS,
            "n_heads": info.config.predictor.n_heads,
            "window_bp": info.config.window_bp,
        });
        // Runs of before name no contract: they were all of this one.
        let contract = info.config.encoder.contract;
        if contract != StateContract::L2OldRowV0_2_0 {
            architecture["state_contract"] = json!(contract);
        }
        Ok(architecture)
    }

    fn data(&self) -> Result<Vec<DataFile>> {
        let manifest = self.model_info()?.manifest;
        let mut files = self.data.data_files()?;
        files.extend(DataFile::encoder(&self.encoder()));
        files.extend(DataFile::networks(&self.model_dir, &manifest));
        Ok(files)
    }

    fn train(&self, session: &mut TrainingSession<'_, '_>) -> Result<()> {
        let sources = self.data.sources()?;
        let mut trainer = JointTrainer::open(self, &sources, session)?;
        session.steps(&mut trainer)?;
        trainer.export()
    }
}

/// Checks what would else be found out after the last step.
///
/// # Errors
/// `CONFIG.GENERIC` where states are embeddings, which no layer changes, and where the model reads other
/// windows than those that are drawn; `RESOURCE.MODEL_NOT_FOUND`
/// for a file that the model directory is to have.
fn check(settings: &JointSettings, info: &ModelInfo) -> Result<()> {
    if info.state_layer == 0 {
        let message = "states of layer 0 are embeddings: no adapter can change them";
        return Err(Error::new(ErrorCode::ConfigGeneric, message)
            .with_remedy("train a model with a higher --state-layer first"));
    }
    check_windows(&info.config)?;
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

/// Refuses a model of windows around edits: batches are of windows with edits anywhere, in one view.
fn check_windows(config: &ModelConfig) -> Result<()> {
    if Windows::of_model(config).right_bp().is_none() {
        return Ok(());
    }
    let message = "the model reads windows around edits, in its views, and such are not drawn here";
    Err(Error::new(ErrorCode::ConfigGeneric, message).with_remedy(
        "go on from a model that `train predictor` made with --window-bp 4096, 12288 or 24576 and without --views",
    ))
}
