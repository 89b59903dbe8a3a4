//! What is exported: the networks of a model directory that an edit passes through.

use genolewm::config::ModelConfig;
use genolewm::files::ModelFiles;
use genolewm::weights::Weights;
use genolewm_core::provenance::Manifest;
use genolewm_core::{Error, ErrorCode, Result};

/// Predictor and action encoder of a model, and what is said about them. The state encoder and the
/// calibration need not be there.
#[derive(Debug)]
pub struct SourceModel {
    /// The model's manifest.
    pub manifest: Manifest,
    /// Its hash.
    pub model_id: String,
    /// The training configuration.
    pub config: ModelConfig,
    /// Weights of the predictor.
    pub predictor: Weights,
    /// Weights of the action encoder.
    pub action: Weights,
}

impl SourceModel {
    /// Reads them; the hash of every file that is used is checked.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` for a missing file, `PROVENANCE.MANIFEST_HASH_MISMATCH` for a
    /// changed one, `CONFIG.*` and `DEPLOY.EXPORT_FORMAT` for contents that cannot be read.
    pub fn read(files: &dyn ModelFiles) -> Result<Self> {
        let manifest = Manifest::parse(&files.require("manifest.json")?)?;
        let checked = |name: &str, file: &str| -> Result<Vec<u8>> {
            let bytes = files.require(file)?;
            manifest.verify_artifact(name, &bytes)?;
            Ok(bytes)
        };
        let weights =
            |name: &str, file: &str| Weights::parse(&checked(name, file)?, file, |_| true);
        let config = checked("training", &manifest.training.config_file)?;
        let config = core::str::from_utf8(&config)
            .map_err(|_| Error::new(ErrorCode::ConfigGeneric, "the training config is not UTF-8"))
            .and_then(ModelConfig::parse)?;
        Ok(Self {
            model_id: manifest.model_id()?,
            config,
            predictor: weights("predictor", &manifest.predictor.file)?,
            action: weights("action_encoder", &manifest.action_encoder.file)?,
            manifest,
        })
    }
}
