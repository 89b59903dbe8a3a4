//! The predictor: from the state of a reference window and an edit, the state that the edited
//! window should have.
//!
//! Everything is computed in f32 whatever the number of actions, so the Python package's rule that
//! more than 20 of them take f32 holds by itself. Rows of padding are left out rather than masked:
//! nothing reads them, and their predictions are 0.

mod batch;
mod blocks;
pub mod init;

use crate::action::layers::{count_blocks, head_width};
use crate::ops::{Linear, Ops};
use crate::parameters::{Parameters, Role, Visitor, join};
use crate::weights::Weights;
use batch::Batch;
use blocks::{Block, CrossBlock, OutputHead};
use genolewm_core::{Error, ErrorCode, Result};

/// Sizes of a predictor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PredictorSizes {
    /// Width of a state.
    pub d_state: usize,
    /// Width of an action.
    pub d_action: usize,
    /// Width of the blocks.
    pub d_hidden: usize,
    /// Inner width of the feed-forwards.
    pub ffn_dim: usize,
    /// Blocks in which states and actions read each other.
    pub cross_blocks: usize,
    /// Blocks in which they read all alike.
    pub self_blocks: usize,
    /// The most actions of one item.
    pub max_actions: usize,
}

/// Predicts states.
#[derive(Debug, Clone)]
pub struct Predictor<M> {
    sizes: PredictorSizes,
    heads: usize,
    head_width: usize,
    /// Absent where states are as wide as the blocks.
    state_projection: Option<Linear<M>>,
    action_projection: Linear<M>,
    /// Row 0 marks states, row 1 actions.
    token_types: M,
    /// Row 0 is the state's, row `k` the `k`-th action's.
    positions: M,
    cross_blocks: Vec<CrossBlock<M>>,
    self_blocks: Vec<Block<M>>,
    output: OutputHead<M>,
}

/// What single actions contribute that no state changes; see [`Predictor::prepare`].
#[derive(Debug, Clone)]
pub struct PreparedActions<M> {
    /// `[actions, d_hidden]`.
    embedded: M,
    /// What the first block adds to the states.
    first_update: Option<M>,
}

impl<M: Clone> PreparedActions<M> {
    /// Number of actions.
    pub fn len<O: Ops<Matrix = M>>(&self, ops: &O) -> usize {
        ops.shape(&self.embedded)[0]
    }

    /// Some of the actions, in this order.
    #[must_use]
    pub fn gather<O: Ops<Matrix = M>>(&self, ops: &O, rows: &[usize]) -> Self {
        let first_update = self.first_update.as_ref();
        Self {
            embedded: gather(ops, &self.embedded, rows),
            first_update: first_update.map(|update| gather(ops, update, rows)),
        }
    }
}

impl<M: Clone> Predictor<M> {
    /// Takes all tensors of the predictor; its sizes are read off them, and `n_heads` is the
    /// config's.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when a tensor is missing, surplus or misshapen; `CONFIG.GENERIC`
    /// when the heads do not fit.
    pub fn load<O: Ops<Matrix = M>>(ops: &O, mut weights: Weights, n_heads: usize) -> Result<Self> {
        let sizes = PredictorSizes::read(&weights)?;
        let head_width = head_width(sizes.d_hidden, n_heads)?;
        let PredictorSizes {
            d_state,
            d_action,
            d_hidden,
            max_actions,
            ..
        } = sizes;
        let projected = d_state != d_hidden || weights.shape("state_projection.weight").is_some();
        let predictor = Self {
            state_projection: match projected {
                true => Some(weights.linear(ops, "state_projection", d_state, d_hidden, true)?),
                false => None,
            },
            action_projection: weights.linear(
                ops,
                "action_projection",
                d_action,
                d_hidden,
                true,
            )?,
            token_types: weights.matrix(ops, "token_type_embedding.weight", [2, d_hidden])?,
            positions: weights.matrix(
                ops,
                "step_position_embedding.weight",
                [max_actions + 1, d_hidden],
            )?,
            cross_blocks: (0..sizes.cross_blocks)
                .map(|index| CrossBlock::load(ops, &mut weights, index, d_hidden))
                .collect::<Result<_>>()?,
            self_blocks: (0..sizes.self_blocks)
                .map(|index| format!("self_blocks.{index}"))
                .map(|prefix| Block::load(ops, &mut weights, &prefix, d_hidden))
                .collect::<Result<_>>()?,
            output: OutputHead::load(ops, &mut weights, d_hidden, d_state)?,
            heads: n_heads,
            head_width,
            sizes,
        };
        weights.finish()?;
        Ok(predictor)
    }

    /// The sizes.
    #[must_use]
    pub const fn sizes(&self) -> &PredictorSizes {
        &self.sizes
    }

    /// The states after one edit each: row `i` of `states` (`[batch, d_state]`) under row `i` of
    /// `actions` (`[batch, d_action]`).
    pub fn predict<O: Ops<Matrix = M>>(&self, ops: &O, states: &M, actions: &M) -> M {
        self.predict_prepared(ops, states, &self.prepare(ops, actions))
    }

    /// Does all work on single actions that needs no state: `[actions, d_action]`.
    pub fn prepare<O: Ops<Matrix = M>>(&self, ops: &O, actions: &M) -> PreparedActions<M> {
        let embedded = self.embed_actions(ops, actions, &vec![1; ops.shape(actions)[0]]);
        let first_update = match self.cross_blocks.first() {
            Some(CrossBlock::StateReads(block)) => Some(block.single_update(ops, &embedded)),
            _ => None,
        };
        PreparedActions {
            embedded,
            first_update,
        }
    }

    /// [`Self::predict`] with the actions' part done.
    pub fn predict_prepared<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        states: &M,
        actions: &PreparedActions<M>,
    ) -> M {
        let batch = Batch::new(vec![1; ops.shape(states)[0]], self.heads, self.head_width);
        self.run(ops, states, &batch, actions)
    }

    /// The states after `1..=per_item` edits of each item: row `b * per_item + k` of the result is
    /// the state after the edits `0..=k` of item `b`, and 0 where `mask` is false. `states` is
    /// `[batch, d_state]`, `actions` `[batch * per_item, d_action]`, and `mask` has as many
    /// entries as `actions` has rows.
    ///
    /// On a device with gradients, items of one length and no padding are much quicker.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when there are more actions than the model has positions for, or the
    /// shapes do not fit.
    pub fn forward_batch<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        states: &M,
        actions: &M,
        mask: &[bool],
        per_item: usize,
    ) -> Result<M> {
        let items = ops.shape(states)[0];
        self.check(items, ops.shape(actions)[0], mask, per_item)?;
        if per_item == 1 && mask.iter().all(|&there| there) {
            return Ok(self.predict(ops, states, actions));
        }
        let present: Vec<usize> = (0..mask.len()).filter(|&row| mask[row]).collect();
        if present.is_empty() {
            return Ok(ops.matrix(
                vec![0.0; mask.len() * self.sizes.d_state],
                mask.len(),
                self.sizes.d_state,
            ));
        }
        let counts: Vec<usize> = mask
            .chunks_exact(per_item)
            .map(|item| item.iter().filter(|&&there| there).count())
            .collect();
        let busy: Vec<usize> = (0..items).filter(|&item| counts[item] > 0).collect();
        let positions: Vec<usize> = present.iter().map(|row| row % per_item + 1).collect();
        let embedded = self.embed_actions(ops, &gather(ops, actions, &present), &positions);
        let batch = Batch::new(
            counts.into_iter().filter(|&count| count > 0).collect(),
            self.heads,
            self.head_width,
        );
        let prepared = PreparedActions {
            embedded,
            first_update: None,
        };
        let predicted = self.run(ops, &gather(ops, states, &busy), &batch, &prepared);
        Ok(self.with_padding(ops, predicted, mask))
    }

    /// The blocks, and the change that they predict added to the state before each action.
    fn run<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        states: &M,
        batch: &Batch,
        prepared: &PreparedActions<M>,
    ) -> M {
        let mut hidden = self.embed_states(ops, states);
        let mut actions = prepared.embedded.clone();
        let mut first_update = prepared.first_update.as_ref();
        for block in &self.cross_blocks {
            match block {
                CrossBlock::StateReads(block) => {
                    hidden = block.forward(ops, &hidden, &actions, batch, first_update.take());
                }
                CrossBlock::ActionsRead(block) => {
                    actions = block.forward(ops, &hidden, &actions, batch);
                }
            }
        }
        if let Some((last, rest)) = self.self_blocks.split_last() {
            let mut all = batch.interleave(ops, &hidden, &actions);
            for block in rest {
                all = block.forward_all(ops, &all, batch);
            }
            actions = last.forward_actions(ops, &all, batch);
        }
        let change = self.output.forward(ops, &actions);
        ops.normalize_rows(&ops.add(&gather(ops, states, &batch.item_of_action), &change))
    }

    fn embed_states<O: Ops<Matrix = M>>(&self, ops: &O, states: &M) -> M {
        let hidden = match &self.state_projection {
            Some(projection) => ops.linear(states, projection),
            None => states.clone(),
        };
        let mark = ops.add(
            &ops.rows(&self.token_types, 0..1),
            &ops.rows(&self.positions, 0..1),
        );
        ops.add_row(&hidden, &mark)
    }

    fn embed_actions<O: Ops<Matrix = M>>(&self, ops: &O, actions: &M, positions: &[usize]) -> M {
        let hidden = ops.linear(actions, &self.action_projection);
        let kind = ops.rows(&self.token_types, 1..2);
        if positions.iter().all(|&position| position == 1) {
            return ops.add_row(&hidden, &ops.add(&kind, &ops.rows(&self.positions, 1..2)));
        }
        ops.add_row(
            &ops.add(&hidden, &ops.gather(&self.positions, positions)),
            &kind,
        )
    }

    /// Puts rows of zeros where there was padding.
    fn with_padding<O: Ops<Matrix = M>>(&self, ops: &O, predicted: M, mask: &[bool]) -> M {
        let rows = ops.shape(&predicted)[0];
        if rows == mask.len() {
            return predicted;
        }
        let zero = ops.matrix(vec![0.0; self.sizes.d_state], 1, self.sizes.d_state);
        let mut next = 0..rows;
        let sources: Vec<usize> = mask
            .iter()
            .map(|&there| there.then(|| next.next()).flatten().unwrap_or(rows))
            .collect();
        ops.gather(&ops.concat_rows(&[predicted, zero]), &sources)
    }

    fn check(&self, items: usize, rows: usize, mask: &[bool], per_item: usize) -> Result<()> {
        check_actions(per_item, &self.sizes)?;
        if rows != items * per_item || mask.len() != rows {
            return Err(Error::input("states, actions and mask do not fit together")
                .with_detail("items", items)
                .with_detail("actions_per_item", per_item));
        }
        Ok(())
    }
}

/// Refuses so many edits of one state as the predictor has no positions for.
///
/// # Errors
/// `INPUT.GENERIC`, with the most that it takes.
pub fn check_actions(actions: usize, sizes: &PredictorSizes) -> Result<()> {
    if (1..=sizes.max_actions).contains(&actions) {
        return Ok(());
    }
    let message = "the number of edits at once is not one that the predictor was made for";
    Err(Error::input(message)
        .with_detail("actions_per_item", actions)
        .with_detail("max_actions", sizes.max_actions)
        .with_remedy("give one edit at least, and no more than max_actions"))
}

/// All rows in `ids`, without a copy when these are just the rows of `x`.
fn gather<O: Ops>(ops: &O, x: &O::Matrix, ids: &[usize]) -> O::Matrix {
    if ids.len() == ops.shape(x)[0] && ids.iter().enumerate().all(|(row, &id)| row == id) {
        return x.clone();
    }
    ops.gather(x, ids)
}

impl PredictorSizes {
    /// Reads the sizes off the tensors' shapes.
    fn read(weights: &Weights) -> Result<Self> {
        let [positions, d_hidden] = weights.dims("step_position_embedding.weight")?;
        let [_, d_action] = weights.dims("action_projection.weight")?;
        let [d_state, _] = weights.dims("output_mlp.3.weight")?;
        if positions < 2 {
            let message = "the predictor has no position for an action";
            return Err(Error::new(ErrorCode::DeployExportFormat, message)
                .with_remedy("fetch the model again"));
        }
        let cross_blocks = count_blocks(weights, "cross_blocks", "attn.in_proj_weight");
        let self_blocks = count_blocks(weights, "self_blocks", "attn.in_proj_weight");
        let first = if cross_blocks > 0 {
            "cross_blocks"
        } else {
            "self_blocks"
        };
        let [ffn_dim, _] = weights.dims(&format!("{first}.0.ffn.net.0.weight"))?;
        Ok(Self {
            d_state,
            d_action,
            d_hidden,
            ffn_dim,
            cross_blocks,
            self_blocks,
            max_actions: positions - 1,
        })
    }
}

/// The parts of an attention's input projection have names of their own; see
/// [`crate::action::layers::join_input_projections`].
impl<M> Parameters<M> for Predictor<M> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>) {
        if let Some(projection) = &mut self.state_projection {
            projection.visit(&join(prefix, "state_projection"), visit);
        }
        self.action_projection
            .visit(&join(prefix, "action_projection"), visit);
        let token_types = join(prefix, "token_type_embedding.weight");
        visit(&token_types, Role::Table, &mut self.token_types);
        let positions = join(prefix, "step_position_embedding.weight");
        visit(&positions, Role::Table, &mut self.positions);
        for (index, block) in self.cross_blocks.iter_mut().enumerate() {
            block.visit(&join(prefix, &format!("cross_blocks.{index}")), visit);
        }
        for (index, block) in self.self_blocks.iter_mut().enumerate() {
            block.visit(&join(prefix, &format!("self_blocks.{index}")), visit);
        }
        self.output.visit(&join(prefix, "output_mlp"), visit);
    }
}

#[cfg(test)]
mod tests;
