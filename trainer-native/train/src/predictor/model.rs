//! The networks on one device: what they predict, and how far that is off.

use super::networks::Networks;
use super::pool::Item;
use crate::replicas::Replica;
use crate::step::host;
use burn::tensor::{Gradients, Tensor};
use genolewm::loss::{LossWeights, prediction_loss_tensor};
use genolewm::ops::{BurnOps, Ops};
use genolewm::parameters::{Parameters, Visitor};
use genolewm_core::Result;

/// Predictor and action encoder where they compute.
pub(super) struct Model {
    pub(super) ops: BurnOps,
    pub(super) networks: Networks,
    /// Width of a state.
    pub(super) width: usize,
}

impl Parameters<Tensor<2>> for Model {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        self.networks.visit(prefix, visit);
    }
}

impl Replica<Vec<Item<'_>>> for Model {
    /// The loss.
    type Figures = f64;

    fn backward(&mut self, items: &Vec<Item<'_>>) -> Result<(f64, Gradients)> {
        let prediction = self.predict(items)?;
        let target = self.matrix(items.iter().map(|item| item.after()));
        let loss = prediction_loss_tensor(prediction, target, None, &LossWeights::default())?;
        let value = host(loss.clone().inner().into_data());
        let value = value.first().copied().map_or(f64::NAN, f64::from);
        Ok((value, loss.backward()))
    }
}

impl Model {
    /// The states after each edit of the items, item by item. Neighbours of one length go together,
    /// since that is quicker than to pad all to the longest.
    pub(super) fn predict(&self, items: &[Item<'_>]) -> Result<Tensor<2>> {
        let predicted = items
            .chunk_by(|one, next| one.steps() == next.steps())
            .map(|items| self.predict_alike(items))
            .collect::<Result<Vec<_>>>()?;
        Ok(self.ops.concat_rows(&predicted))
    }

    /// [`predict`](Self::predict) for items of one length.
    fn predict_alike(&self, items: &[Item<'_>]) -> Result<Tensor<2>> {
        let edits: Vec<_> = items.iter().map(|item| item.edits()).collect();
        let actions = self.networks.action.forward_padded(&self.ops, &edits)?;
        let states = self.matrix(items.iter().map(|item| item.before()));
        self.networks.predictor.forward_batch(
            &self.ops,
            &states,
            &actions.actions,
            &actions.mask,
            actions.per_item,
        )
    }

    /// Rows of states, one or more at a time.
    fn matrix<'p>(&self, rows: impl Iterator<Item = &'p [f32]>) -> Tensor<2> {
        let values: Vec<f32> = rows.flatten().copied().collect();
        let count = values.len() / self.width;
        self.ops.matrix(values, count, self.width)
    }
}
