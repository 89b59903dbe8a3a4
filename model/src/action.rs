//! The action encoder: an edit becomes a vector.

pub mod layers;
mod alleles;
mod positions;

use crate::ops::{LayerNorm, Linear, Ops};
use crate::parameters::{Parameters, Role, Visitor, join};
use crate::weights::Weights;
use alleles::AlleleEncoder;
pub use alleles::SLOTS;
use genolewm_core::edit::{EditType, RelEdit};
use genolewm_core::{Error, ErrorCode, Result};

/// Attention heads of the allele encoder in every published model.
pub const ALLELE_HEADS: usize = 4;

/// Encodes edits: where, what kind, from what, to what.
#[derive(Debug, Clone)]
pub struct ActionEncoder<M> {
    /// Angle per base of each pair of position features.
    frequencies: Vec<f32>,
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
            frequencies: positions::frequencies(d_pos / 2, max_window_bp),
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

    /// Angle per base of each pair of position features, to the last bit as it is used.
    #[must_use]
    pub fn position_frequencies(&self) -> &[f32] {
        &self.frequencies
    }

    /// Encodes all edits at once: `[edits, d_action]`. Equal alleles are run once, so a batch of
    /// SNVs runs four.
    ///
    /// # Errors
    /// `INPUT.UNSUPPORTED_EDIT` for an allele over 24 bp, which does not fit; `INPUT.GENERIC` when
    /// there is no edit.
    pub fn forward<O: Ops<Matrix = M>>(&self, ops: &O, edits: &[RelEdit]) -> Result<M> {
        if edits.is_empty() {
            return Err(Error::input("there is no edit to encode"));
        }
        let types: Vec<usize> = edits.iter().map(|edit| edit.edit_type().index()).collect();
        let (from, to) = self.alleles.forward(ops, edits)?;
        let mut parts = Vec::with_capacity(4);
        if !self.frequencies.is_empty() {
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
            return Ok(ActionBatch {
                actions,
                mask,
                per_item,
            });
        }
        let with_padding = ops.concat_rows(&[actions, self.padding_embedding.clone()]);
        Ok(ActionBatch {
            actions: ops.gather(&with_padding, &rows),
            mask,
            per_item,
        })
    }

    fn positions<O: Ops<Matrix = M>>(&self, ops: &O, edits: &[RelEdit]) -> M {
        let width = 2 * self.frequencies.len();
        let mut values = Vec::with_capacity(edits.len() * width);
        for edit in edits {
            positions::push_features(&mut values, edit.rel_pos().get(), &self.frequencies);
        }
        ops.matrix(values, edits.len(), width)
    }
}

/// The parts of an attention's input projection have names of their own; see
/// [`layers::join_input_projections`].
impl<M> Parameters<M> for ActionEncoder<M> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>) {
        let types = join(prefix, "type_embedding.weight");
        visit(&types, Role::Table, &mut self.type_embedding);
        self.alleles.visit(&join(prefix, "seq_encoder"), visit);
        self.inner.visit(&join(prefix, "projection.0"), visit);
        self.norm.visit(&join(prefix, "projection.2"), visit);
        self.outer.visit(&join(prefix, "projection.3"), visit);
        let padding = join(prefix, "padding_embedding");
        visit(&padding, Role::Row, &mut self.padding_embedding);
    }
}
