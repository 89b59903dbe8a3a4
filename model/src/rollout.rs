//! Rollout: edits one after another, each on the state that the one before predicts.

use crate::ops::Ops;
use crate::predictor::{Predictor, PreparedActions};
use genolewm_core::{Error, Result};

/// The states after each of `steps` edits, `[batch, d_state]` each. Step `k` is a fresh prediction
/// with one action (so every action has position 1) on the state that step `k - 1` predicted.
/// `actions` holds all steps, one after another: `[steps * batch, d_action]`; what needs no state
/// is computed for all of them at once.
///
/// # Errors
/// `INPUT.GENERIC` when `actions` is not a whole number of steps.
pub fn rollout<O: Ops>(
    ops: &O,
    predictor: &Predictor<O::Matrix>,
    states: &O::Matrix,
    actions: &O::Matrix,
) -> Result<Vec<O::Matrix>> {
    let [batch, _] = ops.shape(states);
    let [rows, _] = ops.shape(actions);
    if batch == 0 || !rows.is_multiple_of(batch) {
        return Err(
            Error::input("a rollout needs one action of each step for every state")
                .with_detail("states", batch)
                .with_detail("actions", rows),
        );
    }
    let prepared = predictor.prepare(ops, actions);
    Ok(rollout_prepared(ops, predictor, states, &prepared))
}

/// [`rollout`] with the actions' part done; rows of the last, incomplete step are ignored.
pub fn rollout_prepared<O: Ops>(
    ops: &O,
    predictor: &Predictor<O::Matrix>,
    states: &O::Matrix,
    prepared: &PreparedActions<O::Matrix>,
) -> Vec<O::Matrix> {
    let [batch, _] = ops.shape(states);
    let steps = prepared.len(ops).checked_div(batch).unwrap_or(0);
    let mut predicted: Vec<O::Matrix> = Vec::with_capacity(steps);
    for step in 0..steps {
        let before = predicted.last().unwrap_or(states);
        let actions = prepared.rows(ops, step * batch..(step + 1) * batch);
        let after = predictor.predict_prepared(ops, before, &actions);
        predicted.push(after);
    }
    predicted
}
