//! Checkpoints: weights, optimiser state and progress in one safetensors file, replaced atomically.

use crate::output::write_atomically;
use burn::tensor::TensorData;
use genolewm_model::weights::{NamedTensor, Weights};
use genolewm_shared::{Error, ErrorCode, Result};
use half::f16;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

const WEIGHT: &str = "weight:";
const STATE: &str = "state:";
/// The metadata entry that holds step and settings.
const RUN: &str = "run";

/// Everything that a run needs to go on.
#[derive(Debug, Default)]
pub struct Checkpoint {
    /// Steps that are done.
    pub step: u64,
    /// The run's settings as JSON: a resumed run must have the same.
    pub settings: String,
    /// Weights by their names in the weight file.
    pub weights: BTreeMap<String, NamedTensor>,
    /// Optimiser state.
    pub state: BTreeMap<String, TensorData>,
}

impl Checkpoint {
    /// Writes the checkpoint; the old file stays until the new one is complete.
    ///
    /// # Errors
    /// `RESOURCE.*` when it cannot be written.
    pub fn save(self, path: &Path) -> Result<()> {
        let mut tensors: BTreeMap<String, NamedTensor> = self
            .weights
            .into_iter()
            .map(|(name, tensor)| (format!("{WEIGHT}{name}"), tensor))
            .collect();
        for (name, data) in self.state {
            let shape = data.shape().to_vec();
            tensors.insert(
                format!("{STATE}{name}"),
                NamedTensor {
                    shape,
                    values: super::step::host(data),
                },
            );
        }
        // One entry: the header keeps several in no fixed order, and equal runs give equal bytes.
        let run = serde_json::json!({"step": self.step, "settings": self.settings});
        let about = HashMap::from([(RUN.to_owned(), run.to_string())]);
        write_atomically(path, &serialize(&tensors, Dtype::F32, Some(about))?)
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` when there is none; `DEPLOY.EXPORT_FORMAT` when it is not one.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| {
            Error::new(
                ErrorCode::ResourceModelNotFound,
                format!("{}: {error}", path.display()),
            )
        })?;
        let name = path.display().to_string();
        let broken =
            |what: &str| Error::new(ErrorCode::DeployExportFormat, format!("{name}: {what}"));
        let (_, header) =
            SafeTensors::read_metadata(&bytes).map_err(|error| broken(&error.to_string()))?;
        let about = header
            .metadata()
            .as_ref()
            .ok_or_else(|| broken("not a checkpoint"))?;
        let run: serde_json::Value = about
            .get(RUN)
            .and_then(|run| serde_json::from_str(run).ok())
            .ok_or_else(|| broken("no run is noted"))?;
        let step = run["step"]
            .as_u64()
            .ok_or_else(|| broken("no step number"))?;
        let settings = run["settings"].as_str().unwrap_or_default().to_owned();
        let mut all = Weights::parse(&bytes, &name, |_| true)?;
        let names: Vec<String> = all.names().map(str::to_owned).collect();
        let mut checkpoint = Self {
            step,
            settings,
            ..Self::default()
        };
        for full in names {
            let shape = all.shape(&full).unwrap_or_default().to_vec();
            let values = all.take(&full, &shape)?;
            if let Some(weight) = full.strip_prefix(WEIGHT) {
                checkpoint
                    .weights
                    .insert(weight.to_owned(), NamedTensor { shape, values });
            } else if let Some(state) = full.strip_prefix(STATE) {
                checkpoint
                    .state
                    .insert(state.to_owned(), TensorData::new(values, shape));
            }
        }
        Ok(checkpoint)
    }
}

/// Writes named tensors as safetensors in f32 or f16.
///
/// # Errors
/// `DEPLOY.EXPORT_FORMAT` when the format refuses them.
pub fn serialize(
    tensors: &BTreeMap<String, NamedTensor>,
    dtype: Dtype,
    about: Option<HashMap<String, String>>,
) -> Result<Vec<u8>> {
    let packed: Vec<(&String, &NamedTensor, Vec<u8>)> = tensors
        .iter()
        .map(|(name, tensor)| (name, tensor, pack(&tensor.values, dtype)))
        .collect();
    let refused = |error: safetensors::SafeTensorError| {
        Error::new(ErrorCode::DeployExportFormat, error.to_string())
    };
    let views = packed
        .iter()
        .map(|(name, tensor, bytes)| {
            TensorView::new(dtype, tensor.shape.clone(), bytes).map(|view| ((*name).clone(), view))
        })
        .collect::<core::result::Result<Vec<_>, _>>()
        .map_err(refused)?;
    safetensors::serialize(views, about).map_err(refused)
}

fn pack(values: &[f32], dtype: Dtype) -> Vec<u8> {
    if dtype == Dtype::F16 {
        values
            .iter()
            .flat_map(|&value| f16::from_f32(value).to_le_bytes())
            .collect()
    } else {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }
}
