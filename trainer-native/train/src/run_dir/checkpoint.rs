//! Checkpoints: weights, optimiser state, and what run they belong to, in one safetensors file.

use crate::files::{internal, read};
use crate::serialize::{Tensors, serialize};
use burn::tensor::TensorData;
use genolewm::weights::{NamedTensor, Weights};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::write_atomically;
use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

const WEIGHT: &str = "weight:";
const STATE: &str = "state:";
/// The metadata entry that says what run this is.
const RUN: &str = "run";
const SCHEMA_VERSION: &str = "1.0.0";

/// What run a checkpoint belongs to, and how far it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunIdentity {
    /// The run's name: what was trained, and a hash of settings and data.
    pub run_id: String,
    /// What is trained: `encoder`, `ranking`, `predictor` or `joint`.
    pub stage: String,
    /// The network's sizes as JSON.
    pub architecture: String,
    /// The run's settings as JSON: a resumed run must have the same.
    pub settings: String,
    /// Hash of the data's hashes, as in `dataset_manifest.json`.
    pub dataset_snapshot_id: String,
}

/// Everything that a run needs to go on.
#[derive(Debug, Default)]
pub struct Checkpoint {
    /// The run.
    pub identity: RunIdentity,
    /// Steps that are done.
    pub step: u64,
    /// Weights by their names in the weight file.
    pub weights: Tensors,
    /// Optimiser state.
    pub state: BTreeMap<String, TensorData>,
}

/// The metadata entry.
#[derive(Serialize, Deserialize)]
struct CheckpointHeader {
    schema_version: String,
    step: u64,
    /// CRC-32C over all tensors: safetensors has none, and a torn file may have its full length.
    crc32c: u32,
    #[serde(flatten)]
    identity: RunIdentity,
}

impl Checkpoint {
    /// Writes the checkpoint; an old file of that name stays until the new one is complete.
    ///
    /// # Errors
    /// `RESOURCE.*` when it cannot be written.
    pub fn save(self, path: &Path) -> Result<()> {
        let mut tensors: Tensors = self
            .weights
            .into_iter()
            .map(|(name, tensor)| (format!("{WEIGHT}{name}"), tensor))
            .collect();
        for (name, data) in self.state {
            let shape = data.shape().to_vec();
            let values = crate::step::host(data);
            tensors.insert(format!("{STATE}{name}"), NamedTensor { shape, values });
        }
        let header = CheckpointHeader {
            schema_version: SCHEMA_VERSION.to_owned(),
            step: self.step,
            crc32c: checksum(&tensors),
            identity: self.identity,
        };
        let header = serde_json::to_string(&header).map_err(|error| internal(&error))?;
        // One entry: the header keeps several in no fixed order, and equal runs give equal bytes.
        let about = HashMap::from([(RUN.to_owned(), header)]);
        write_atomically(path, &serialize(&tensors, Dtype::F32, Some(about))?)
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when the file cannot be read; `DEPLOY.EXPORT_FORMAT` when it is no
    /// checkpoint, or not whole.
    pub fn load(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let bytes = read(path)?;
        let broken =
            |what: &str| Error::new(ErrorCode::DeployExportFormat, format!("{name}: {what}"));
        let about = Weights::about(&bytes, &name)?;
        let header: CheckpointHeader = about
            .get(RUN)
            .and_then(|header| serde_json::from_str(header).ok())
            .ok_or_else(|| broken("not a checkpoint"))?;
        let tensors = Weights::parse(&bytes, &name, |_| true)?.into_tensors();
        if checksum(&tensors) != header.crc32c {
            return Err(broken("the tensors do not have the checksum that is noted"));
        }
        let mut checkpoint = Self {
            identity: header.identity,
            step: header.step,
            ..Self::default()
        };
        for (full, tensor) in tensors {
            if let Some(weight) = full.strip_prefix(WEIGHT) {
                checkpoint.weights.insert(weight.to_owned(), tensor);
            } else if let Some(state) = full.strip_prefix(STATE) {
                let data = TensorData::new(tensor.values, tensor.shape);
                checkpoint.state.insert(state.to_owned(), data);
            }
        }
        Ok(checkpoint)
    }
}

/// CRC-32C over names and values, in the order of the names.
fn checksum(tensors: &Tensors) -> u32 {
    let mut crc = 0;
    let mut block = Vec::new();
    for (name, tensor) in tensors {
        crc = crc32c::crc32c_append(crc, name.as_bytes());
        for values in tensor.values.chunks(4_096) {
            block.clear();
            block.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            crc = crc32c::crc32c_append(crc, &block);
        }
    }
    crc
}
