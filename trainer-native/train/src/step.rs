//! One optimisation step: mean gradient of several batches, clipping by norm, update.

use super::optimizer::Optimizer;
use super::serialize::Tensors;
use burn::tensor::{Gradients, Tensor, TensorData};
use genolewm::ops::transpose;
use genolewm::parameters::{Parameters, Role};
use genolewm::weights::NamedTensor;
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::BTreeMap;

/// Marks every parameter as one that gradients are wanted for.
pub fn track<P: Parameters<Tensor<2>>>(model: &mut P) {
    model.visit("", &mut |_, _, value| {
        *value = value.clone().detach().require_grad()
    });
}

/// The mean of a figure over the batches of a step.
#[must_use]
pub fn mean<F>(batches: &[F], figure: impl Fn(&F) -> f64) -> f64 {
    batches.iter().map(figure).sum::<f64>() / batches.len() as f64
}

/// Gradients by the names of the parameters.
pub type NamedGradients = BTreeMap<String, Tensor<2>>;

/// The gradients of a model's parameters, for those that the loss depends on.
pub fn named<P: Parameters<Tensor<2>>>(model: &mut P, gradients: &mut Gradients) -> NamedGradients {
    let mut named = BTreeMap::new();
    model.visit("", &mut |name, _, value| {
        if let Some(gradient) = value.grad_remove(gradients) {
            named.insert(name.to_owned(), gradient);
        }
    });
    named
}

/// Gradients of one or more batches.
#[derive(Debug, Default)]
pub struct Collected {
    sums: NamedGradients,
    batches: u32,
}

impl Collected {
    /// Adds the gradients of one batch, on the device of those that came first.
    pub fn add(&mut self, gradients: NamedGradients) {
        for (name, gradient) in gradients {
            let sum = match self.sums.remove(&name) {
                Some(sum) => {
                    let here = sum.device();
                    sum + gradient.to_device(&here)
                }
                None => gradient,
            };
            self.sums.insert(name, sum);
        }
        self.batches += 1;
    }

    /// Applies the mean over the batches, scaled down where its global L2 norm exceeds `clip` unless that is 0, with
    /// the learning rate of each parameter; returns the norm.
    ///
    /// # Errors
    /// `TRAINING.NAN_LOSS` when the norm is not finite; nothing is changed then.
    pub fn apply<P: Parameters<Tensor<2>>>(
        mut self,
        model: &mut P,
        optimizer: &mut Optimizer,
        rate: &dyn Fn(&str) -> f64,
        clip: f64,
    ) -> Result<f64> {
        let share = 1.0 / f64::from(self.batches.max(1));
        let norm = share * self.sums.values().map(sum_of_squares).sum::<f64>().sqrt();
        if !norm.is_finite() {
            let message = "the gradients are not finite";
            return Err(Error::new(ErrorCode::TrainingNanLoss, message));
        }
        let factor = if clip > 0.0 && norm > clip {
            clip / norm
        } else {
            1.0
        };
        model.visit("", &mut |name, role, value| {
            let plain = value.clone().inner();
            // What no batch made use of has a gradient of zero: its moments age with all others,
            // and a checkpoint notes one number of steps for all of them.
            let gradient = match self.sums.remove(name) {
                // A parameter that the first device's batches made no use of.
                Some(sum) => sum.to_device(&plain.device()).mul_scalar(factor * share),
                None => plain.zeros_like(),
            };
            let updated = optimizer.step(name, role, plain, gradient, rate(name));
            *value = Tensor::from_inner(updated).require_grad();
        });
        Ok(norm)
    }
}

/// A loss that is no number.
#[must_use]
pub fn not_a_number(step: u64) -> Error {
    let message = format!("the loss of step {step} is not a number");
    Error::new(ErrorCode::TrainingNanLoss, message)
}

/// The one value of a tensor.
pub(super) fn scalar<const D: usize>(value: &Tensor<D>) -> f64 {
    let values = host(value.clone().inner().into_data());
    f64::from(values.first().copied().unwrap_or(f32::NAN))
}

fn sum_of_squares(gradient: &Tensor<2>) -> f64 {
    let data = gradient.to_data();
    data.as_slice::<f32>().map_or(f64::NAN, |values| {
        values
            .iter()
            .map(|&value| f64::from(value) * f64::from(value))
            .sum()
    })
}

/// All parameters as they stand in a weight file.
pub fn export<P: Parameters<Tensor<2>>>(model: &mut P) -> Tensors {
    let mut tensors = BTreeMap::new();
    model.visit("", &mut |name, role, value| {
        tensors.insert(name.to_owned(), as_filed(role, value));
    });
    tensors
}

/// A parameter as it stands in a weight file.
pub(super) fn as_filed(role: Role, value: &Tensor<2>) -> NamedTensor {
    let [rows, columns] = value.dims();
    let values = host(value.clone().inner().into_data());
    let (shape, values) = match role {
        Role::Projection => (vec![columns, rows], transpose(&values, rows, columns)),
        Role::Table => (vec![rows, columns], values),
        Role::Row => (vec![columns], values),
    };
    NamedTensor { shape, values }
}

/// The values of a tensor on the host. Only f32 tensors are made here.
#[must_use]
pub fn host(data: TensorData) -> Vec<f32> {
    data.try_into_vec::<f32>().unwrap_or_default()
}
