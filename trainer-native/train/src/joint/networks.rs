//! What is trained together, and how fast.

use super::lora::Adapters;
use burn::tensor::Tensor;
use genolewm::action::ActionEncoder;
use genolewm::parameters::{Parameters, Visitor};
use genolewm::predictor::Predictor;
use genolewm::weights::NamedTensor;
use std::collections::BTreeMap;

/// Tensors by name.
pub(super) type Tensors = BTreeMap<String, NamedTensor>;

/// What the names of the adapters start with.
pub(super) const LORA: &str = "lora";
/// What the names of the predictor's parameters start with.
pub(super) const PREDICTOR: &str = "predictor";
/// What the names of the action encoder's parameters start with.
pub(super) const ACTION: &str = "action";

/// Adapters, predictor and action encoder.
#[derive(Debug)]
pub(super) struct Networks {
    pub(super) adapters: Adapters,
    pub(super) predictor: Predictor<Tensor<2>>,
    pub(super) action: ActionEncoder<Tensor<2>>,
}

impl Parameters<Tensor<2>> for Networks {
    fn visit(&mut self, _: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        self.adapters.visit(LORA, visit);
        self.predictor.visit(PREDICTOR, visit);
        self.action.visit(ACTION, visit);
    }
}

/// The learning rates of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    pub(super) adapters: f64,
    pub(super) others: f64,
}

impl Rates {
    /// The rate of a parameter.
    pub(super) fn of(self, name: &str) -> f64 {
        match name.split_once('.') {
            Some((LORA, _)) => self.adapters,
            _ => self.others,
        }
    }
}

/// Takes the tensors of a network out of those of all.
pub(super) fn take(tensors: &mut Tensors, prefix: &str) -> Tensors {
    let own = |name: &str| {
        name.split_once('.')
            .is_some_and(|(first, _)| first == prefix)
    };
    tensors
        .extract_if(.., |name, _| own(name))
        .map(|(name, tensor)| (name[prefix.len() + 1..].to_owned(), tensor))
        .collect()
}
