//! The small encoder that reads both alleles of an edit: four six-mer slots each.

use super::layers::{Attention, FeedForward, count_blocks, head_width};
use crate::ops::{AttentionSegment, AttentionSpec, LayerNorm, Linear, Mask, Ops};
use crate::parameters::{Parameters, Role, Visitor, join};
use crate::tokenizer::{SIX_MERS, six_mer_code};
use crate::weights::Weights;
use genolewm_core::edit::RelEdit;
use genolewm_core::window::TOKEN_BP;
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::BTreeMap;

/// Six-mer slots of one allele.
pub const SLOTS: usize = 4;
/// The id of an empty slot, after the six-mers'.
const EMPTY: usize = SIX_MERS;
const PREFIX: &str = "seq_encoder";

/// Turns alleles into vectors.
#[derive(Debug, Clone)]
pub(super) struct AlleleEncoder<M> {
    token_embedding: M,
    /// Widens the embedding, where it is narrower.
    token_projection: Option<Linear<M>>,
    layers: Vec<PostNormLayer<M>>,
    width: usize,
    heads: usize,
    head_width: usize,
}

impl<M: Clone> AlleleEncoder<M> {
    pub(super) fn load<O: Ops<Matrix = M>>(
        ops: &O,
        weights: &mut Weights,
        heads: usize,
    ) -> Result<Self> {
        let table = format!("{PREFIX}.token_embedding.weight");
        let layers = format!("{PREFIX}.encoder.layers");
        let [_, narrow] = weights.dims(&table)?;
        let [_, width] = weights.dims(&format!("{layers}.0.self_attn.in_proj_weight"))?;
        let count = count_blocks(weights, &layers, "self_attn.in_proj_weight");
        let projection = format!("{PREFIX}.token_projection");
        Ok(Self {
            token_embedding: weights.matrix(ops, &table, [EMPTY + 1, narrow])?,
            token_projection: match narrow == width {
                true => None,
                false => Some(weights.linear(ops, &projection, narrow, width, true)?),
            },
            layers: (0..count)
                .map(|index| PostNormLayer::load(ops, weights, &format!("{layers}.{index}"), width))
                .collect::<Result<_>>()?,
            width,
            heads,
            head_width: head_width(width, heads)?,
        })
    }

    /// Width of an allele's vector.
    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// Vectors of the reference and of the alternate alleles, `[edits, width]` each.
    pub(super) fn forward<O: Ops<Matrix = M>>(&self, ops: &O, edits: &[RelEdit]) -> Result<(M, M)> {
        let mut rows = BTreeMap::new();
        let mut slots = Vec::new();
        let mut row_of = |bases| -> Result<usize> {
            if let Some(&row) = rows.get(bases) {
                return Ok(row);
            }
            slots.extend(allele_slots(bases)?);
            rows.insert(bases, rows.len());
            Ok(rows.len() - 1)
        };
        let from = edits
            .iter()
            .map(|edit| row_of(edit.ref_bases()))
            .collect::<Result<Vec<_>>>()?;
        let to = edits
            .iter()
            .map(|edit| row_of(edit.alt_bases()))
            .collect::<Result<Vec<_>>>()?;
        let vectors = self.encode(ops, &slots);
        Ok((ops.gather(&vectors, &from), ops.gather(&vectors, &to)))
    }

    /// The mean of each allele's four slots. Empty slots take part in attention and mean, as they
    /// did in training.
    fn encode<O: Ops<Matrix = M>>(&self, ops: &O, slots: &[usize]) -> M {
        let alleles = slots.len() / SLOTS;
        let spec = self.spec(alleles);
        let mut x = ops.gather(&self.token_embedding, slots);
        if let Some(projection) = &self.token_projection {
            x = ops.linear(&x, projection);
        }
        for layer in &self.layers {
            x = layer.forward(ops, &x, &spec);
        }
        let spans: Vec<_> = (0..alleles)
            .map(|a| [a * SLOTS..(a + 1) * SLOTS, 0..0])
            .collect();
        ops.mean_rows(&x, &spans)
    }

    fn spec(&self, alleles: usize) -> AttentionSpec {
        let segment = |allele: usize| {
            let rows = allele * SLOTS..(allele + 1) * SLOTS;
            AttentionSegment {
                queries: rows.clone(),
                keys: [0..0, rows],
                mask: Mask::Full,
            }
        };
        AttentionSpec {
            heads: self.heads,
            kv_heads: self.heads,
            head_width: self.head_width,
            segments: (0..alleles).map(segment).collect(),
        }
    }
}

impl<M> Parameters<M> for AlleleEncoder<M> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>) {
        let table = join(prefix, "token_embedding.weight");
        visit(&table, Role::Table, &mut self.token_embedding);
        if let Some(projection) = &mut self.token_projection {
            projection.visit(&join(prefix, "token_projection"), visit);
        }
        for (index, layer) in self.layers.iter_mut().enumerate() {
            layer.visit(&join(prefix, &format!("encoder.layers.{index}")), visit);
        }
    }
}

/// The ids of an allele's slots: its six-mers, the last filled up with `A`, then empty ones.
fn allele_slots(bases: &str) -> Result<[usize; SLOTS]> {
    let unsupported = |message: &str| {
        Error::new(ErrorCode::InputUnsupportedEdit, message).with_detail("allele_bp", bases.len())
    };
    if bases.len() > SLOTS * TOKEN_BP {
        return Err(unsupported(
            "an allele is longer than the action encoder reads",
        ));
    }
    let mut slots = [EMPTY; SLOTS];
    for (slot, chunk) in slots.iter_mut().zip(bases.as_bytes().chunks(TOKEN_BP)) {
        *slot = six_mer_code(chunk)
            .ok_or_else(|| unsupported("an allele holds a letter other than A, C, G and T"))?;
    }
    Ok(slots)
}

/// A transformer encoder layer that normalises after each sum (`torch.nn.TransformerEncoderLayer`).
#[derive(Debug, Clone)]
struct PostNormLayer<M> {
    attention: Attention<M>,
    attention_norm: LayerNorm<M>,
    feed_forward: FeedForward<M>,
    feed_forward_norm: LayerNorm<M>,
}

impl<M: Clone> PostNormLayer<M> {
    fn load<O: Ops<Matrix = M>>(
        ops: &O,
        weights: &mut Weights,
        prefix: &str,
        width: usize,
    ) -> Result<Self> {
        let [inner, outer] = feed_forward_names(prefix);
        Ok(Self {
            attention: Attention::load(ops, weights, &format!("{prefix}.self_attn"), width)?,
            attention_norm: weights.layer_norm(ops, &format!("{prefix}.norm1"), width)?,
            feed_forward: FeedForward::load(ops, weights, [&inner, &outer], width)?,
            feed_forward_norm: weights.layer_norm(ops, &format!("{prefix}.norm2"), width)?,
        })
    }

    fn forward<O: Ops<Matrix = M>>(&self, ops: &O, x: &M, spec: &AttentionSpec) -> M {
        let mixed = ops.add(x, &self.attention.forward(ops, x, x, spec));
        let x = ops.layer_norm(&mixed, &self.attention_norm);
        let fed = ops.add(&x, &self.feed_forward.forward(ops, &x));
        ops.layer_norm(&fed, &self.feed_forward_norm)
    }
}

impl<M> Parameters<M> for PostNormLayer<M> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>) {
        let [inner, outer] = feed_forward_names(prefix);
        self.attention.visit(&join(prefix, "self_attn"), visit);
        self.attention_norm.visit(&join(prefix, "norm1"), visit);
        self.feed_forward.visit([&inner, &outer], visit);
        self.feed_forward_norm.visit(&join(prefix, "norm2"), visit);
    }
}

fn feed_forward_names(prefix: &str) -> [String; 2] {
    ["linear1", "linear2"].map(|name| join(prefix, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alleles_fill_slots_from_the_left() -> Result<()> {
        assert_eq!(allele_slots("G")?, [2 << 10, EMPTY, EMPTY, EMPTY]);
        assert_eq!(allele_slots("AAAAACT")?, [1, 3 << 10, EMPTY, EMPTY]);
        assert!(allele_slots(&"A".repeat(24))?.iter().all(|&slot| slot == 0));
        assert!(allele_slots(&"A".repeat(25)).is_err());
        Ok(())
    }
}
