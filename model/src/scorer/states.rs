//! The network's parts by themselves: states, actions and predictions.

use super::batch::Scorer;
use crate::encoder::{EditedWindow, Site};
use crate::ops::Ops;
use crate::predictor::check_actions;
use crate::rollout::rollout_batch;
use genolewm_core::edit::{RelEdit, apply_edits};
use genolewm_core::position::BpOffset;
use genolewm_core::window::canonicalize_dna;
use genolewm_core::{Error, Result};
use std::collections::HashMap;

/// How the state after several edits is predicted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Prediction {
    /// All edits in one call, each of which reads those before it.
    #[default]
    Together,
    /// Edit by edit, each on the state that the one before predicts: a rollout.
    Stepwise,
}

impl Prediction {
    /// The name in flags and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Together => "together",
            Self::Stepwise => "stepwise",
        }
    }

    /// The one of this name.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for any other.
    pub fn by_name(name: &str) -> Result<Self> {
        let all = [Self::Together, Self::Stepwise];
        all.into_iter()
            .find(|one| one.as_str() == name)
            .ok_or_else(|| {
                Error::input("edits are predicted together or stepwise")
                    .with_detail("prediction", name)
            })
    }
}

impl<O: Ops> Scorer<O> {
    /// The state of a window, pooled around `edit_locus` (0-based in the window).
    ///
    /// # Errors
    /// `INPUT.GENERIC` for letters that are no bases, or a locus outside.
    pub async fn encode_window(
        &self,
        window: &str,
        edit_locus: Option<BpOffset>,
    ) -> Result<Vec<f32>> {
        let window = canonicalize_dna(window)?;
        let encoder = &self.bundle().encoder;
        let state = encoder.encode_window(self.ops(), &window, edit_locus)?;
        encoder.read(self.ops(), &state).await
    }

    /// The state that should follow from `state` after all of `edits`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a state of another width, or no edits or too many.
    pub async fn predict(&self, state: Vec<f32>, edits: &[RelEdit]) -> Result<Vec<f32>> {
        let width = state.len();
        let mut states = self.trajectory(state, edits, Prediction::Together).await?;
        let before = states.len().saturating_sub(width);
        Ok(states.split_off(before))
    }

    /// The states that should follow from `state` after the first of `edits`, after the first two,
    /// and so on: `[edits, d_state]` in row-major order.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub async fn trajectory(
        &self,
        state: Vec<f32>,
        edits: &[RelEdit],
        how: Prediction,
    ) -> Result<Vec<f32>> {
        check_actions(edits.len(), self.bundle().predictor.sizes())?;
        let states = self.rows(state, self.bundle().encoder.d_state(), 1)?;
        let all = self.follow(&states, &[edits], how)?;
        self.ops().read(&all).await
    }

    /// The states that should follow from the one `state` after all edits of each sequence:
    /// `[sequences, d_state]` in row-major order.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub async fn predict_sequences(
        &self,
        state: &[f32],
        sequences: &[&[RelEdit]],
        how: Prediction,
    ) -> Result<Vec<f32>> {
        let ops = self.ops();
        let longest = sequences.iter().map(|edits| edits.len()).max().unwrap_or(0);
        for edits in sequences {
            check_actions(edits.len(), self.bundle().predictor.sizes())?;
        }
        let state = self.rows(state.to_vec(), self.bundle().encoder.d_state(), 1)?;
        let states = ops.gather(&state, &vec![0; sequences.len()]);
        let all = self.follow(&states, sequences, how)?;
        let last = |(item, edits): (usize, &&[RelEdit])| item * longest + edits.len() - 1;
        let last: Vec<usize> = sequences.iter().enumerate().map(last).collect();
        ops.read(&ops.gather(&all, &last)).await
    }

    /// The states of the window with the edits of each sequence, `[sequences, d_state]` in row-major order.
    /// All are pooled at `locus`.
    ///
    /// # Errors
    /// As [`encode_window`](Self::encode_window) and [`apply_edits`].
    pub async fn encode_edited(
        &self,
        window: &str,
        sequences: &[&[RelEdit]],
        locus: Option<BpOffset>,
    ) -> Result<Vec<f32>> {
        let window = canonicalize_dna(window)?;
        let edited = |edits: &&[RelEdit]| {
            let bases = apply_edits(&window, edits, true)?;
            Ok(EditedWindow { bases, locus })
        };
        let site = Site {
            reference: &window,
            edits: sequences.iter().map(edited).collect::<Result<_>>()?,
        };
        let states = self.bundle().encoder.encode(self.ops(), &[site])?;
        self.ops().read(&states.edited).await
    }

    /// The states of every sequence after each of its edits, padded to the longest.
    fn follow(
        &self,
        states: &O::Matrix,
        sequences: &[&[RelEdit]],
        how: Prediction,
    ) -> Result<O::Matrix> {
        let (ops, predictor) = (self.ops(), &self.bundle().predictor);
        let per_item = sequences.iter().map(|edits| edits.len()).max().unwrap_or(0);
        // Plans come back to the same edits again and again.
        let (mut unlike, mut places) = (Vec::new(), HashMap::new());
        let mut rows = Vec::with_capacity(sequences.len() * per_item);
        let mut mask = Vec::with_capacity(rows.capacity());
        for edits in sequences {
            for place in 0..per_item {
                let edit = edits.get(place);
                mask.push(edit.is_some());
                rows.push(edit.map_or(0, |edit| {
                    *places.entry(edit).or_insert_with(|| {
                        unlike.push(edit.clone());
                        unlike.len() - 1
                    })
                }));
            }
        }
        let actions = self.bundle().action.forward(ops, &unlike)?;
        let actions = ops.gather(&actions, &rows);
        match how {
            Prediction::Together => predictor.forward_batch(ops, states, &actions, &mask, per_item),
            Prediction::Stepwise => {
                rollout_batch(ops, predictor, states, &actions, &mask, per_item)
            }
        }
    }

    /// The actions of edits, `[edits, d_action]` in row-major order.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when there are none.
    pub async fn encode_actions(&self, edits: &[RelEdit]) -> Result<Vec<f32>> {
        let actions = self.bundle().action.forward(self.ops(), edits)?;
        self.ops().read(&actions).await
    }

    /// The states after one action each: rows of `states` under the rows of `actions`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for rows of another width or number.
    pub async fn predict_batch(&self, states: Vec<f32>, actions: Vec<f32>) -> Result<Vec<f32>> {
        let (ops, bundle) = (self.ops(), self.bundle());
        let d_state = bundle.encoder.d_state();
        let count = states.len() / d_state;
        let states = self.rows(states, d_state, count)?;
        let actions = self.rows(actions, bundle.action.d_action(), count)?;
        ops.read(&bundle.predictor.predict(ops, &states, &actions))
            .await
    }

    /// A matrix of `count` rows of `width`.
    fn rows(&self, values: Vec<f32>, width: usize, count: usize) -> Result<O::Matrix> {
        if count == 0 || values.len() != count * width {
            return Err(Error::input(
                "states or actions have another width or number than the model's",
            )
            .with_detail("found", values.len())
            .with_detail("wanted", count.max(1) * width)
            .with_remedy("give what the encoder of the same model gave"));
        }
        Ok(self.ops().matrix(values, count, width))
    }
}
