//! The pass over a batch: how far each edit moves the state, and the losses of that.

use super::batch::Batch;
use super::heads::Ranked;
use crate::encoder_dir::{SPECIALS, VOCABULARY};
use crate::lm_loss::{LmLoss, lm_loss};
use crate::replicas::Replica;
use crate::step::{host, mean};
use burn::tensor::{Gradients, Tensor, TensorData, activation};
use genolewm::ops::Ops;
use genolewm_core::Result;
use serde::Serialize;

/// The losses of a batch, or means over several.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Losses {
    /// Mean binary cross-entropy of the severities.
    pub(super) ranking_loss: f64,
    /// Mean of `ln(1 + e^-d)` over the ranked pairs of a window, `d` the difference of their logits.
    pair_loss: f64,
    /// Mean cross-entropy of what the six-mers are part of, in nats.
    element_nats: f64,
    six_mer_nats: f64,
}

impl Losses {
    /// The means over batches.
    pub(super) fn mean(batches: &[Self]) -> Self {
        Self {
            ranking_loss: mean(batches, |batch| batch.ranking_loss),
            pair_loss: mean(batches, |batch| batch.pair_loss),
            element_nats: mean(batches, |batch| batch.element_nats),
            six_mer_nats: mean(batches, |batch| batch.six_mer_nats),
        }
    }
}

impl Replica<Batch> for Ranked<'_> {
    type Figures = Losses;

    fn backward(&mut self, batch: &Batch) -> Result<(Losses, Gradients)> {
        let (losses, loss) = self.forward(batch);
        Ok((losses, loss.backward()))
    }
}

impl Ranked<'_> {
    /// Figures of the batch and its loss.
    fn forward(&self, batch: &Batch) -> (Losses, Tensor<2>) {
        let (hidden, length) = self.shifts(batch);
        let slope = self.line.clone().narrow(1, 0, 1);
        let offset = self.line.clone().narrow(1, 1, 1);
        let logit = length.log() * slope + offset;
        let (pair_loss, pairs) = self.pairs(&logit, batch);
        let ops = &self.base.ops;
        let severity = ops.matrix(batch.severities(), batch.consequences.len(), 1);
        let loss = activation::softplus(logit.clone(), 1.0) - logit * severity;
        let loss = loss.mean_dim(0);
        let (nats, language) = self.language(&hidden, batch);
        let elements = self.element_loss(&hidden, batch);
        let losses = Losses {
            ranking_loss: scalar(&loss),
            pair_loss,
            element_nats: elements.as_ref().map_or(0.0, scalar),
            six_mer_nats: nats,
        };
        let loss = loss + language.mul_scalar(self.settings.language_weight);
        let weighted = [
            (pairs, self.settings.pair_weight),
            (elements, self.settings.element_weight),
        ];
        let loss = weighted
            .into_iter()
            .filter_map(|(part, weight)| Some(part?.mul_scalar(weight)))
            .fold(loss, |loss, part| loss + part);
        (losses, loss)
    }

    /// The hidden rows, and how far each edit moves the state: `[edits, 1]`.
    pub(super) fn shifts(&self, batch: &Batch) -> (Tensor<2>, Tensor<2>) {
        let base = &self.base;
        let (sequences, rows) = batch.sequences(self.settings.pool_radius);
        let hidden = base
            .llama
            .hidden(&base.ops, &sequences, base.llama.layers.len());
        let states = base
            .ops
            .normalize_rows(&base.ops.mean_rows(&hidden, &rows.spans));
        let moved =
            base.ops.gather(&states, &rows.edited) - base.ops.gather(&states, &rows.reference);
        let length = moved.square().sum_dim(1).add_scalar(1e-12).sqrt();
        (hidden, length)
    }

    /// How well the edits of each window are ranked against each other; nothing without a weight
    /// or without pairs.
    fn pairs(&self, logit: &Tensor<2>, batch: &Batch) -> (f64, Option<Tensor<2>>) {
        let (worse, milder): (Vec<usize>, Vec<usize>) = batch.ranked_pairs().into_iter().unzip();
        if self.settings.pair_weight == 0.0 || worse.is_empty() {
            return (0.0, None);
        }
        let ops = &self.base.ops;
        let behind = ops.gather(logit, &milder) - ops.gather(logit, &worse);
        let loss = activation::softplus(behind, 1.0).mean_dim(0);
        (scalar(&loss), Some(loss))
    }

    /// Cross-entropy of the reference windows: its value in nats, and a scalar with its gradient.
    fn language(&self, hidden: &Tensor<2>, batch: &Batch) -> (f64, Tensor<2>) {
        let rows: Vec<usize> = batch.language_rows();
        let base = &self.base;
        let embedding = base.llama.embedding.clone().transpose();
        let hidden = base.ops.gather(hidden, &rows);
        let logits = base.ops.precision().product(hidden, embedding);
        let targets = batch.language_targets();
        let values = host(logits.clone().inner().into_data());
        let step = lm_loss(
            &values,
            &targets,
            SPECIALS.len(),
            VOCABULARY,
            LmLoss::CrossEntropy,
        );
        let gradient: Tensor<2> = Tensor::from_data(
            TensorData::new(step.gradient, [rows.len(), VOCABULARY]),
            base.ops.device(),
        );
        (
            step.six_mer_nats / rows.len() as f64,
            (logits * gradient).sum_dim(1).sum_dim(0),
        )
    }
}

/// The one value of a tensor.
fn scalar(value: &Tensor<2>) -> f64 {
    let values = host(value.clone().inner().into_data());
    f64::from(values.first().copied().unwrap_or(f32::NAN))
}
