//! A model directory: manifest, config, weights and calibration, every hash checked before
//! anything is used.

use crate::action::{ALLELE_HEADS, ActionEncoder};
use crate::config::ModelConfig;
use crate::encoder::{Llama, LlamaConfig, StateEncoder, StateSpec};
use crate::ops::Ops;
use crate::predictor::Predictor;
use crate::tokenizer::SixMerTokenizer;
use crate::weights::Weights;
use genolewm_shared::calibration::{CalibrationTable, read_calibration_table};
use genolewm_shared::provenance::{DtypeConfig, Manifest, PoolingConfig, Sha256Stream};
use genolewm_shared::window::TOKEN_BP;
use genolewm_shared::{Error, ErrorCode, Result};
use std::collections::BTreeSet;
use std::path::PathBuf;

const MANIFEST: &str = "manifest.json";
const EMBEDDING_TABLES: [&str; 2] = ["model.embed_tokens.weight", "lm_head.weight"];

/// Where the files of a directory come from: a disk, the program itself, a browser's map of bytes.
pub trait ModelFiles {
    /// The bytes of a file, or `None` when there is none of that name.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it is there and cannot be read.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>>;

    /// What the directory is called in errors.
    fn describe(&self) -> String;

    /// The bytes of a file that must be there.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` when it is not.
    fn require(&self, name: &str) -> Result<Vec<u8>> {
        self.read(name)?.ok_or_else(|| {
            Error::new(ErrorCode::ResourceModelNotFound, format!("{}: there is no {name}", self.describe()))
                .with_remedy("give a complete model directory with --model-dir, and its encoder with --encoder-dir")
        })
    }
}

/// A directory on a disk.
#[derive(Debug, Clone)]
pub struct Directory(pub PathBuf);

impl ModelFiles for Directory {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.0.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::new(
                ErrorCode::ResourceGeneric,
                format!("{}: {error}", path.display()),
            )),
        }
    }

    fn describe(&self) -> String {
        self.0.display().to_string()
    }
}

/// Files that are part of the program.
#[derive(Debug, Clone, Copy)]
pub struct Embedded {
    /// What they are called in errors.
    pub name: &'static str,
    /// Names and contents.
    pub files: &'static [(&'static str, &'static [u8])],
    /// What every name starts with: `encoder/` for the encoder of a model.
    pub prefix: &'static str,
}

impl ModelFiles for Embedded {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let found = self
            .files
            .iter()
            .find(|(full, _)| full.strip_prefix(self.prefix) == Some(name));
        Ok(found.map(|(_, bytes)| bytes.to_vec()))
    }

    fn describe(&self) -> String {
        self.name.to_owned()
    }
}

/// A loaded model.
#[derive(Debug)]
pub struct Bundle<M> {
    /// The manifest that was checked.
    pub manifest: Manifest,
    /// sha256 of the manifest.
    pub model_id: String,
    /// The training configuration.
    pub config: ModelConfig,
    /// Windows to states.
    pub encoder: StateEncoder<M>,
    /// Edits to actions.
    pub action: ActionEncoder<M>,
    /// States and actions to predictions.
    pub predictor: Predictor<M>,
    /// Distances to percentiles.
    pub calibration: CalibrationTable,
}

impl<M: Clone> Bundle<M> {
    /// Checks every hash of the manifest, then loads the model.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` for a missing file, `PROVENANCE.MANIFEST_HASH_MISMATCH` for a
    /// changed one, `CONFIG.*` and `DEPLOY.EXPORT_FORMAT` for contents that do not fit.
    pub fn load<O: Ops<Matrix = M>>(
        ops: &O,
        model: &dyn ModelFiles,
        encoder: &dyn ModelFiles,
    ) -> Result<Self> {
        let manifest = Manifest::parse(&model.require(MANIFEST)?)?;
        let mut files = Vec::new();
        for artifact in manifest.artifacts() {
            let bytes = model.require(artifact.file)?;
            artifact.verify(&bytes)?;
            files.push((artifact.file.to_owned(), bytes));
        }
        let file = |name: &str| -> Result<&[u8]> {
            files
                .iter()
                .find(|(file, _)| file == name)
                .map(|(_, bytes)| bytes.as_slice())
                .ok_or_else(|| {
                    Error::new(
                        ErrorCode::InternalInvariantViolation,
                        format!("{name} was not read"),
                    )
                })
        };
        let shards = read_encoder_shards(encoder, &manifest)?;
        let config = core::str::from_utf8(file(&manifest.training.config_file)?)
            .map_err(|_| Error::new(ErrorCode::ConfigGeneric, "the training config is not UTF-8"))
            .and_then(ModelConfig::parse)?;
        let action = Weights::parse(
            file(&manifest.action_encoder.file)?,
            &manifest.action_encoder.file,
            |_| true,
        )?;
        let predictor = Weights::parse(
            file(&manifest.predictor.file)?,
            &manifest.predictor.file,
            |_| true,
        )?;
        let bundle = Self {
            model_id: manifest.model_id()?,
            encoder: build_encoder(ops, encoder, &shards, &config)?,
            action: ActionEncoder::load(ops, action, ALLELE_HEADS, config.max_window_bp)?,
            predictor: Predictor::load(ops, predictor, config.predictor.n_heads)?,
            calibration: read_calibration_table(file(&manifest.calibration.file)?)?,
            config,
            manifest,
        };
        bundle.check_widths()
    }

    /// How a state is pooled, as receipts and commitments note it.
    #[must_use]
    pub fn pooling(&self) -> PoolingConfig {
        PoolingConfig {
            state_layer: self.encoder.layer() as u32,
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

    fn check_widths(self) -> Result<Self> {
        let pairs = [
            (
                "state",
                self.encoder.d_state(),
                self.predictor.sizes().d_state,
            ),
            (
                "action",
                self.action.d_action(),
                self.predictor.sizes().d_action,
            ),
        ];
        for (what, made, wanted) in pairs {
            if made != wanted {
                return Err(Error::new(
                    ErrorCode::DeployExportFormat,
                    format!("the predictor takes a {what} of {wanted}, but gets one of {made}"),
                )
                .with_remedy("encoder, action encoder and predictor must come from one model"));
            }
        }
        Ok(self)
    }
}

/// The weight files of an encoder directory, in name order.
fn read_shards(files: &dyn ModelFiles) -> Result<Vec<(String, Vec<u8>)>> {
    let names = match files.read("model.safetensors.index.json")? {
        Some(index) => shard_names(&index)?,
        None => vec!["model.safetensors".to_owned()],
    };
    names
        .into_iter()
        .map(|name| files.require(&name).map(|bytes| (name, bytes)))
        .collect()
}

/// As [`read_shards`], checked against the manifest.
fn read_encoder_shards(
    files: &dyn ModelFiles,
    manifest: &Manifest,
) -> Result<Vec<(String, Vec<u8>)>> {
    let shards = read_shards(files)?;
    let mut hash = Sha256Stream::default();
    shards.iter().for_each(|(_, bytes)| hash.update(bytes));
    let actual = hash.finish();
    if actual != manifest.encoder.hash {
        return Err(Error::new(
            ErrorCode::ProvenanceManifestHashMismatch,
            "the encoder's weights are not those of the manifest",
        )
        .with_detail("artifact", "encoder")
        .with_detail("expected", &manifest.encoder.hash)
        .with_detail("actual", actual)
        .with_remedy("fetch the encoder again, at the revision that the manifest names"));
    }
    Ok(shards)
}

fn shard_names(index: &[u8]) -> Result<Vec<String>> {
    let broken = || {
        Error::new(
            ErrorCode::DeployExportFormat,
            "model.safetensors.index.json names no files",
        )
    };
    let index: serde_json::Value = serde_json::from_slice(index).map_err(|_| broken())?;
    let map = index
        .get("weight_map")
        .and_then(|map| map.as_object())
        .ok_or_else(broken)?;
    let mut names: Vec<String> = map
        .values()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    if names
        .iter()
        .any(|name| name.contains(['/', '\\']) || name.starts_with('.'))
    {
        return Err(Error::new(
            ErrorCode::DeployExportFormat,
            "a shard lies outside the encoder directory",
        ));
    }
    Ok(names)
}

/// Loads the encoder of a directory as `config` describes its states, whatever its hash.
///
/// # Errors
/// `RESOURCE.MODEL_NOT_FOUND` for a missing file, `CONFIG.*` and `DEPLOY.EXPORT_FORMAT` for
/// contents that do not fit.
pub fn load_encoder<O: Ops>(
    ops: &O,
    files: &dyn ModelFiles,
    config: &ModelConfig,
) -> Result<StateEncoder<O::Matrix>> {
    build_encoder(ops, files, &read_shards(files)?, config)
}

fn build_encoder<O: Ops>(
    ops: &O,
    files: &dyn ModelFiles,
    shards: &[(String, Vec<u8>)],
    config: &ModelConfig,
) -> Result<StateEncoder<O::Matrix>> {
    let llama_config = LlamaConfig::parse(&files.require("config.json")?)?;
    let tokenizer = SixMerTokenizer::from_files(|name| files.read(name).ok().flatten())?;
    let vocabulary = vocabulary(&tokenizer, llama_config.vocab_size);
    let mut weights = Weights::default();
    for (name, bytes) in shards {
        weights.merge(Weights::parse_rows(
            bytes,
            name,
            &EMBEDDING_TABLES,
            &vocabulary,
        )?)?;
    }
    let rows = config.window_bp.div_ceil(TOKEN_BP) + 2;
    let llama = Llama::load(ops, llama_config, weights, &vocabulary, rows)?;
    StateEncoder::new(
        llama,
        tokenizer,
        StateSpec {
            state_layer: config.encoder.state_layer,
            pool_type: config.encoder.pool_type,
            pool_radius_tokens: config.encoder.pool_radius,
            normalize: config.encoder.normalize,
        },
    )
}

/// The token ids whose embeddings are loaded: what DNA needs and, where the table is little larger
/// than that, the rest too, so that likelihoods are over the whole vocabulary.
fn vocabulary(tokenizer: &SixMerTokenizer, vocab_size: usize) -> Vec<u32> {
    let mut ids = tokenizer.dense_rows();
    if vocab_size <= 2 * ids.len() {
        let known: BTreeSet<u32> = ids.iter().copied().collect();
        ids.extend((0..vocab_size as u32).filter(|id| !known.contains(id)));
    }
    ids
}
