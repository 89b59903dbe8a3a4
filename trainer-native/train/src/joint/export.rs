//! The result of a joint run: the model with the LoRA adapters merged into its encoder, and the
//! adapters alone.

use super::JointSettings;
use super::lora::TARGETS;
use crate::assemble::{ENCODER_FILES, ModelParts, assemble};
use crate::files::read;
use crate::python::peft::LoraAdapters;
use crate::serialize::{Tensors, serialize, torch_header};
use genolewm::bundle::read_shards;
use genolewm::config::ModelConfig;
use genolewm::files::Directory;
use genolewm::weights::Weights;
use genolewm_core::Result;
use genolewm_report::output::write_atomically;
use safetensors::tensor::Dtype;
use std::collections::BTreeMap;
use std::path::Path;

/// The networks at the end of a run.
pub(super) struct TrainedJointly<'a> {
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
pub(super) fn write(settings: &JointSettings, trained: TrainedJointly<'_>) -> Result<()> {
    let adapters = LoraAdapters {
        rank: settings.lora_rank,
        alpha: settings.lora_alpha,
        layers: &trained.layers,
        targets: &TARGETS,
    };
    adapters.write(&settings.run.output, trained.adapters)?;
    let model = settings.run.output.join("model");
    let encoder = model.join("encoder");
    write_encoder(&settings.encoder(), &encoder, trained.merged)?;
    assemble(
        &model,
        ModelParts {
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
            serialize(&tensors, Dtype::F16, Some(torch_header()))?
        } else {
            read(&from.join(name))?
        };
        write_atomically(&to.join(name), &bytes)?;
    }
    Ok(())
}
