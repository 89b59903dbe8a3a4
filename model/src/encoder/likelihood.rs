//! Log-likelihood of a token sequence: the zero-shot baseline that surprise is measured against.

use super::llama::Llama;
use super::plan::Sequence;
use crate::ops::{Linear, Ops};
use genolewm_core::Result;

/// Rows whose logits are held at once.
const ROWS_AT_ONCE: usize = 256;

/// Sum of `ln p(token | tokens before)` of one sequence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogLikelihood {
    /// Sum over predicted tokens, natural logarithm.
    pub total: f64,
    /// Number of predicted tokens: all but the first.
    pub tokens: usize,
}

impl<M: Clone> Llama<M> {
    /// Log-likelihood of each sequence, in which a shared prefix is run once. Row `i` predicts
    /// token `i + 1`, over the loaded vocabulary.
    ///
    /// # Errors
    /// What the device reports when it does not answer.
    pub async fn log_likelihoods<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        sequences: &[Sequence<'_>],
    ) -> Result<Vec<LogLikelihood>> {
        let hidden = self.hidden(ops, sequences, self.config.layers);
        let head = Linear {
            weight: self.output_head(ops).await?,
            bias: None,
        };
        let mut sums: Vec<Vec<f64>> = Vec::with_capacity(sequences.len());
        let mut offset = 0;
        for sequence in sequences {
            let rows = sequence.wanted.len();
            let targets: Vec<usize> = sequence
                .wanted
                .clone()
                .map(|row| row + 1)
                .filter_map(|next| sequence.tokens.get(next))
                .map(|&id| self.row_of(id))
                .collect();
            let mut logs = Vec::with_capacity(rows);
            for first in (0..targets.len()).step_by(ROWS_AT_ONCE) {
                let last = (first + ROWS_AT_ONCE).min(targets.len());
                let block = ops.rows(&hidden, offset + first..offset + last);
                let logits = ops.read(&ops.linear(&block, &head)).await?;
                logs.extend(log_probabilities(&logits, &targets[first..last]));
            }
            offset += rows;
            sums.push(logs);
        }
        Ok(sequences
            .iter()
            .enumerate()
            .map(|(index, sequence)| total(sequences, &sums, index, sequence))
            .collect())
    }

    /// The output head for multiplication from the right, `[hidden, vocabulary]`.
    async fn output_head<O: Ops<Matrix = M>>(&self, ops: &O) -> Result<M> {
        let head = self.head.as_ref().unwrap_or(&self.embedding);
        let [rows, columns] = ops.shape(head);
        Ok(ops.projection(ops.read(head).await?, columns, rows))
    }
}

/// Adds what the sequence's own rows predict to what its prefix predicts of it. The last prefix row
/// predicts the first token that differs, so it must be a row of the sequence itself.
fn total(
    sequences: &[Sequence<'_>],
    sums: &[Vec<f64>],
    index: usize,
    sequence: &Sequence<'_>,
) -> LogLikelihood {
    let own: f64 = sums[index].iter().sum();
    let shared = sequence.prefix.map_or(0.0, |prefix| {
        let skipped = sequences[prefix].wanted.start;
        sums[prefix][..sequence.wanted.start - skipped].iter().sum()
    });
    LogLikelihood {
        total: own + shared,
        tokens: sequence.tokens.len().saturating_sub(1),
    }
}

fn log_probabilities(logits: &[f32], targets: &[usize]) -> Vec<f64> {
    let width = logits.len() / targets.len().max(1);
    let row = |(logits, &target): (&[f32], &usize)| {
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total: f64 = logits
            .iter()
            .map(|&logit| f64::from((logit - highest).exp()))
            .sum();
        f64::from(logits[target] - highest) - total.ln()
    };
    logits
        .chunks_exact(width.max(1))
        .zip(targets)
        .map(row)
        .collect()
}
