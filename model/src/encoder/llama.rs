//! The decoder layers: pre-norm RMSNorm, grouped-query attention with rotary positions, SwiGLU
//! (Touvron et al. 2023, arXiv:2302.13971, as Hugging Face runs them).

use super::config::LlamaConfig;
use super::plan::{RowPlan, Sequence};
use super::rope::Rope;
use crate::ops::{AttentionSegment, AttentionSpec, Linear, Ops, Rotation};
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

/// The tensor that scoring reads rows of.
pub(super) const EMBEDDING: &str = "model.embed_tokens.weight";
pub(super) const HEAD: &str = "lm_head.weight";
pub(super) const NORM: &str = "model.norm.weight";
/// What the names of layers begin with.
pub(super) const LAYERS: &str = "model.layers.";
/// Rows that are worth a product of their own.
const LEAST_ROWS: usize = 256;

/// One decoder layer.
#[derive(Debug, Clone)]
pub struct Layer<M> {
    /// RMSNorm before attention, `[1, hidden]`.
    pub input_norm: M,
    /// Query projection.
    pub q: Linear<M>,
    /// Key projection.
    pub k: Linear<M>,
    /// Value projection.
    pub v: Linear<M>,
    /// Output projection.
    pub o: Linear<M>,
    /// RMSNorm before the feed-forward, `[1, hidden]`.
    pub post_norm: M,
    /// Gate of the feed-forward.
    pub gate: Linear<M>,
    /// Input of the feed-forward.
    pub up: Linear<M>,
    /// Output of the feed-forward.
    pub down: Linear<M>,
}

/// The rows of a sequence that a pass has run, for passes after it: keys and values of each layer.
#[derive(Debug, Clone)]
pub(super) struct Past<M> {
    rows: usize,
    layers: Vec<[M; 2]>,
}

impl<M> Past<M> {
    /// Of the first `rows` of a pass that is not run yet.
    pub(super) const fn of_first(rows: usize) -> Self {
        Self {
            rows,
            layers: Vec::new(),
        }
    }
}

/// What stands beside the sequences of a pass.
pub(super) enum Beside<'a, M> {
    /// Nothing.
    Nothing,
    /// Keys and values of its first rows are kept.
    Keeps(&'a mut Past<M>),
    /// Sequences without a prefix among them go on after these rows.
    Follows(&'a Past<M>),
}

impl<M: Clone> Beside<'_, M> {
    fn past_rows(&self) -> usize {
        match self {
            Self::Follows(past) => past.rows,
            _ => 0,
        }
    }

    /// The keys and values of a layer, with those before.
    fn extend<O: Ops<Matrix = M>>(&mut self, ops: &O, layer: usize, own: [M; 2]) -> [M; 2] {
        match self {
            Self::Nothing => {}
            Self::Keeps(past) => {
                let first = own.each_ref().map(|own| ops.rows(own, 0..past.rows));
                past.layers.push(first);
            }
            Self::Follows(past) => {
                if let Some([k, v]) = past.layers.get(layer) {
                    let [own_k, own_v] = own;
                    return [
                        ops.concat_rows(&[k.clone(), own_k]),
                        ops.concat_rows(&[v.clone(), own_v]),
                    ];
                }
            }
        }
        own
    }
}

/// A Llama without its output head, with the embedding rows that DNA needs.
#[derive(Debug)]
pub struct Llama<M> {
    /// Sizes and constants.
    pub config: LlamaConfig,
    /// Embedding rows of `vocabulary`, in its order.
    pub embedding: M,
    /// The output head's rows of the same tokens, when it is not the embedding.
    pub head: Option<M>,
    /// Layers, first to last.
    pub layers: Vec<Layer<M>>,
    /// The final RMSNorm, `[1, hidden]`.
    pub norm: M,
    /// Row of each token id in `embedding`; `u32::MAX` where it was not loaded.
    row_of: Vec<u32>,
    rope: Rope,
    rows_run: AtomicU64,
}

impl<M: Clone> Llama<M> {
    /// Puts together what was loaded: embedding and head of the rows of `vocabulary`, with room for
    /// `max_rows`.
    pub(super) fn of_parts(
        config: LlamaConfig,
        (embedding, head): (M, Option<M>),
        layers: Vec<Layer<M>>,
        norm: M,
        vocabulary: &[u32],
        max_rows: usize,
    ) -> Self {
        let mut row_of = vec![u32::MAX; config.vocab_size];
        for (row, &id) in vocabulary.iter().enumerate() {
            if let Some(slot) = row_of.get_mut(id as usize) {
                *slot = row as u32;
            }
        }
        Self {
            rope: Rope::new(&config, max_rows),
            head,
            embedding,
            layers,
            norm,
            row_of,
            config,
            rows_run: AtomicU64::new(0),
        }
    }

    /// How many rows all calls together have run, a row counted once however many layers it
    /// passed.
    #[must_use]
    pub fn rows_run(&self) -> u64 {
        self.rows_run.load(Ordering::Relaxed)
    }

    /// The row of a token id in the loaded vocabulary.
    pub(super) fn row_of(&self, id: u32) -> usize {
        self.row_of.get(id as usize).map_or(0, |&row| row as usize)
    }

    /// Hidden states after `layer` layers (Hugging Face's `hidden_states[layer]`: 0 is the
    /// embedding, the last is after the final norm) at the wanted rows of all sequences, one after
    /// another: `[wanted rows, hidden]`.
    pub fn hidden<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        sequences: &[Sequence<'_>],
        layer: usize,
    ) -> M {
        self.hidden_beside(ops, sequences, layer, Beside::Nothing)
    }

    /// The same in one of several passes.
    pub(super) fn hidden_beside<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        sequences: &[Sequence<'_>],
        layer: usize,
        mut beside: Beside<'_, M>,
    ) -> M {
        let plan = RowPlan::new(sequences).after(beside.past_rows());
        self.rows_run
            .fetch_add(plan.row_count as u64, Ordering::Relaxed);
        let ids: Vec<usize> = RowPlan::tokens(sequences)
            .into_iter()
            .map(|id| self.row_of(id))
            .collect();
        let mut x = ops.gather(&self.embedding, &ids);
        let wanted_rows = plan.wanted_rows(sequences);
        let Some(last) = layer.checked_sub(1) else {
            return keep(ops, &x, &wanted_rows);
        };
        let positions = RowPlan::positions(sequences);
        let rotation = self.rope.rotation(ops, &positions);
        let all = Asking {
            rotation: rotation.clone(),
            segments: plan.segments(sequences),
            rows: core::iter::once(0..plan.row_count).collect(),
        };
        for (index, block) in self.layers[..last].iter().enumerate() {
            let normed = block.normed(ops, &self.config, &x);
            let own = block.keys(ops, &self.config, &normed, &rotation);
            let keys = beside.extend(ops, index, own);
            x = block.forward(ops, &self.config, [&x, &normed], &keys, &all);
        }
        let wanted: Vec<usize> = sequences.iter().flat_map(|s| s.wanted.clone()).collect();
        let wanted = Asking {
            rotation: self.rope.rotation(ops, &wanted),
            segments: plan.wanted_segments(sequences),
            rows: wanted_rows,
        };
        let block = &self.layers[last];
        let normed = block.normed(ops, &self.config, &x);
        let own = block.keys(ops, &self.config, &normed, &rotation);
        let keys = beside.extend(ops, last, own);
        let x = block.forward(ops, &self.config, [&x, &normed], &keys, &wanted);
        if layer == self.config.layers {
            ops.rms_norm(&x, &self.norm, self.config.rms_norm_eps)
        } else {
            x
        }
    }
}

/// The rows that ask in a layer: all of them, or in the last one those that are read.
struct Asking<M> {
    rotation: Rotation<M>,
    segments: Vec<AttentionSegment>,
    rows: Vec<Range<usize>>,
}

fn keep<O: Ops>(ops: &O, x: &O::Matrix, rows: &[Range<usize>]) -> O::Matrix {
    if rows.iter().map(|r| r.len()).sum::<usize>() == ops.shape(x)[0] {
        return x.clone();
    }
    let rows = rows.iter().filter(|rows| !rows.is_empty());
    let parts: Vec<_> = rows.map(|rows| ops.rows(x, rows.clone())).collect();
    ops.concat_rows(&parts)
}

impl<M: Clone> Layer<M> {
    fn normed<O: Ops<Matrix = M>>(&self, ops: &O, config: &LlamaConfig, x: &M) -> M {
        ops.rms_norm(x, &self.input_norm, config.rms_norm_eps)
    }

    /// Keys and values of every row.
    fn keys<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        config: &LlamaConfig,
        normed: &M,
        rotation: &Rotation<M>,
    ) -> [M; 2] {
        let k = ops.rotate(&ops.linear(normed, &self.k), config.kv_heads, rotation);
        [k, ops.linear(normed, &self.v)]
    }

    /// Queries and feed-forward of the asking rows only.
    fn forward<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        config: &LlamaConfig,
        [x, normed]: [&M; 2],
        [k, v]: &[M; 2],
        asking: &Asking<M>,
    ) -> M {
        let q = ops.linear(&keep(ops, normed, &asking.rows), &self.q);
        let q = ops.rotate(&q, config.heads, &asking.rotation);
        let spec = AttentionSpec {
            heads: config.heads,
            kv_heads: config.kv_heads,
            head_width: config.head_width,
            segments: asking.segments.clone(),
        };
        let mixed = ops.linear(&ops.attention(&q, k, v, &spec), &self.o);
        let x = ops.add(&keep(ops, x, &asking.rows), &mixed);
        self.feed_forward(ops, config, &x)
    }

    /// In parts where the whole would make larger matrices than a pass should.
    fn feed_forward<O: Ops<Matrix = M>>(&self, ops: &O, config: &LlamaConfig, x: &M) -> M {
        let of = |x: &M| {
            let normed = ops.rms_norm(x, &self.post_norm, config.rms_norm_eps);
            let inner = ops.silu_gate(
                &ops.linear(&normed, &self.gate),
                &ops.linear(&normed, &self.up),
            );
            ops.add(x, &ops.linear(&inner, &self.down))
        };
        let [rows, _] = ops.shape(x);
        let most = (ops.most_values() / config.intermediate_size).max(LEAST_ROWS);
        if rows <= most {
            return of(x);
        }
        // Alike in length: a part of one row would be computed in another way.
        let part = rows.div_ceil(rows.div_ceil(most));
        let parts = (0..rows).step_by(part).map(|start| {
            let end = (start + part).min(rows);
            of(&ops.rows(x, start..end))
        });
        ops.concat_rows(&parts.collect::<Vec<_>>())
    }
}
