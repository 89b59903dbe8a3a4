//! A model directory loaded: every hash is checked before anything is used.

use crate::action::{ALLELE_HEADS, ActionEncoder};
use crate::config::ModelConfig;
use crate::encoder::{Llama, LlamaConfig, StateEncoder, StateSpec};
use crate::files::ModelFiles;
use crate::info::{ModelInfo, no_config};
use crate::opened::{EncoderDocuments, OpenModel, read_documents, read_shards};
use crate::ops::Ops;
use crate::predictor::Predictor;
use crate::tokenizer::SixMerTokenizer;
use crate::weights::Weights;
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
        let opened = OpenModel::open(model, encoder)?;
        let info = ModelInfo::of(&opened)?;
        // Nothing reads it, and it is what the manifest vouches for.
        opened.artifact("eval")?;
        let weights = |name: &str, file: &str| -> Result<Weights> {
            Weights::parse(&opened.artifact(name)?, file, |_| true)
        };
        let config = &info.config;
        let action = weights("action_encoder", &info.manifest.action_encoder.file)?;
        let predictor = weights("predictor", &info.manifest.predictor.file)?;
        let (documents, shards) = (opened.encoder_documents(), opened.encoder_shards()?);
        let exact = ops.exact();
        let bundle = Self {
            encoder: build_encoder(ops, &documents, &shards, config)?,
            action: ActionEncoder::load(&exact, action, ALLELE_HEADS, config.max_window_bp)?,
            predictor: Predictor::load(&exact, predictor, config.predictor.n_heads)?,
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
    build_encoder(ops, &read_documents(files)?, &read_shards(files)?, config)
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
    build_language_model(
        ops,
        &read_documents(files)?,
        &read_shards(files)?,
        window_bp,
    )
}

fn build_language_model<O: Ops>(
    ops: &O,
    documents: &EncoderDocuments,
    shards: &[(String, Vec<u8>)],
    window_bp: usize,
) -> Result<(Llama<O::Matrix>, SixMerTokenizer)> {
    let read = |name: &str| documents.get(name).map(Vec::as_slice);
    let llama_config = LlamaConfig::parse(read("config.json").ok_or_else(no_config)?)?;
    let tokenizer = SixMerTokenizer::from_files(|name| read(name).map(<[u8]>::to_vec))?;
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
    documents: &EncoderDocuments,
    shards: &[(String, Vec<u8>)],
    config: &ModelConfig,
) -> Result<StateEncoder<O::Matrix>> {
    let (llama, tokenizer) = build_language_model(ops, documents, shards, config.window_bp)?;
    StateEncoder::new(
        llama,
        tokenizer,
        StateSpec {
            state_layer: config.encoder.state_layer,
            pool_type: config.encoder.pool_type,
            pool_radius_tokens: config.encoder.pool_radius,
            contract: config.encoder.contract,
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
