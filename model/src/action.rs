//! The action encoder: an edit becomes a vector (contract, section 3).

mod alleles;
pub mod layers;
pub mod parameters;

use crate::ops::{LayerNorm, Linear, Ops};
use crate::weights::Weights;
use alleles::AlleleEncoder;
use genolewm_shared::edit::{EditType, RelEdit};
use genolewm_shared::{Error, ErrorCode, Result};
use parameters::{Parameters, Role, Visitor, visit_linear, visit_matrix, visit_norm};

/// Attention heads of the allele encoder in every published model.
pub const ALLELE_HEADS: usize = 4;

/// Encodes edits: where, what kind, from what, to what.
#[derive(Debug, Clone)]
pub struct ActionEncoder<M> {
    /// Angle per base of each pair of position features.
    scales: Vec<f32>,
    type_embedding: M,
    alleles: AlleleEncoder<M>,
    inner: Linear<M>,
    norm: LayerNorm<M>,
    outer: Linear<M>,
    padding_embedding: M,
    d_action: usize,
}

/// Actions of several items, padded to one length.
#[derive(Debug, Clone)]
pub struct ActionBatch<M> {
    /// `[items * per_item, d_action]`.
    pub actions: M,
    /// Which rows are actions, and not padding.
    pub mask: Vec<bool>,
    /// Rows of each item.
    pub per_item: usize,
}

impl<M: Clone> ActionEncoder<M> {
    /// Takes all tensors of the action encoder; its sizes are read off them.
    ///
    /// `n_heads` is [`ALLELE_HEADS`] and `max_window_bp` the config's, unless a model says
    /// otherwise.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when a tensor is missing, surplus or misshapen; `CONFIG.GENERIC`
    /// when the heads do not fit.
    pub fn load<O: Ops<Matrix = M>>(
        ops: &O,
        mut weights: Weights,
        n_heads: usize,
        max_window_bp: usize,
    ) -> Result<Self> {
        let [_, d_type] = weights.dims("type_embedding.weight")?;
        let [inner, inputs] = weights.dims("projection.0.weight")?;
        let [d_action] = weights.dims("padding_embedding")?;
        let type_embedding =
            weights.matrix(ops, "type_embedding.weight", [EditType::ALL.len(), d_type])?;
        let alleles = AlleleEncoder::load(ops, &mut weights, n_heads)?;
        let d_pos = inputs
            .checked_sub(d_type + 2 * alleles.width())
            .filter(|d_pos| d_pos.is_multiple_of(2))
            .ok_or_else(|| {
                Error::new(
                    ErrorCode::DeployExportFormat,
                    "tensor projection.0.weight has a width that does not fit the embeddings",
                )
                .with_detail("inputs", inputs)
                .with_detail("d_type", d_type)
                .with_detail("d_seq", alleles.width())
            })?;
        let encoder = Self {
            scales: position_scales(d_pos, max_window_bp),
            type_embedding,
            alleles,
            inner: weights.linear(ops, "projection.0", inputs, inner, true)?,
            norm: weights.layer_norm(ops, "projection.2", inner)?,
            outer: weights.linear(ops, "projection.3", inner, d_action, true)?,
            padding_embedding: weights.row(ops, "padding_embedding", d_action)?,
            d_action,
        };
        weights.finish()?;
        Ok(encoder)
    }

    /// Width of an action.
    #[must_use]
    pub const fn d_action(&self) -> usize {
        self.d_action
    }

    /// Encodes all edits at once: `[edits, d_action]`. Equal alleles are run once, so a batch of
    /// SNVs runs four.
    ///
    /// # Errors
    /// `INPUT.UNSUPPORTED_EDIT` for an allele over 24 bp, which does not fit; `INPUT.GENERIC` when
    /// there is no edit.
    pub fn forward<O: Ops<Matrix = M>>(&self, ops: &O, edits: &[RelEdit]) -> Result<M> {
        if edits.is_empty() {
            return Err(Error::new(ErrorCode::InputGeneric, "there is no edit to encode"));
        }
        let types: Vec<usize> = edits.iter().map(|edit| edit.edit_type().index()).collect();
        let (from, to) = self.alleles.forward(ops, edits)?;
        let mut parts = Vec::with_capacity(4);
        if !self.scales.is_empty() {
            parts.push(self.positions(ops, edits));
        }
        parts.extend([ops.gather(&self.type_embedding, &types), from, to]);
        let x = ops.gelu(&ops.linear(&ops.concat_columns(&parts), &self.inner));
        Ok(ops.linear(&ops.layer_norm(&x, &self.norm), &self.outer))
    }

    /// Encodes the edits of several items and pads each to the longest with the learned
    /// `padding_embedding`.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn forward_padded<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        items: &[&[RelEdit]],
    ) -> Result<ActionBatch<M>> {
        let edits: Vec<RelEdit> = items.iter().flat_map(|item| item.iter().cloned()).collect();
        let actions = self.forward(ops, &edits)?;
        let per_item = items.iter().map(|item| item.len()).max().unwrap_or(0);
        let mut rows = Vec::with_capacity(items.len() * per_item);
        let mut mask = Vec::with_capacity(rows.capacity());
        let mut next = 0;
        for item in items {
            let present = (0..per_item).map(|place| place < item.len());
            rows.extend(present.clone().map(|there| {
                let row = if there { next } else { edits.len() };
                next += usize::from(there);
                row
            }));
            mask.extend(present);
        }
        if edits.len() == rows.len() {
            return Ok(ActionBatch { actions, mask, per_item });
        }
        let with_padding = ops.concat_rows(&[actions, self.padding_embedding.clone()]);
        Ok(ActionBatch { actions: ops.gather(&with_padding, &rows), mask, per_item })
    }

    /// Sines, then cosines, of each position in f32, as the model was trained.
    fn positions<O: Ops<Matrix = M>>(&self, ops: &O, edits: &[RelEdit]) -> M {
        let width = 2 * self.scales.len();
        let mut values = Vec::with_capacity(edits.len() * width);
        for edit in edits {
            let position = edit.rel_pos().get() as f32;
            let angles = self.scales.iter().map(|scale| f64::from(position * scale));
            values.extend(angles.clone().map(|angle| angle.sin() as f32));
            values.extend(angles.map(|angle| angle.cos() as f32));
        }
        ops.matrix(values, edits.len(), width)
    }
}

impl<M: Clone> Parameters<M> for ActionEncoder<M> {
    fn visit(&mut self, visit: &mut Visitor<'_, M>) {
        visit_matrix("type_embedding.weight", Role::Table, &mut self.type_embedding, visit);
        self.alleles.visit(visit);
        visit_linear("projection.0", &mut self.inner, visit);
        visit_norm("projection.2", &mut self.norm, visit);
        visit_linear("projection.3", &mut self.outer, visit);
        visit_matrix("padding_embedding", Role::Embedding, &mut self.padding_embedding, visit);
    }
}

/// `exp(-i * ln(max_window_bp) / max(d_pos / 2 - 1, 1))` in f32.
fn position_scales(d_pos: usize, max_window_bp: usize) -> Vec<f32> {
    let half = d_pos / 2;
    let step = -(max_window_bp as f64).ln() / half.saturating_sub(1).max(1) as f64;
    (0..half).map(|i| f64::from(i as f32 * step as f32).exp() as f32).collect()
}
