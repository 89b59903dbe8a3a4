//! What a model directory says of itself, without its network: all that turns distances into
//! scores and receipts.

use crate::config::ModelConfig;
use crate::encoder::{LlamaConfig, resolve_layer};
use crate::files::ModelFiles;
use crate::opened::OpenModel;
use genolewm_core::calibration::{CalibrationTable, read_calibration_table};
use genolewm_core::provenance::{
    DtypeConfig, Json, Manifest, PoolingConfig, RuntimeFiles, SELF_CHECK_FILE, WindowsConfig,
};
use genolewm_core::state_contract::STATE_CONTRACT_KEY;
use genolewm_core::{Error, ErrorCode, Result};

/// Manifest, configuration and calibration of a model.
#[derive(Debug)]
pub struct ModelInfo {
    /// The manifest that was checked.
    pub manifest: Manifest,
    /// sha256 of the manifest.
    pub model_id: String,
    /// The files that decide scores and that the manifest has no place for.
    pub files: RuntimeFiles,
    /// What `self_check.json` holds, if it is there.
    pub self_check: Option<Vec<u8>>,
    /// The training configuration.
    pub config: ModelConfig,
    /// Distances to percentiles.
    pub calibration: CalibrationTable,
    /// The windows that the table's surprises are of, the model's own where it does not say; `None`
    /// where it says that they are of other states than the model's.
    pub calibrated_for: Option<WindowsConfig>,
    /// The encoder's layer whose rows are pooled, counted from the embedding.
    pub state_layer: usize,
}

impl ModelInfo {
    /// Reads them from a directory; every hash but those of weights is checked.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` for a missing file, `PROVENANCE.MANIFEST_HASH_MISMATCH` for a
    /// changed one, `CONFIG.*` for contents that do not fit.
    pub fn load(model: &dyn ModelFiles, encoder: &dyn ModelFiles) -> Result<Self> {
        Self::of(&OpenModel::open(model, encoder)?)
    }

    /// Reads them from a model that was opened.
    ///
    /// # Errors
    /// As [`ModelInfo::load`].
    pub fn of(opened: &OpenModel<'_>) -> Result<Self> {
        let manifest = opened.manifest();
        let config = opened.artifact("training")?;
        let config = core::str::from_utf8(&config)
            .map_err(|_| Error::new(ErrorCode::ConfigGeneric, "the training config is not UTF-8"))
            .and_then(ModelConfig::parse)?;
        let calibration = read_calibration_table(&opened.artifact("calibration")?)?;
        let encoder = opened.document("encoder/config.json");
        let layers = LlamaConfig::parse(encoder.ok_or_else(no_config)?)?.layers;
        let mut info = Self {
            model_id: manifest.model_id()?,
            state_layer: resolve_layer(config.encoder.state_layer, layers)?,
            files: opened.runtime_files(),
            self_check: opened.document(SELF_CHECK_FILE).map(<[u8]>::to_vec),
            manifest: manifest.clone(),
            config,
            calibration,
            calibrated_for: None,
        };
        info.calibrated_for = info.read_calibrated_for()?;
        Ok(info)
    }

    fn read_calibrated_for(&self) -> Result<Option<WindowsConfig>> {
        let Some(said) = self.calibration.made_for() else {
            return Ok(Some(WindowsConfig {
                views: self.config.views,
                aggregation: self.config.aggregation.as_str().to_owned(),
                window_stride_bp: self.config.window_stride_bp.map(|bp| bp as u64),
            }));
        };
        let said = Json::parse(said.as_bytes(), "the calibration table")?;
        let windows = WindowsConfig::of_pooling(Some(&said))?;
        Ok((said == self.made_for(windows.clone())).then_some(windows))
    }

    /// What a calibration table says of the states that its surprises are of: the model's, in these
    /// windows.
    #[must_use]
    pub fn made_for(&self, windows: WindowsConfig) -> Json {
        let pooling = self.pooling(windows).to_json();
        let contract = self.config.encoder.contract.as_str();
        let of_model = [
            (STATE_CONTRACT_KEY.to_owned(), contract.into()),
            (
                "window_bp".to_owned(),
                (self.config.window_bp as u64).into(),
            ),
        ];
        let pooling = pooling.as_object().cloned().unwrap_or_default();
        Json::Object(pooling.into_iter().chain(of_model).collect())
    }

    /// One hash over the manifest and the files that it has no place for.
    ///
    /// # Errors
    /// As [`RuntimeFiles::commitment`].
    pub fn files_id(&self) -> Result<String> {
        self.files.commitment(&self.model_id)
    }

    /// How a state of these windows is pooled, as receipts and commitments note it.
    #[must_use]
    pub fn pooling(&self, windows: WindowsConfig) -> PoolingConfig {
        PoolingConfig {
            state_layer: self.state_layer as u32,
            pool_type: self.config.encoder.pool_type.as_str().to_owned(),
            pool_radius: self.config.encoder.pool_radius as u32,
            normalize: self.config.encoder.normalize,
            windows,
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

/// An encoder without its configuration.
pub(crate) fn no_config() -> Error {
    Error::new(
        ErrorCode::ResourceModelNotFound,
        "the encoder has no config.json",
    )
    .with_remedy("give a complete encoder directory with --encoder-dir")
}
