//! LoRA adapters as the Python package PEFT reads them.

use crate::serialize::{Tensors, serialize, torch_header};
use genolewm_core::Result;
use genolewm_report::output::write_atomically;
use safetensors::tensor::Dtype;
use serde_json::json;
use std::path::Path;

/// The file of the adapters.
const ADAPTERS_FILE: &str = "lora.safetensors";
/// What PEFT reads of them.
const ADAPTERS_CONFIG: &str = "adapter_config.json";
/// What PEFT puts before a tensor's name.
const PREFIX: &str = "base_model.model";

/// What was adapted, and how.
pub(crate) struct LoraAdapters<'a> {
    pub(crate) rank: usize,
    pub(crate) alpha: f64,
    /// Layers that have adapters.
    pub(crate) layers: &'a [usize],
    /// The projections that are adapted.
    pub(crate) targets: &'a [&'a str],
}

impl LoraAdapters<'_> {
    /// Writes the adapters, by the names of what they adapt, and their configuration.
    ///
    /// # Errors
    /// `RESOURCE.*` when a file cannot be written.
    pub(crate) fn write(&self, directory: &Path, adapters: Tensors) -> Result<()> {
        let tensors: Tensors = adapters
            .into_iter()
            .map(|(name, tensor)| (format!("{PREFIX}.{name}"), tensor))
            .collect();
        let bytes = serialize(&tensors, Dtype::F32, Some(torch_header()))?;
        write_atomically(&directory.join(ADAPTERS_FILE), &bytes)?;
        let config = json!({
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": null,
            "bias": "none",
            "fan_in_fan_out": false,
            "inference_mode": true,
            "init_lora_weights": true,
            "layers_pattern": "layers",
            "layers_to_transform": self.layers,
            "lora_alpha": self.alpha,
            "lora_dropout": 0.0,
            "modules_to_save": null,
            "r": self.rank,
            "target_modules": self.targets,
        });
        let text = format!("{config:#}\n");
        write_atomically(&directory.join(ADAPTERS_CONFIG), text.as_bytes())
    }
}
