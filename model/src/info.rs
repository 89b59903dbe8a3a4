//! What a model directory says of itself, without its network: all that turns distances into
//! scores and receipts.

use crate::config::ModelConfig;
use crate::encoder::{LlamaConfig, resolve_layer};
use crate::files::ModelFiles;
use genolewm_core::calibration::{CalibrationTable, read_calibration_table};
use genolewm_core::provenance::{DtypeConfig, Manifest, PoolingConfig};
use genolewm_core::{Error, ErrorCode, Result};

const MANIFEST: &str = "manifest.json";

/// Manifest, configuration and calibration of a model.
#[derive(Debug)]
pub struct ModelInfo {
    /// The manifest that was checked.
    pub manifest: Manifest,
    /// sha256 of the manifest.
    pub model_id: String,
    /// The training configuration.
    pub config: ModelConfig,
    /// Distances to percentiles.
    pub calibration: CalibrationTable,
    /// The encoder's layer whose rows are pooled, counted from the embedding.
    pub state_layer: usize,
}

impl ModelInfo {
    /// Reads them; the hashes of config and calibration are checked.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` for a missing file, `PROVENANCE.MANIFEST_HASH_MISMATCH` for a
    /// changed one, `CONFIG.*` for contents that do not fit.
    pub fn load(model: &dyn ModelFiles, encoder: &dyn ModelFiles) -> Result<Self> {
        let manifest = Manifest::parse(&model.require(MANIFEST)?)?;
        let checked = |name: &str, file: &str| -> Result<Vec<u8>> {
            let bytes = model.require(file)?;
            manifest.verify_artifact(name, &bytes)?;
            Ok(bytes)
        };
        let config = checked("training", &manifest.training.config_file)?;
        let config = core::str::from_utf8(&config)
            .map_err(|_| Error::new(ErrorCode::ConfigGeneric, "the training config is not UTF-8"))
            .and_then(ModelConfig::parse)?;
        let calibration =
            read_calibration_table(&checked("calibration", &manifest.calibration.file)?)?;
        let layers = LlamaConfig::parse(&encoder.require("config.json")?)?.layers;
        Ok(Self {
            model_id: manifest.model_id()?,
            state_layer: resolve_layer(config.encoder.state_layer, layers)?,
            manifest,
            config,
            calibration,
        })
    }

    /// How a state is pooled, as receipts and commitments note it.
    #[must_use]
    pub fn pooling(&self) -> PoolingConfig {
        PoolingConfig {
            state_layer: self.state_layer as u32,
            pool_type: self.config.encoder.pool_type.as_str().to_owned(),
            pool_radius: self.config.encoder.pool_radius as u32,
            normalize: self.config.encoder.normalize,
        }
    }

    /// The precisions that receipts and commitments note.
    #[must_use]
    pub fn dtypes(&self) -> DtypeConfig {
        DtypeConfig {
            encoder_dtype: self.config.encoder.dtype.clone(),
            predictor_dtype: self.config.predictor.dtype.clone(),
        }
    }
}
