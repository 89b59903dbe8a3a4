//! A training run's checkpoint as a model directory.

use super::rollouts::{draw, follow};
use genolewm::action::{ALLELE_HEADS, ActionEncoder};
use genolewm::bundle::load_encoder;
use genolewm::files::Directory;
use genolewm::ops::CpuOps;
use genolewm::predictor::Predictor;
use genolewm::weights::{NamedTensor, Weights};
use genolewm_core::Result;
use genolewm_core::provenance::sha256_prefixed;
use genolewm_core::surprise::surprise_distance;
use genolewm_evaluate::rollout::follow::Networks;
use genolewm_report::output::read;
use genolewm_train::assemble::{ModelParts, assemble};
use genolewm_train::predictor::TrainedPredictor;
use safetensors::tensor::Dtype;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Layout of the report's part about a checkpoint.
const SCHEMA_VERSION: &str = "1.0.0";
/// What a run may say about itself, in its directory.
const RUN_FILE: &str = "training_run.json";
/// Windows at once.
const BATCH: usize = 32;

/// A checkpoint that was read.
#[derive(Debug)]
pub struct RunCheckpoint {
    path: PathBuf,
    /// What it holds.
    pub trained: TrainedPredictor,
    /// The encoder that it was trained with.
    pub encoder: PathBuf,
}

impl RunCheckpoint {
    /// Reads it. The encoder is that of the run's settings, unless it has been moved.
    ///
    /// # Errors
    /// As [`TrainedPredictor::read`].
    pub fn read(path: &Path, encoder: Option<&Path>) -> Result<Self> {
        let trained = TrainedPredictor::read(path)?;
        Ok(Self {
            path: path.to_owned(),
            encoder: encoder.map_or_else(|| trained.settings.encoder.clone(), Path::to_owned),
            trained,
        })
    }

    /// Writes a model directory in f32. Its calibration is a first one: surprises of synthetic edits
    /// in `windows`.
    ///
    /// # Errors
    /// `RESOURCE.*` when a file of the run is gone or the directory cannot be written.
    pub fn assemble(&self, directory: &Path, windows: &[Arc<str>], seed: u64) -> Result<()> {
        let settings = &self.trained.settings;
        let parts = ModelParts {
            name: &settings.model_name,
            version: &settings.model_version,
            config: &self.trained.config,
            encoder: &self.encoder,
            predictor: self.trained.predictor.clone(),
            action: self.trained.action.clone(),
            surprises: self.surprises(windows, seed)?,
            data: &settings.data.named_files(),
        };
        assemble(directory, parts, Dtype::F32)
    }

    fn surprises(&self, windows: &[Arc<str>], seed: u64) -> Result<Vec<(String, f64)>> {
        let (ops, config) = (CpuOps::new(), &self.trained.config);
        let named = |source: &str, tensors: &BTreeMap<String, NamedTensor>| {
            Weights::from_tensors(source, tensors.clone())
        };
        let predictor = named("predictor", &self.trained.predictor);
        let action = named("action encoder", &self.trained.action);
        let networks = Networks {
            encoder: &load_encoder(&ops, &Directory(self.encoder.clone()), config)?,
            predictor: &Predictor::load(&ops, predictor, config.predictor.n_heads)?,
            action: &ActionEncoder::load(&ops, action, ALLELE_HEADS, config.max_window_bp)?,
            ops: &ops,
        };
        let mut surprises = Vec::new();
        for cases in draw(windows, 1, seed).chunks(BATCH) {
            for (case, states) in cases.iter().zip(follow(&networks, cases)?) {
                let steps = states.predicted.iter().zip(&states.encoded);
                let distances = steps.map(|(to, encoded)| surprise_distance(to, encoded));
                surprises.extend(distances.map(|distance| (case.sequence.to_string(), distance)));
            }
        }
        Ok(surprises)
    }

    /// What the report says about it. The run's name and data are those of its training_run.json,
    /// where it has one.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when the checkpoint is gone.
    pub fn describe(&self) -> Result<Value> {
        let bytes = read(&self.path)?;
        let run = self.run_metadata();
        Ok(json!({
            "schema_version": SCHEMA_VERSION,
            "file": self.path.file_name().map(|name| name.to_string_lossy()),
            "sha256": sha256_prefixed(&bytes),
            "size_bytes": bytes.len(),
            "steps_completed": self.trained.step,
            "run_id": run["run_id"],
            "dataset_snapshot_id": run["dataset_snapshot_id"],
        }))
    }

    /// Beside the checkpoint, or one level up from a folder of checkpoints.
    fn run_metadata(&self) -> Value {
        let folders = self.path.ancestors().skip(1).take(2);
        let texts = folders.filter_map(|folder| std::fs::read(folder.join(RUN_FILE)).ok());
        let mut found = texts.filter_map(|text| serde_json::from_slice(&text).ok());
        found.next().unwrap_or(Value::Null)
    }
}
