//! The network's parts by themselves: states, actions and predictions.

use super::batch::Scorer;
use crate::ops::Ops;
use genolewm_core::edit::RelEdit;
use genolewm_core::position::BpOffset;
use genolewm_core::window::canonicalize_dna;
use genolewm_core::{Error, Result};

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
        let (ops, bundle) = (self.ops(), self.bundle());
        let states = self.rows(state, bundle.encoder.d_state(), 1)?;
        let actions = bundle.action.forward(ops, edits)?;
        let (mask, last) = (vec![true; edits.len()], edits.len().saturating_sub(1));
        let predictor = &bundle.predictor;
        let all = predictor.forward_batch(ops, &states, &actions, &mask, edits.len())?;
        ops.read(&ops.rows(&all, last..edits.len())).await
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
