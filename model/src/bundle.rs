//! A loaded model, and encoders that belong to none.

use crate::action::ActionEncoder;
use crate::config::ModelConfig;
use crate::encoder::{Llama, LlamaBuilder, LlamaConfig, StateEncoder, StateSpec};
use crate::files::ModelFiles;
use crate::info::{ModelInfo, no_config};
use crate::opened::{EncoderDocuments, read_documents, shards_of};
use crate::ops::Ops;
use crate::predictor::Predictor;
use crate::tokenizer::SixMerTokenizer;
use crate::weights::TensorReader;
use genolewm_core::window::TOKEN_BP;
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::BTreeSet;

/// What the files of an encoder are called together in errors.
pub(crate) const ENCODER_FILES: &str = "the encoder's weights";

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
    pub(crate) fn check_widths(self) -> Result<Self> {
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
    let (llama, tokenizer) = load_language_model(ops, files, config.window_bp)?;
    state_encoder(llama, tokenizer, config)
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
    let (mut llama, tokenizer) = language_builder(&read_documents(files)?, window_bp)?;
    for name in shards_of(files)? {
        let size = files.size(&name)?.ok_or_else(|| files.missing(&name))?;
        let mut reader = TensorReader::new(&name, size, llama.tables());
        files.pieces(&name, &mut |piece| {
            reader.push(piece, &mut |tensor, it| llama.add(ops, &name, tensor, &it))
        })?;
        reader.finish()?;
    }
    Ok((llama.build(ENCODER_FILES)?, tokenizer))
}

pub(crate) fn language_builder<M: Clone>(
    documents: &EncoderDocuments,
    window_bp: usize,
) -> Result<(LlamaBuilder<M>, SixMerTokenizer)> {
    let read = |name: &str| documents.get(name).map(Vec::as_slice);
    let llama_config = LlamaConfig::parse(read("config.json").ok_or_else(no_config)?)?;
    let tokenizer = SixMerTokenizer::from_files(|name| read(name).map(<[u8]>::to_vec))?;
    let vocabulary = vocabulary(&tokenizer, llama_config.vocab_size);
    let rows = window_bp.div_ceil(TOKEN_BP) + 2;
    Ok((
        LlamaBuilder::new(llama_config, vocabulary, rows)?,
        tokenizer,
    ))
}

pub(crate) fn state_encoder<M: Clone>(
    llama: Llama<M>,
    tokenizer: SixMerTokenizer,
    config: &ModelConfig,
) -> Result<StateEncoder<M>> {
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
