//! The ranking losses of a batch: how far each edit moves the state, against its severity.

use super::batch::RankingBatch;
use super::heads::Ranked;
use crate::language_model::LanguageModel;
use crate::lm_loss::LmLoss;
use crate::replicas::Replica;
use crate::step::{mean, scalar};
use burn::tensor::{Gradients, Tensor, activation};
use genolewm::encoder::{Sequence, pool_states, resolve_layer};
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
    /// Share of the tolerated changes that the predictor does not explain; 0 without one.
    unexplained: f64,
}

/// What the edits of a batch did.
pub(super) struct Moved {
    /// Rows of the layer that states are made of.
    pub(super) hidden: Tensor<2>,
    /// How far each edit moved the state, from where it was or from where it was expected: `[edits, 1]`.
    pub(super) length: Tensor<2>,
    /// Sums of squares over tolerated edits, `[1, 1]` each: of the residual, and of the change. None
    /// without a predictor or without such edits.
    pub(super) tolerated: Option<[Tensor<2>; 2]>,
}

impl RankingLosses {
    /// The means over batches.
    pub(super) fn mean(batches: &[Self]) -> Self {
        Self {
            ranking_loss: mean(batches, |batch| batch.ranking_loss),
            pair_loss: mean(batches, |batch| batch.pair_loss),
            element_nats: mean(batches, |batch| batch.element_nats),
            six_mer_nats: mean(batches, |batch| batch.six_mer_nats),
            unexplained: mean(batches, |batch| batch.unexplained),
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
        let Moved {
            hidden,
            length,
            tolerated,
        } = self.moved(batch)?;
        let slope = self.line.clone().narrow(1, 0, 1);
        let offset = self.line.clone().narrow(1, 1, 1);
        let logit = length.log() * slope + offset;
        let (pair_loss, pairs) = self.pairs(&logit, batch);
        let ops = &self.model.ops;
        let severity = ops.matrix(batch.severities(), batch.consequences.len(), 1);
        let loss = activation::softplus(logit.clone(), 1.0) - logit * severity;
        let loss = loss.mean_dim(0);
        let language = self.language_loss(&hidden, batch)?;
        let elements = self.element_loss(&hidden, batch);
        let unexplained = tolerated.map(|[unexplained, whole]| unexplained / whole);
        let losses = RankingLosses {
            ranking_loss: scalar(&loss),
            pair_loss,
            element_nats: elements.as_ref().map_or(0.0, scalar),
            six_mer_nats: language.as_ref().map_or(0.0, |(nats, _)| *nats),
            unexplained: unexplained.as_ref().map_or(0.0, scalar),
        };
        let language = language.map(|(_, loss)| loss);
        let weighted = [
            (language, self.settings.language_weight),
            (pairs, self.settings.pair_weight),
            (elements, self.settings.element_weight),
            (unexplained, self.settings.unexplained_weight),
        ];
        let loss = weighted
            .into_iter()
            .filter_map(|(part, weight)| Some(part?.mul_scalar(weight)))
            .fold(loss, |loss, part| loss + part);
        Ok((losses, loss))
    }

    /// What the edits of a batch do.
    ///
    /// # Errors
    /// As [`RankingBatch::sequences`] and [`Predicting::expected`](super::predicting::Predicting::expected).
    pub(super) fn moved(&self, batch: &RankingBatch) -> Result<Moved> {
        let LanguageModel { ops, llama } = &self.model;
        let settings = &self.settings;
        let contract = settings.state.state_contract;
        let (sequences, rows) = batch.sequences(contract, settings.pool_radius)?;
        let hidden = llama.hidden(ops, &sequences, self.state_layer()?);
        let states = pool_states(ops, contract, &hidden, &rows.spans);
        let before = ops.gather(&states, &rows.reference);
        let after = ops.gather(&states, &rows.edited);
        let squares = |from: &Tensor<2>| (after.clone() - from.clone()).square().sum_dim(1);
        let changed = squares(&before);
        let (ranked, tolerated) = match &self.predicting {
            None => (changed, None),
            Some(predicting) => {
                let residual = squares(&predicting.expected(ops, &batch.edits, &before)?);
                let tolerated = batch.tolerated();
                let sum = |squares: &Tensor<2>| ops.gather(squares, &tolerated).sum_dim(0);
                let sums = (!tolerated.is_empty()).then(|| [sum(&residual), sum(&changed)]);
                (residual, sums)
            }
        };
        Ok(Moved {
            hidden,
            length: ranked.add_scalar(1e-12).sqrt(),
            tolerated,
        })
    }

    /// How well the references' six-mers are predicted, in nats and as a loss; nothing without a weight.
    /// `hidden` are the rows that states are made of.
    fn language_loss(
        &self,
        hidden: &Tensor<2>,
        batch: &RankingBatch,
    ) -> Result<Option<(f64, Tensor<2>)>> {
        if self.settings.language_weight == 0.0 {
            return Ok(None);
        }
        let LanguageModel { ops, llama } = &self.model;
        let last = llama.config.layers;
        let rows = if self.state_layer()? == last {
            ops.gather(hidden, &batch.language_rows())
        } else {
            let references = batch.windows.iter().map(|window| &window.reference);
            let references: Vec<_> = references
                .map(|reference| Sequence {
                    wanted: 0..reference.len() - 1,
                    ..Sequence::whole(reference)
                })
                .collect();
            llama.hidden(ops, &references, last)
        };
        let kind = LmLoss::CrossEntropy;
        let (figures, loss) = self.model.loss(rows, &batch.language_targets(), kind);
        Ok(Some((figures.six_mer_nats, loss)))
    }

    /// The layer that states are made of.
    fn state_layer(&self) -> Result<usize> {
        resolve_layer(self.settings.state_layer, self.model.llama.config.layers)
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
