//! The two networks that are trained together.

use super::Settings;
use burn::tensor::Tensor;
use genolewm::action::{ALLELE_HEADS, ActionEncoder};
use genolewm::ops::BurnOps;
use genolewm::parameters::{Parameters, Visitor};
use genolewm::predictor::init::{ActionSizes, Initializer};
use genolewm::predictor::{Predictor, PredictorSizes};
use genolewm::weights::{NamedTensor, Weights};
use genolewm_core::Result;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;

/// Tensors by name.
pub(super) type Tensors = BTreeMap<String, NamedTensor>;

/// Predictor and action encoder.
pub(super) struct Networks {
    pub(super) predictor: Predictor<Tensor<2>>,
    pub(super) action: ActionEncoder<Tensor<2>>,
}

impl Networks {
    /// Networks of the weights of predictor and action encoder.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when tensors are missing, surplus or misshapen.
    pub(super) fn load(
        ops: &BurnOps,
        settings: &Settings,
        (predictor, action): (Tensors, Tensors),
    ) -> Result<Self> {
        let predictor = Weights::from_tensors("predictor", predictor);
        let action = Weights::from_tensors("action encoder", action);
        Ok(Self {
            predictor: Predictor::load(ops, predictor, settings.n_heads)?,
            action: ActionEncoder::load(ops, action, ALLELE_HEADS, settings.window_bp)?,
        })
    }
}

/// What the names of its parameters start with.
pub(super) const PREDICTOR: &str = "predictor";
/// What the names of its parameters start with.
pub(super) const ACTION: &str = "action";

impl Parameters<Tensor<2>> for Networks {
    fn visit(&mut self, _: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        self.predictor.visit(PREDICTOR, visit);
        self.action.visit(ACTION, visit);
    }
}

/// Parts tensors by the network that they belong to: predictor, then action encoder.
pub(super) fn split(tensors: Tensors) -> (Tensors, Tensors) {
    let (mut predictor, mut action) = (BTreeMap::new(), BTreeMap::new());
    for (name, tensor) in tensors {
        match name.split_once('.') {
            Some((PREDICTOR, rest)) => predictor.insert(rest.to_owned(), tensor),
            Some((_, rest)) => action.insert(rest.to_owned(), tensor),
            None => None,
        };
    }
    (predictor, action)
}

/// Fresh weights of both networks.
pub(super) fn initial(settings: &Settings, d_state: usize) -> (Tensors, Tensors) {
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut uniform = || ((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    let predictor = PredictorSizes {
        d_state,
        d_action: settings.d_action,
        d_hidden: settings.d_hidden,
        ffn_dim: settings.ffn_dim.unwrap_or(settings.d_hidden),
        cross_blocks: settings.cross_blocks,
        self_blocks: settings.self_blocks,
        max_actions: settings.max_actions,
    };
    let action = ActionSizes {
        d_action: settings.d_action,
        d_pos: settings.d_pos,
        d_type: settings.d_type,
        d_seq: settings.d_seq,
        layers: settings.action_layers,
        inner: settings.action_inner,
    };
    (
        Initializer::new(&mut uniform).predictor(&predictor),
        Initializer::new(&mut uniform).action_encoder(&action),
    )
}
