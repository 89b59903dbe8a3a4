//! A model directory loaded: every hash is checked before anything is used.

use crate::action::{ALLELE_HEADS, ActionEncoder};
use crate::config::ModelConfig;
use crate::encoder::{Llama, LlamaConfig, StateEncoder, StateSpec};
use crate::files::ModelFiles;
use crate::info::ModelInfo;
use crate::ops::Ops;
use crate::predictor::Predictor;
use crate::tokenizer::SixMerTokenizer;
use crate::weights::Weights;
use genolewm_core::provenance::{Manifest, Sha256Stream};
use genolewm_core::window::TOKEN_BP;
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::BTreeSet;

const EMBEDDING_TABLES: [&str; 2] = ["model.embed_tokens.weight", "lm_head.weight"];

/// A loaded model.
#[derive(Debug)]
pub struct Bundle<M> {
    /// Manifest, configuration and calibration.
    pub info: ModelInfo,
    /// Windows to states.
    pub encoder: StateEncoder<M>,
    /// Edits to actions.
    pub action: ActionEncoder<M>,
    /// States and actions to predictions.
    pub predictor: Predictor<M>,
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
        let info = ModelInfo::load(model, encoder)?;
        let mut files = Vec::new();
        for artifact in info.manifest.artifacts() {
            let bytes = model.require(artifact.file)?;
            artifact.verify(&bytes)?;
            files.push((artifact.file.to_owned(), bytes));
        }
        let weights = |name: &str| -> Result<Weights> {
            let found = files.iter().find(|(file, _)| file == name);
            let (_, bytes) =
                found.ok_or_else(|| Error::invariant(format!("{name} was not read")))?;
            Weights::parse(bytes, name, |_| true)
        };
        let shards = read_encoder_shards(encoder, &info.manifest)?;
        let config = &info.config;
        let action = weights(&info.manifest.action_encoder.file)?;
        let predictor = weights(&info.manifest.predictor.file)?;
        let bundle = Self {
            encoder: build_encoder(ops, encoder, &shards, config)?,
            action: ActionEncoder::load(ops, action, ALLELE_HEADS, config.max_window_bp)?,
            predictor: Predictor::load(ops, predictor, config.predictor.n_heads)?,
            info,
        };
        bundle.check_widths()
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

/// The weight files of an encoder directory, in name order: names and bytes.
///
/// # Errors
/// `RESOURCE.MODEL_NOT_FOUND` for a missing file; `DEPLOY.EXPORT_FORMAT` for an index that names
/// none, or one outside the directory.
pub fn read_shards(files: &dyn ModelFiles) -> Result<Vec<(String, Vec<u8>)>> {
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

/// Loads the encoder of a directory as a language model for windows of `window_bp`, whatever its
/// hash, and its tokenizer.
///
/// # Errors
/// As [`load_encoder`].
pub fn load_language_model<O: Ops>(
    ops: &O,
    files: &dyn ModelFiles,
    window_bp: usize,
) -> Result<(Llama<O::Matrix>, SixMerTokenizer)> {
    build_language_model(ops, files, &read_shards(files)?, window_bp)
}

fn build_language_model<O: Ops>(
    ops: &O,
    files: &dyn ModelFiles,
    shards: &[(String, Vec<u8>)],
    window_bp: usize,
) -> Result<(Llama<O::Matrix>, SixMerTokenizer)> {
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
    let rows = window_bp.div_ceil(TOKEN_BP) + 2;
    let llama = Llama::load(ops, llama_config, weights, &vocabulary, rows)?;
    Ok((llama, tokenizer))
}

fn build_encoder<O: Ops>(
    ops: &O,
    files: &dyn ModelFiles,
    shards: &[(String, Vec<u8>)],
    config: &ModelConfig,
) -> Result<StateEncoder<O::Matrix>> {
    let (llama, tokenizer) = build_language_model(ops, files, shards, config.window_bp)?;
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
