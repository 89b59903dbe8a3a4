//! What the sections of a config say.

use super::schema::{SCHEMA_1_0, generic};
use genolewm_core::Result;
use genolewm_core::pooling::PoolType;
use genolewm_core::state_contract::{STATE_CONTRACT_KEY, StateContract};

/// `encoder:` of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderSection {
    /// Path or Hub name of the encoder.
    pub model_id: String,
    /// Its revision.
    pub revision: String,
    /// Index into the encoder's hidden states: 0 is the embedding, the last is after the final
    /// norm; negative counts from the end.
    pub state_layer: i64,
    /// How token rows become one state.
    pub pool_type: PoolType,
    /// Token rows on each side of the locus' own.
    pub pool_radius: usize,
    /// What the config says of scaling states to length 1, and commitments repeat. What is done is
    /// [`contract`](Self::contract)'s.
    pub normalize: bool,
    /// The rule by which rows become a state.
    pub contract: StateContract,
    /// Number format of the encoder, as commitments name it.
    pub dtype: String,
}

/// `predictor:` of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredictorSection {
    /// Attention heads.
    pub n_heads: usize,
    /// Width of a state, when the config names it.
    pub d_state: Option<usize>,
    /// Width of an action, when the config names it.
    pub d_action: Option<usize>,
    /// Number format of the predictor, as commitments name it.
    pub dtype: String,
}

/// `action:` of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionSection {
    /// Width of an action, when the config names it.
    pub d_action: Option<usize>,
}

impl EncoderSection {
    /// Refuses what a contract does not go with.
    pub(super) fn check_contract(&self, schema: &str) -> Result<()> {
        let contract = self.contract;
        let refused = |message: String, remedy: &str| {
            Err(generic(&message)
                .with_detail(STATE_CONTRACT_KEY, contract)
                .with_remedy(remedy))
        };
        if schema == SCHEMA_1_0 && contract == StateContract::L2NormalizedV2 {
            return refused(
                format!("a config of schema version {SCHEMA_1_0} cannot have {contract} states"),
                "a model is scored by the rule that it was trained with: for one that was trained with \
                 this contract, give schema_version 1.1.0",
            );
        }
        if contract.normalizes() && !self.normalize {
            return refused(
                format!("encoder.normalize is false, and states of {contract} are normalised"),
                "leave encoder.normalize out, or name the contract that the model was trained with",
            );
        }
        if contract.counts_tags() && self.pool_type == PoolType::GlobalMean && self.pool_radius != 0
        {
            return refused(
                format!(
                    "encoder.pool_radius is {}, and a global mean has none",
                    self.pool_radius
                ),
                "give pool_radius 0, or pool_type centered_mean",
            );
        }
        Ok(())
    }
}
