//! What a run leaves: the model with the adapters merged into its encoder, and the adapters alone.

use super::Settings;
use super::lora::TARGETS;
use super::networks::Tensors;
use crate::assemble::{ENCODER_FILES, Parts, assemble};
use crate::serialize::serialize;
use genolewm::bundle::read_shards;
use genolewm::config::ModelConfig;
use genolewm::files::Directory;
use genolewm::weights::Weights;
use genolewm_core::Result;
use genolewm_report::output::{io_error, write_atomically};
use safetensors::tensor::Dtype;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// The file of the adapters in the run's directory.
const ADAPTERS_FILE: &str = "lora.safetensors";
/// What PEFT reads of them.
const ADAPTERS_CONFIG: &str = "adapter_config.json";
/// What PEFT puts before a tensor's name.
const PEFT: &str = "base_model.model";

/// The networks at the end of a run.
pub(super) struct Trained<'a> {
    /// How the model scores.
    pub(super) config: &'a ModelConfig,
    /// The encoder's adapted weights, by their names in its file.
    pub(super) merged: Tensors,
    /// The adapters, by the names of what they adapt.
    pub(super) adapters: Tensors,
    /// Layers that have adapters.
    pub(super) layers: Vec<usize>,
    /// Weights of the predictor.
    pub(super) predictor: Tensors,
    /// Weights of the action encoder.
    pub(super) action: Tensors,
    /// Reference windows and surprises for a first calibration table.
    pub(super) surprises: Vec<(String, f64)>,
}

/// Writes `model/`, `lora.safetensors` and `adapter_config.json`.
///
/// # Errors
/// As [`assemble`]; `DEPLOY.EXPORT_FORMAT` when the encoder's weights cannot be read.
pub(super) fn write(settings: &Settings, trained: Trained<'_>) -> Result<()> {
    write_adapters(settings, trained.adapters, &trained.layers)?;
    let model = settings.output.join("model");
    let encoder = model.join("encoder");
    write_encoder(&settings.encoder(), &encoder, trained.merged)?;
    assemble(
        &model,
        Parts {
            name: &settings.model_name,
            version: &settings.model_version,
            config: trained.config,
            encoder: &encoder,
            predictor: trained.predictor,
            action: trained.action,
            surprises: trained.surprises,
            data: &settings.data.named_files(),
        },
    )
}

fn write_adapters(settings: &Settings, adapters: Tensors, layers: &[usize]) -> Result<()> {
    let tensors: Tensors = adapters
        .into_iter()
        .map(|(name, tensor)| (format!("{PEFT}.{name}"), tensor))
        .collect();
    let bytes = serialize(&tensors, Dtype::F32, Some(about()))?;
    write_atomically(&settings.output.join(ADAPTERS_FILE), &bytes)?;
    let config = json!({
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": null,
        "bias": "none",
        "fan_in_fan_out": false,
        "inference_mode": true,
        "init_lora_weights": true,
        "layers_pattern": "layers",
        "layers_to_transform": layers,
        "lora_alpha": settings.lora_alpha,
        "lora_dropout": 0.0,
        "modules_to_save": null,
        "r": settings.lora_rank,
        "target_modules": TARGETS,
    });
    let text = format!("{config:#}\n");
    write_atomically(&settings.output.join(ADAPTERS_CONFIG), text.as_bytes())
}

/// The encoder `from` with other weights in place of some of its own. All else of it is copied, the
/// rows of its embedding that DNA does not use among it.
fn write_encoder(from: &Path, to: &Path, merged: Tensors) -> Result<()> {
    let mut tensors = BTreeMap::new();
    for (name, bytes) in read_shards(&Directory(from.to_owned()))? {
        tensors.extend(Weights::parse(&bytes, &name, |_| true)?.into_tensors());
    }
    tensors.extend(merged);
    for name in ENCODER_FILES {
        let bytes = if name == "model.safetensors" {
            serialize(&tensors, Dtype::F16, Some(about()))?
        } else {
            let path = from.join(name);
            std::fs::read(&path).map_err(|error| io_error(&path.display().to_string(), &error))?
        };
        write_atomically(&to.join(name), &bytes)?;
    }
    Ok(())
}

fn about() -> HashMap<String, String> {
    HashMap::from([("format".to_owned(), "pt".to_owned())])
}
