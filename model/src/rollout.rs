//! Rollout: edits one after another, each on the state that the one before predicts.

use crate::ops::Ops;
use crate::predictor::{Predictor, PreparedActions, check_actions};
use genolewm_core::{Error, Result};

/// The states after each of `steps` edits, `[batch, d_state]` each. Step `k` is a fresh prediction
/// with one action (so every action has position 1) on the state that step `k - 1` predicted.
/// `actions` holds all steps, one after another: `[steps * batch, d_action]`; what needs no state
/// is computed for all of them at once.
///
/// # Errors
/// `INPUT.GENERIC` when `actions` is not a whole number of steps, or there are more than the model
/// has positions for.
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
    check_actions(rows / batch, predictor.sizes())?;
    let prepared = predictor.prepare(ops, actions);
    let ids: Vec<usize> = (0..rows).collect();
    let steps: Vec<&[usize]> = ids.chunks(batch).collect();
    Ok(follow(ops, predictor, states, &prepared, &steps))
}

/// The states after each edit of each item, in the layout of [`Predictor::forward_batch`]: row
/// `b * per_item + k` is the state of item `b` after its edits `0..=k`, and 0 where `mask` is false.
///
/// # Errors
/// `INPUT.GENERIC` when the shapes do not fit, there are more edits than the model has positions for,
/// an item has none, or one that counts stands behind one that does not.
pub fn rollout_batch<O: Ops>(
    ops: &O,
    predictor: &Predictor<O::Matrix>,
    states: &O::Matrix,
    actions: &O::Matrix,
    mask: &[bool],
    per_item: usize,
) -> Result<O::Matrix> {
    let [items, width] = ops.shape(states);
    check_actions(per_item, predictor.sizes())?;
    if ops.shape(actions)[0] != mask.len() || mask.len() != items * per_item {
        return Err(Error::input("states, actions and mask do not fit together")
            .with_detail("items", items)
            .with_detail("actions_per_item", per_item));
    }
    let whole = |item: &[bool]| item.first() == Some(&true) && item.is_sorted_by(|a, b| a >= b);
    if !mask.chunks_exact(per_item).all(whole) {
        return Err(Error::input(
            "an item of a rollout has its edits first, one at least, and padding behind them",
        ));
    }
    let prepared = predictor.prepare(ops, actions);
    let steps: Vec<Vec<usize>> = (0..per_item)
        .map(|step| {
            (step..mask.len())
                .step_by(per_item)
                .filter(|&row| mask[row])
                .collect()
        })
        .collect();
    let places: Vec<&[usize]> = steps.iter().map(Vec::as_slice).collect();
    let mut parts = follow(ops, predictor, states, &prepared, &places);
    let padding = steps.iter().map(Vec::len).sum();
    parts.push(ops.matrix(vec![0.0; width], 1, width));
    let mut rows = vec![padding; mask.len()];
    for (predicted, row) in steps.concat().into_iter().enumerate() {
        rows[row] = predicted;
    }
    Ok(ops.gather(&ops.concat_rows(&parts), &rows))
}

/// The states of each step. `steps` names the actions of each, one for every item that is still under
/// way; items that end stay away from then on.
fn follow<O: Ops>(
    ops: &O,
    predictor: &Predictor<O::Matrix>,
    states: &O::Matrix,
    prepared: &PreparedActions<O::Matrix>,
    steps: &[&[usize]],
) -> Vec<O::Matrix> {
    let mut predicted: Vec<O::Matrix> = Vec::with_capacity(steps.len());
    let mut before = states.clone();
    let mut under_way: &[usize] = steps.first().copied().unwrap_or_default();
    for (step, actions) in steps.iter().enumerate() {
        if actions.len() < under_way.len() {
            // An item's action is `step` rows behind its first.
            let goes_on = |row: &usize| actions.binary_search(&(row + 1)).is_ok();
            let rows = under_way.iter().enumerate().filter(|(_, row)| goes_on(row));
            let rows: Vec<usize> = rows.map(|(place, _)| place).collect();
            before = ops.gather(&before, &rows);
        }
        if actions.is_empty() {
            break;
        }
        under_way = steps[step];
        let after = predictor.predict_prepared(ops, &before, &prepared.gather(ops, actions));
        before = after.clone();
        predicted.push(after);
    }
    predicted
}
