//! The ranking losses of a batch: how far each edit moves the state, against its severity.

use super::batch::RankingBatch;
use super::heads::Ranked;
use crate::language_model::LanguageModel;
use crate::lm_loss::LmLoss;
use crate::replicas::Replica;
use crate::step::{mean, scalar};
use burn::tensor::{Gradients, Tensor, activation};
use genolewm::encoder::pool_states;
use genolewm::ops::Ops;
use genolewm_core::Result;
use serde::Serialize;

/// The losses of a batch, or means over several.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct RankingLosses {
    /// Mean binary cross-entropy of the severities.
    pub(super) ranking_loss: f64,
    /// Mean of `ln(1 + e^-d)` over the ranked pairs of a window, `d` the difference of their logits.
    pair_loss: f64,
    /// Mean cross-entropy of what the six-mers are part of, in nats.
    element_nats: f64,
    six_mer_nats: f64,
}

impl RankingLosses {
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

impl Replica<RankingBatch> for Ranked<'_> {
    type Figures = RankingLosses;

    fn backward(&mut self, batch: &RankingBatch) -> Result<(RankingLosses, Gradients)> {
        let (losses, loss) = self.forward(batch)?;
        Ok((losses, loss.backward()))
    }
}

impl Ranked<'_> {
    /// Figures of the batch and its loss.
    fn forward(&self, batch: &RankingBatch) -> Result<(RankingLosses, Tensor<2>)> {
        let (hidden, length) = self.shifts(batch)?;
        let slope = self.line.clone().narrow(1, 0, 1);
        let offset = self.line.clone().narrow(1, 1, 1);
        let logit = length.log() * slope + offset;
        let (pair_loss, pairs) = self.pairs(&logit, batch);
        let ops = &self.model.ops;
        let severity = ops.matrix(batch.severities(), batch.consequences.len(), 1);
        let loss = activation::softplus(logit.clone(), 1.0) - logit * severity;
        let loss = loss.mean_dim(0);
        let rows = ops.gather(&hidden, &batch.language_rows());
        let kind = LmLoss::CrossEntropy;
        let (figures, language) = self.model.loss(rows, &batch.language_targets(), kind);
        let elements = self.element_loss(&hidden, batch);
        let losses = RankingLosses {
            ranking_loss: scalar(&loss),
            pair_loss,
            element_nats: elements.as_ref().map_or(0.0, scalar),
            six_mer_nats: figures.six_mer_nats,
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
        Ok((losses, loss))
    }

    /// The hidden rows, and how far each edit moves the state: `[edits, 1]`.
    ///
    /// # Errors
    /// As [`RankingBatch::sequences`].
    pub(super) fn shifts(&self, batch: &RankingBatch) -> Result<(Tensor<2>, Tensor<2>)> {
        let LanguageModel { ops, llama } = &self.model;
        let settings = &self.settings;
        let (sequences, rows) =
            batch.sequences(settings.state.state_contract, settings.pool_radius)?;
        let hidden = llama.hidden(ops, &sequences, llama.layers.len());
        let states = pool_states(ops, settings.state.state_contract, &hidden, &rows.spans);
        let moved = ops.gather(&states, &rows.edited) - ops.gather(&states, &rows.reference);
        let length = moved.square().sum_dim(1).add_scalar(1e-12).sqrt();
        Ok((hidden, length))
    }

    /// How well the edits of each window are ranked against each other; nothing without a weight
    /// or without pairs.
    fn pairs(&self, logit: &Tensor<2>, batch: &RankingBatch) -> (f64, Option<Tensor<2>>) {
        let (worse, milder): (Vec<usize>, Vec<usize>) = batch.ranked_pairs().into_iter().unzip();
        if self.settings.pair_weight == 0.0 || worse.is_empty() {
            return (0.0, None);
        }
        let ops = &self.model.ops;
        let behind = ops.gather(logit, &milder) - ops.gather(logit, &worse);
        let loss = activation::softplus(behind, 1.0).mean_dim(0);
        (scalar(&loss), Some(loss))
    }
}
