//! Predictor and action encoder on one device: predictions, and the loss of a batch.

use crate::networks::PredictorNetworks;
use crate::pairs::StateItem;
use crate::replicas::Replica;
use crate::step::scalar;
use burn::tensor::{Gradients, Tensor};
use genolewm::loss::{LossWeights, prediction_loss_tensor};
use genolewm::ops::{BurnOps, Ops};
use genolewm::parameters::{Parameters, Visitor};
use genolewm_core::Result;

/// Predictor and action encoder where they compute.
pub(super) struct PredictorModel {
    pub(super) ops: BurnOps,
    pub(super) networks: PredictorNetworks,
    /// Width of a state.
    pub(super) width: usize,
}

impl Parameters<Tensor<2>> for PredictorModel {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        self.networks.visit(prefix, visit);
    }
}

impl Replica<Vec<StateItem<'_>>> for PredictorModel {
    /// The loss.
    type Figures = f64;

    fn backward(&mut self, items: &Vec<StateItem<'_>>) -> Result<(f64, Gradients)> {
        let prediction = self.predict(items)?;
        let target = self.matrix(items.iter().map(|item| item.after()));
        let loss = prediction_loss_tensor(prediction, target, None, &LossWeights::default())?;
        Ok((scalar(&loss), loss.backward()))
    }
}

impl PredictorModel {
    /// The states after each edit of the items, item by item. Neighbours of one length go together,
    /// since that is quicker than to pad all to the longest.
    pub(super) fn predict(&self, items: &[StateItem<'_>]) -> Result<Tensor<2>> {
        let predicted = items
            .chunk_by(|one, next| one.steps() == next.steps())
            .map(|items| self.predict_alike(items))
            .collect::<Result<Vec<_>>>()?;
        Ok(self.ops.concat_rows(&predicted))
    }

    /// [`predict`](Self::predict) for items of one length.
    fn predict_alike(&self, items: &[StateItem<'_>]) -> Result<Tensor<2>> {
        let edits: Vec<_> = items.iter().map(|item| item.edits()).collect();
        let states = self.matrix(items.iter().map(|item| item.before()));
        self.networks.predict(&self.ops, &edits, &states)
    }

    /// Rows of states, one or more at a time.
    fn matrix<'p>(&self, rows: impl Iterator<Item = &'p [f32]>) -> Tensor<2> {
        let values: Vec<f32> = rows.flatten().copied().collect();
        let count = values.len() / self.width;
        self.ops.matrix(values, count, self.width)
    }
}
