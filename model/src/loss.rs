//! Losses of the predictor: distance to the encoded windows, and a regulariser that keeps states
//! spread out.
//!
//! The functions over slices compute in f64 and are what is reported; the ones over tensors carry
//! gradients, and a test holds both together.

mod gaussian;

pub(crate) use gaussian::not_finite;

use burn::tensor::{Tensor, TensorData};
use gaussian::Gaussian;
use genolewm_core::{Error, ErrorCode, Result};

/// The least length that a vector counts with in a cosine.
const LEAST_NORM: f64 = 1e-8;

/// How the parts of the loss are weighted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossWeights {
    /// Of one minus the cosine.
    pub cosine: f64,
    /// Of the mean squared difference.
    pub squares: f64,
    /// Of the regulariser.
    pub kl: f64,
}

impl Default for LossWeights {
    fn default() -> Self {
        Self {
            cosine: 1.0,
            squares: 0.1,
            kl: 0.5,
        }
    }
}

/// What is trained on: phase 2 adds the regulariser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum TrainingPhase {
    /// The encoder is fixed: the distance alone.
    #[default]
    One,
    /// The distance and the regulariser.
    Two,
}

/// A loss and its parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PredictorLoss {
    /// What is trained on in this phase.
    pub loss: f64,
    /// Distance of predictions to targets.
    pub prediction: f64,
    /// The regulariser, which is monitored in either phase.
    pub kl: f64,
}

/// The mean over steps of `a (1 - cos) + b sum((p - t)²) / width`. `prediction` and `target` hold
/// one vector of `width` after another; steps at which `mask` is false do not count.
///
/// # Errors
/// `TRAINING.GENERIC` when the lengths do not fit or no step counts.
pub fn prediction_loss(
    prediction: &[f32],
    target: &[f32],
    width: usize,
    mask: Option<&[bool]>,
    weights: &LossWeights,
) -> Result<f64> {
    check(prediction.len(), target.len(), width, mask)?;
    let mut total = 0.0;
    let mut steps = 0.0;
    let pairs = prediction
        .chunks_exact(width)
        .zip(target.chunks_exact(width));
    for (step, (p, t)) in pairs.enumerate() {
        if mask.is_none_or(|mask| mask[step]) {
            let squares: f64 = p
                .iter()
                .zip(t)
                .map(|(&p, &t)| square(f64::from(p) - f64::from(t)))
                .sum();
            total +=
                weights.cosine * (1.0 - cosine(p, t)) + weights.squares * squares / width as f64;
            steps += 1.0;
        }
    }
    Ok(total / steps)
}

/// The divergence from N(0, I) of the Gaussian with the mean and population covariance of
/// `states`, to which `1e-6 I` is added: `(tr C + |m|² - width - ln det C) / 2`.
///
/// # Errors
/// `TRAINING.GENERIC` when there is no state; `TRAINING.NAN_LOSS` when one is not finite.
pub fn kl_regularizer(states: &[f32], width: usize) -> Result<f64> {
    Ok(Gaussian::fit(states, width)?.kl())
}

/// The loss of a phase and its parts. The regulariser is that of `target`'s states, masked or
/// not, since padded rows of a batch are states too.
///
/// # Errors
/// As [`prediction_loss`] and [`kl_regularizer`]; `TRAINING.NAN_LOSS` when the result is not
/// finite.
pub fn predictor_loss(
    prediction: &[f32],
    target: &[f32],
    width: usize,
    mask: Option<&[bool]>,
    phase: TrainingPhase,
    weights: &LossWeights,
) -> Result<PredictorLoss> {
    let distance = prediction_loss(prediction, target, width, mask, weights)?;
    let kl = kl_regularizer(target, width)?;
    let loss = match phase {
        TrainingPhase::One => distance,
        TrainingPhase::Two => distance + weights.kl * kl,
    };
    if !loss.is_finite() {
        return Err(not_finite());
    }
    Ok(PredictorLoss {
        loss,
        prediction: distance,
        kl,
    })
}

/// [`prediction_loss`] with gradients: rows are steps.
///
/// # Errors
/// As [`prediction_loss`].
pub fn prediction_loss_tensor(
    prediction: Tensor<2>,
    target: Tensor<2>,
    mask: Option<&[bool]>,
    weights: &LossWeights,
) -> Result<Tensor<1>> {
    let [steps, width] = prediction.dims();
    check(
        steps * width,
        target.dims()[0] * target.dims()[1],
        width,
        mask,
    )?;
    let cosine = (prediction.clone() * target.clone()).sum_dim(1)
        / (norms(prediction.clone()) * norms(target.clone()));
    let squares = (prediction - target)
        .square()
        .mean_dim(1)
        .mul_scalar(weights.squares);
    let each = cosine
        .mul_scalar(-weights.cosine)
        .add_scalar(weights.cosine)
        + squares;
    let Some(mask) = mask else {
        return Ok(each.mean());
    };
    let counted: Vec<f32> = mask
        .iter()
        .map(|&there| f32::from(u8::from(there)))
        .collect();
    let count: f32 = counted.iter().sum();
    let counted = Tensor::<2>::from_data(TensorData::new(counted, [steps, 1]), &each.device());
    Ok((each * counted).sum().div_scalar(count))
}

/// [`kl_regularizer`] with gradients. The determinant of a nearly singular covariance is beyond
/// f32, so value and gradient are computed in f64 on the host, and given to the graph as a
/// function that is linear in the states.
///
/// # Errors
/// As [`kl_regularizer`].
pub fn kl_regularizer_tensor(states: Tensor<2>) -> Result<Tensor<1>> {
    let [rows, width] = states.dims();
    let values = states
        .to_data()
        .try_into_vec::<f32>()
        .map_err(|error| Error::invariant(format!("a state is not f32: {error:?}")))?;
    let gaussian = Gaussian::fit(&values, width)?;
    let slope = gaussian.gradient();
    let at_states: f64 = values
        .iter()
        .zip(&slope)
        .map(|(&x, &slope)| f64::from(x) * f64::from(slope))
        .sum();
    let slope = Tensor::<2>::from_data(TensorData::new(slope, [rows, width]), &states.device());
    Ok((states * slope).sum().add_scalar(gaussian.kl() - at_states))
}

fn check(prediction: usize, target: usize, width: usize, mask: Option<&[bool]>) -> Result<()> {
    let refused = |message: &str| Err(Error::new(ErrorCode::TrainingGeneric, message));
    if width == 0 || prediction != target || !prediction.is_multiple_of(width) {
        return refused("predictions and targets differ in shape");
    }
    let steps = prediction / width;
    if mask.is_some_and(|mask| mask.len() != steps) {
        return refused("the mask does not have one entry a step");
    }
    if !mask.map_or(steps > 0, |mask| mask.contains(&true)) {
        return refused("a batch without steps has no loss");
    }
    Ok(())
}

fn norms(x: Tensor<2>) -> Tensor<2> {
    // Bounded before the root, whose slope at 0 is infinite: padded rows are all 0.
    x.square()
        .sum_dim(1)
        .clamp_min(LEAST_NORM * LEAST_NORM)
        .sqrt()
}

fn square(x: f64) -> f64 {
    x * x
}

/// The cosine of the angle between two vectors; 0 when one of them is 0.
pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(&a, &b)| f64::from(a) * f64::from(b))
            .sum()
    };
    let norm = |a: &[f32]| dot(a, a).sqrt().max(LEAST_NORM);
    dot(a, b) / (norm(a) * norm(b))
}

#[cfg(test)]
mod tests;
