//! How states were made, as the keys of cached ones say, and whether a model makes such.

use crate::states::MeasuredModel;
use genolewm::config::EncoderSection;
use genolewm::encoder::resolve_layer;
use genolewm::ops::Ops;
use genolewm_core::pooling::PoolType;
use genolewm_core::state_contract::{STATE_CONTRACT_KEY, StateContract};
use serde::{Deserialize, Serialize};

/// How a state was made: alike in all states of an example.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Made {
    pub(super) encoder_hash: String,
    state_layer: i8,
    pool_type: String,
    pool_radius: u32,
    dtype: String,
}

impl Made {
    /// Of an encoder that is known by a hash.
    pub(super) fn of(encoder: &EncoderSection, encoder_hash: &str) -> Self {
        Self {
            encoder_hash: encoder_hash.to_owned(),
            state_layer: i8::try_from(encoder.state_layer).unwrap_or(i8::MIN),
            pool_type: encoder.pool_type.as_str().to_owned(),
            pool_radius: match encoder.pool_type {
                PoolType::CenteredMean => u32::try_from(encoder.pool_radius).unwrap_or(u32::MAX),
                _ => 0,
            },
            dtype: encoder.dtype.clone(),
        }
    }
}

/// The states that a model makes of windows.
#[derive(Clone, Copy)]
pub(super) struct ModelStates<'a> {
    pub(super) encoder: &'a EncoderSection,
    pub(super) layers: usize,
    pub(super) width: usize,
    pub(super) window_bp: usize,
    /// By what they are cached here, in hexadecimal digits.
    pub(super) encoder_hash: &'a str,
}

impl<'a> ModelStates<'a> {
    pub(super) fn of(model: &'a MeasuredModel<impl Ops>, encoder_hash: &'a str) -> Self {
        let config = &model.bundle.info.config;
        Self {
            encoder: &config.encoder,
            layers: model.bundle.encoder.llama.config.layers,
            width: model.bundle.encoder.d_state(),
            window_bp: config.window_bp,
            encoder_hash,
        }
    }

    /// In what other states differ from them, if in anything: its name, theirs and the model's. The format
    /// in which an encoder computes makes no other state. A hash of more than the weights is no such
    /// thing: the Python package's covers its own source, and is not known.
    pub(super) fn other(
        self,
        contract: StateContract,
        width: usize,
        made: &Made,
    ) -> Option<[String; 3]> {
        let own = Made::of(self.encoder, self.encoder_hash);
        let layer = |made: &Made| {
            let from_start = resolve_layer(made.state_layer.into(), self.layers);
            from_start.map_or_else(|_| made.state_layer.to_string(), |layer| layer.to_string())
        };
        let hash = |made: &Made| match contract {
            StateContract::LegacyRawV1 => made.encoder_hash.clone(),
            _ => String::new(),
        };
        let parts = |contract: StateContract, width: usize, made: &Made| {
            [
                (STATE_CONTRACT_KEY, contract.to_string()),
                ("width", width.to_string()),
                ("state_layer", layer(made)),
                ("pool_type", made.pool_type.clone()),
                ("pool_radius", made.pool_radius.to_string()),
                ("encoder_hash", hash(made)),
            ]
        };
        let found = parts(contract, width, made);
        let wanted = parts(self.encoder.contract, self.width, &own);
        let mut both = found.into_iter().zip(wanted);
        both.find(|(found, wanted)| found != wanted)
            .map(|((part, found), (_, wanted))| [part.to_owned(), found, wanted])
    }
}
