//! The networks of a predictor's checkpoint, for those who export them and not the run.

use super::PredictorSettings;
use crate::networks::split;
use crate::run_dir::Checkpoint;
use crate::serialize::Tensors;
use genolewm::config::ModelConfig;
use genolewm_core::{Error, ErrorCode, Result};
use std::path::Path;

/// PredictorNetworks of a run as their weight files hold them, in f32.
#[derive(Debug, Clone)]
pub struct TrainedPredictor {
    /// The run's settings, without those that make no difference to the model.
    pub settings: PredictorSettings,
    /// The configuration of the model.
    pub config: ModelConfig,
    /// Steps that were done.
    pub step: u64,
    /// Weights of the predictor.
    pub predictor: Tensors,
    /// Weights of the action encoder.
    pub action: Tensors,
}

impl TrainedPredictor {
    /// Reads a checkpoint.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be read; `DEPLOY.EXPORT_FORMAT` when it is not one, or
    /// one of another training.
    pub fn read(path: &Path) -> Result<Self> {
        let checkpoint = Checkpoint::load(path)?;
        let settings: PredictorSettings = serde_json::from_str(&checkpoint.identity.settings)
            .map_err(|error| foreign(path, &error.to_string()))?;
        let (predictor, action) = split(checkpoint.weights);
        if predictor.is_empty() || action.is_empty() {
            return Err(foreign(path, "one of the networks is missing"));
        }
        Ok(Self {
            config: settings.config(),
            settings,
            step: checkpoint.step,
            predictor,
            action,
        })
    }
}

fn foreign(path: &Path, why: &str) -> Error {
    Error::new(
        ErrorCode::DeployExportFormat,
        format!(
            "{}: not a checkpoint of `train predictor`: {why}",
            path.display()
        ),
    )
    .with_remedy("give the checkpoint of a predictor's run; encoders are exported with a model")
}
