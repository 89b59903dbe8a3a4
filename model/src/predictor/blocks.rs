//! The predictor's blocks. All normalise before they read.

use super::batch::Batch;
use crate::action::layers::{Attention, FeedForward};
use crate::ops::{LayerNorm, Linear, Ops};
use crate::parameters::{Parameters, Visitor, join};
use crate::weights::Weights;
use genolewm_core::Result;

/// A cross block; they alternate, states first.
#[derive(Debug, Clone)]
pub(super) enum CrossBlock<M> {
    /// Each state reads its actions.
    StateReads(Block<M>),
    /// Each action reads its state and the actions up to itself.
    ActionsRead(ActionBlock<M>),
}

/// Changes the actions.
#[derive(Debug, Clone)]
pub(super) struct ActionBlock<M> {
    query_norm: LayerNorm<M>,
    memory_norm: LayerNorm<M>,
    tail: Tail<M>,
}

/// Changes the states, or states and actions. One norm serves both sides.
#[derive(Debug, Clone)]
pub(super) struct Block<M> {
    norm: LayerNorm<M>,
    tail: Tail<M>,
}

/// What all blocks have: attention, and the feed-forward with its norm.
#[derive(Debug, Clone)]
struct Tail<M> {
    attention: Attention<M>,
    norm: LayerNorm<M>,
    feed_forward: FeedForward<M>,
}

/// From an action's row to the change of the state.
#[derive(Debug, Clone)]
pub(super) struct OutputHead<M> {
    inner: Linear<M>,
    norm: LayerNorm<M>,
    outer: Linear<M>,
}

impl<M: Clone> CrossBlock<M> {
    pub(super) fn load<O: Ops<Matrix = M>>(
        ops: &O,
        weights: &mut Weights,
        index: usize,
        width: usize,
    ) -> Result<Self> {
        let prefix = format!("cross_blocks.{index}");
        if index.is_multiple_of(2) {
            return Block::load(ops, weights, &prefix, width).map(Self::StateReads);
        }
        let tail = Tail::load(ops, weights, &prefix, width)?;
        let mut norm = |name: &str| weights.layer_norm(ops, &format!("{prefix}.{name}"), width);
        Ok(Self::ActionsRead(ActionBlock {
            query_norm: norm("query_norm")?,
            memory_norm: norm("memory_norm")?,
            tail,
        }))
    }
}

impl<M> Parameters<M> for CrossBlock<M> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>) {
        match self {
            Self::StateReads(block) => block.visit(prefix, visit),
            Self::ActionsRead(block) => {
                block.query_norm.visit(&join(prefix, "query_norm"), visit);
                block.memory_norm.visit(&join(prefix, "memory_norm"), visit);
                block.tail.visit(prefix, visit);
            }
        }
    }
}

impl<M: Clone> Block<M> {
    pub(super) fn load<O: Ops<Matrix = M>>(
        ops: &O,
        weights: &mut Weights,
        prefix: &str,
        width: usize,
    ) -> Result<Self> {
        let tail = Tail::load(ops, weights, prefix, width)?;
        Ok(Self {
            norm: weights.layer_norm(ops, &format!("{prefix}.attn_norm"), width)?,
            tail,
        })
    }

    /// What the block adds to a state that reads one action, which no state changes.
    pub(super) fn single_update<O: Ops<Matrix = M>>(&self, ops: &O, actions: &M) -> M {
        self.tail
            .attention
            .forward_single_key(ops, &ops.layer_norm(actions, &self.norm))
    }

    /// The states after reading. `update` is [`Self::single_update`], where it is known already.
    pub(super) fn forward<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        states: &M,
        actions: &M,
        batch: &Batch,
        update: Option<&M>,
    ) -> M {
        let update = match update {
            Some(update) => update.clone(),
            None if batch.single => self.single_update(ops, actions),
            None => {
                let queries = ops.layer_norm(states, &self.norm);
                let memory = ops.layer_norm(actions, &self.norm);
                self.tail
                    .attention
                    .forward(ops, &queries, &memory, &batch.states_read)
            }
        };
        self.tail.feed(ops, ops.add(states, &update))
    }

    /// All interleaved rows after reading.
    pub(super) fn forward_all<O: Ops<Matrix = M>>(&self, ops: &O, all: &M, batch: &Batch) -> M {
        let normed = ops.layer_norm(all, &self.norm);
        let update = self
            .tail
            .attention
            .forward(ops, &normed, &normed, &batch.all_read);
        self.tail.feed(ops, ops.add(all, &update))
    }

    /// The actions alone after reading: after the last block nothing reads the states.
    pub(super) fn forward_actions<O: Ops<Matrix = M>>(&self, ops: &O, all: &M, batch: &Batch) -> M {
        let normed = ops.layer_norm(all, &self.norm);
        let queries = batch.actions_of(ops, &normed);
        let update = self
            .tail
            .attention
            .forward(ops, &queries, &normed, &batch.actions_read_all);
        self.tail
            .feed(ops, ops.add(&batch.actions_of(ops, all), &update))
    }
}

impl<M: Clone> ActionBlock<M> {
    /// The actions after reading.
    pub(super) fn forward<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        states: &M,
        actions: &M,
        batch: &Batch,
    ) -> M {
        let queries = ops.layer_norm(actions, &self.query_norm);
        let memory = batch.interleave(ops, states, actions);
        let memory = ops.layer_norm(&memory, &self.memory_norm);
        let update = self
            .tail
            .attention
            .forward(ops, &queries, &memory, &batch.actions_read);
        self.tail.feed(ops, ops.add(actions, &update))
    }
}

impl<M> Parameters<M> for Block<M> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>) {
        self.norm.visit(&join(prefix, "attn_norm"), visit);
        self.tail.visit(prefix, visit);
    }
}

impl<M: Clone> Tail<M> {
    fn load<O: Ops<Matrix = M>>(
        ops: &O,
        weights: &mut Weights,
        prefix: &str,
        width: usize,
    ) -> Result<Self> {
        let [inner, outer] = feed_forward_names(prefix);
        Ok(Self {
            attention: Attention::load(ops, weights, &format!("{prefix}.attn"), width)?,
            norm: weights.layer_norm(ops, &format!("{prefix}.ffn_norm"), width)?,
            feed_forward: FeedForward::load(ops, weights, [&inner, &outer], width)?,
        })
    }

    fn feed<O: Ops<Matrix = M>>(&self, ops: &O, x: M) -> M {
        let normed = ops.layer_norm(&x, &self.norm);
        ops.add(&x, &self.feed_forward.forward(ops, &normed))
    }
}

impl<M> Parameters<M> for Tail<M> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>) {
        let [inner, outer] = feed_forward_names(prefix);
        self.attention.visit(&join(prefix, "attn"), visit);
        self.norm.visit(&join(prefix, "ffn_norm"), visit);
        self.feed_forward.visit([&inner, &outer], visit);
    }
}

impl<M: Clone> OutputHead<M> {
    pub(super) fn load<O: Ops<Matrix = M>>(
        ops: &O,
        weights: &mut Weights,
        d_hidden: usize,
        d_state: usize,
    ) -> Result<Self> {
        let [inner, _] = weights.dims::<2>("output_mlp.0.weight")?;
        Ok(Self {
            inner: weights.linear(ops, "output_mlp.0", d_hidden, inner, true)?,
            norm: weights.layer_norm(ops, "output_mlp.2", inner)?,
            outer: weights.linear(ops, "output_mlp.3", inner, d_state, true)?,
        })
    }

    pub(super) fn forward<O: Ops<Matrix = M>>(&self, ops: &O, x: &M) -> M {
        let inner = ops.gelu(&ops.linear(x, &self.inner));
        ops.linear(&ops.layer_norm(&inner, &self.norm), &self.outer)
    }
}

impl<M> Parameters<M> for OutputHead<M> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>) {
        self.inner.visit(&join(prefix, "0"), visit);
        self.norm.visit(&join(prefix, "2"), visit);
        self.outer.visit(&join(prefix, "3"), visit);
    }
}

fn feed_forward_names(prefix: &str) -> [String; 2] {
    ["ffn.net.0", "ffn.net.2"].map(|name| join(prefix, name))
}
