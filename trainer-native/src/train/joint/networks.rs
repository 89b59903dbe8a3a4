//! What is trained together, and one update of it.

use super::lora::Adapters;
use crate::train::optimizer::Optimizer;
use crate::train::step::host;
use burn::tensor::{Gradients, Tensor};
use genolewm_model::action::ActionEncoder;
use genolewm_model::parameters::{Parameters, Visitor};
use genolewm_model::predictor::Predictor;
use genolewm_model::weights::NamedTensor;
use genolewm_shared::{Error, ErrorCode, Result};
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
    fn of(self, name: &str) -> f64 {
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

/// Applies the gradients, scaled down where their norm over all networks exceeds `clip`; returns the
/// norm. A parameter that the loss does not depend on in this step has a gradient of 0, so that all
/// have done as many updates: a checkpoint notes their number once.
///
/// # Errors
/// `TRAINING.NAN_LOSS` when the norm is not finite; nothing is changed then.
pub(super) fn update(
    networks: &mut Networks,
    gradients: &mut Gradients,
    optimizer: &mut Optimizer,
    rates: Rates,
    clip: f64,
) -> Result<f64> {
    let mut found: BTreeMap<String, Tensor<2>> = BTreeMap::new();
    let mut squares = 0.0f64;
    networks.visit("", &mut |name, _, value| {
        let gradient = value.grad_remove(gradients);
        let gradient = gradient.unwrap_or_else(|| value.clone().inner().zeros_like());
        squares += sum_of_squares(&gradient);
        found.insert(name.to_owned(), gradient);
    });
    let norm = squares.sqrt();
    if !norm.is_finite() {
        return Err(Error::new(
            ErrorCode::TrainingNanLoss,
            "the gradients are not finite",
        ));
    }
    let factor = if norm > clip { clip / norm } else { 1.0 };
    networks.visit("", &mut |name, role, value| {
        if let Some(gradient) = found.remove(name) {
            let gradient = gradient.mul_scalar(factor);
            let old = value.clone().inner();
            let updated = optimizer.step(name, role, old, gradient, rates.of(name));
            *value = Tensor::from_inner(updated).require_grad();
        }
    });
    Ok(norm)
}

fn sum_of_squares(gradient: &Tensor<2>) -> f64 {
    host(gradient.to_data())
        .iter()
        .map(|&value| f64::from(value) * f64::from(value))
        .sum()
}
