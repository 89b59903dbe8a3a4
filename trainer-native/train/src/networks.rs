//! The two networks that stages train together: predictor and action encoder.

use super::serialize::{Tensors, take};
use burn::tensor::Tensor;
use genolewm::action::{ALLELE_HEADS, ActionEncoder};
use genolewm::ops::BurnOps;
use genolewm::parameters::{Parameters, Visitor};
use genolewm::predictor::Predictor;
use genolewm::weights::Weights;
use genolewm_core::Result;
use genolewm_core::edit::RelEdit;
use genolewm_core::surprise::surprise_distance;

/// What the names of the predictor's parameters start with.
pub(super) const PREDICTOR: &str = "predictor";
/// What the names of the action encoder's parameters start with.
pub(super) const ACTION: &str = "action";

/// Predictor and action encoder.
#[derive(Debug)]
pub(super) struct PredictorNetworks {
    pub(super) predictor: Predictor<Tensor<2>>,
    pub(super) action: ActionEncoder<Tensor<2>>,
}

impl PredictorNetworks {
    /// PredictorNetworks of the weights of predictor and action encoder.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when tensors are missing, surplus or misshapen.
    pub(super) fn load(
        ops: &BurnOps,
        (predictor, action): (Tensors, Tensors),
        n_heads: usize,
        window_bp: usize,
    ) -> Result<Self> {
        let predictor = Weights::from_tensors("predictor", predictor);
        let action = Weights::from_tensors("action encoder", action);
        Ok(Self {
            predictor: Predictor::load(ops, predictor, n_heads)?,
            action: ActionEncoder::load(ops, action, ALLELE_HEADS, window_bp)?,
        })
    }

    /// The states after each edit of items of one number of edits, whose states before are the rows
    /// of `before`.
    ///
    /// # Errors
    /// Those of the networks.
    pub(super) fn predict(
        &self,
        ops: &BurnOps,
        edits: &[&[RelEdit]],
        before: &Tensor<2>,
    ) -> Result<Tensor<2>> {
        let actions = self.action.forward_padded(ops, edits)?;
        self.predictor.forward_batch(
            ops,
            before,
            &actions.actions,
            &actions.mask,
            actions.per_item,
        )
    }
}

impl Parameters<Tensor<2>> for PredictorNetworks {
    fn visit(&mut self, _: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        self.predictor.visit(PREDICTOR, visit);
        self.action.visit(ACTION, visit);
    }
}

/// The weights of predictor and action encoder among those of a checkpoint.
pub(super) fn split(mut tensors: Tensors) -> (Tensors, Tensors) {
    let predictor = take(&mut tensors, PREDICTOR);
    (predictor, take(&mut tensors, ACTION))
}

/// The surprise of items of one edit, a row each, with the windows that they lie in: what the first
/// calibration table is made of, until `calibrate` makes one from common variants.
pub(super) fn surprises<'w>(
    windows: impl Iterator<Item = &'w str>,
    (predicted, targets): (&[f32], &[f32]),
    width: usize,
) -> Vec<(String, f64)> {
    let rows = predicted
        .chunks_exact(width)
        .zip(targets.chunks_exact(width));
    let surprise = |(window, (predicted, target)): (&str, (&[f32], &[f32]))| {
        (window.to_owned(), surprise_distance(predicted, target))
    };
    windows.zip(rows).map(surprise).collect()
}
