//! Rollouts of batches, and what they cost beside repeated calls.
#![allow(clippy::expect_used, clippy::print_stdout)]

#[path = "../../src/predictor/tests/draws.rs"]
mod draws;

use crate::common::predictor::{CASES, Case};
use crate::common::read;
use draws::{matrix, random};
use genolewm::action::{ALLELE_HEADS, ActionEncoder};
use genolewm::ops::{CpuMatrix, CpuOps, Ops};
use genolewm::predictor::init::{ActionSizes, Initializer};
use genolewm::predictor::{Predictor, PredictorSizes};
use genolewm::rollout::{rollout, rollout_batch};
use genolewm::weights::Weights;
use genolewm_core::edit::RelEdit;
use genolewm_core::position::BpOffset;
use std::time::Instant;

/// A mask was not taken, and more edits than the model has positions for were.
#[test]
fn masked_items_are_followed_as_far_as_their_edits_go() {
    for case in CASES.map(|name| Case::load_on(name, CpuOps::new())) {
        let (ops, predictor) = (&case.ops, &case.predictor);
        let sizes = *predictor.sizes();
        let (items, per_item) = (3, 2.min(sizes.max_actions));
        let states = matrix(ops, items, sizes.d_state, 1);
        let actions = matrix(ops, items * per_item, sizes.d_action, 2);
        let mask: Vec<bool> = [1, per_item, 1]
            .iter()
            .flat_map(|&count| (0..per_item).map(move |place| place < count))
            .collect();
        let batch = rollout_batch(ops, predictor, &states, &actions, &mask, per_item);
        let batch = read(ops, &batch.expect("a rollout"));
        for (item, mask) in mask.chunks(per_item).enumerate() {
            let count = mask.iter().filter(|&&there| there).count();
            let first = item * per_item;
            let alone = rollout(
                ops,
                predictor,
                &ops.rows(&states, item..item + 1),
                &ops.rows(&actions, first..first + count),
            );
            let alone: Vec<f32> = alone
                .expect("a rollout")
                .iter()
                .flat_map(|x| read(ops, x))
                .collect();
            let row = &batch[first * sizes.d_state..][..per_item * sizes.d_state];
            let (own, padding) = row.split_at(alone.len());
            assert!(
                own.iter().zip(&alone).all(|(a, b)| (a - b).abs() < 1e-5),
                "{item}"
            );
            assert!(padding.iter().all(|&value| value == 0.0));
        }
        let refused = |mask: &[bool], per_item| {
            let rows = ops.rows(&actions, 0..mask.len());
            rollout_batch(
                ops,
                predictor,
                &ops.rows(&states, 0..1),
                &rows,
                mask,
                per_item,
            )
            .is_err()
        };
        assert!(refused(&[false, true], 2), "padding comes last");
        assert!(refused(&[false, false], 2), "one edit at least");
        assert!(refused(&[true], 2) && refused(&[true], 0));
        let many = sizes.max_actions + 1;
        let long = matrix(ops, many, sizes.d_action, 3);
        let state = ops.rows(&states, 0..1);
        assert!(rollout(ops, predictor, &state, &long).is_err());
        assert!(rollout_batch(ops, predictor, &state, &long, &vec![true; many], many).is_err());
    }
}

/// The published sizes, but for more positions.
fn published(ops: &CpuOps) -> (ActionEncoder<CpuMatrix>, Predictor<CpuMatrix>) {
    let sizes = PredictorSizes {
        max_actions: 32,
        ..PredictorSizes::default()
    };
    let mut draw = random(1);
    let initializer = Initializer::new(&mut draw);
    let predictor = Weights::from_tensors("predictor", initializer.predictor(&sizes));
    let mut draw = random(2);
    let initializer = Initializer::new(&mut draw);
    let tensors = initializer.action_encoder(&ActionSizes::default());
    let action = Weights::from_tensors("action_encoder", tensors);
    (
        ActionEncoder::load(ops, action, ALLELE_HEADS, 12_288).expect("an action encoder"),
        Predictor::load(ops, predictor, 8).expect("a predictor"),
    )
}

/// The least of several times, in milliseconds: the machine may have other things to do.
fn least(mut work: impl FnMut()) -> f64 {
    let times = (0..9).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e3
    });
    times.fold(f64::INFINITY, f64::min)
}

/// Prints what a rollout costs beside repeated calls, and where its time goes:
/// `cargo nextest run -p genolewm --release --run-ignored only rollouts_beside --no-capture`.
#[test]
#[ignore = "a measurement"]
fn rollouts_beside_repeated_calls() {
    let ops = CpuOps::new();
    let (action, predictor) = published(&ops);
    let d_state = predictor.sizes().d_state;
    for (batch, steps) in [(1, 5), (1, 20), (16, 5), (16, 20)] {
        let edits: Vec<RelEdit> = (0..batch * steps)
            .map(|at| RelEdit::new(BpOffset(at as u64 * 7), "A", "ACG").expect("an edit"))
            .collect();
        let states = matrix(&ops, batch, d_state, 5);
        let repeated = least(|| {
            let mut state = states.clone();
            for edits in edits.chunks(batch) {
                let actions = action.forward(&ops, edits).expect("actions");
                state = predictor.predict(&ops, &state, &actions);
                read(&ops, &state);
            }
        });
        let rolled = least(|| {
            let actions = action.forward(&ops, &edits).expect("actions");
            let steps = rollout(&ops, &predictor, &states, &actions).expect("states");
            steps.iter().for_each(|step| drop(read(&ops, step)));
        });
        let encoded = least(|| drop(action.forward(&ops, &edits).expect("actions")));
        let actions = action.forward(&ops, &edits).expect("actions");
        let prepare = least(|| drop(predictor.prepare(&ops, &actions)));
        let one = predictor.prepare(&ops, &ops.rows(&actions, 0..batch));
        let step = least(|| drop(read(&ops, &predictor.predict_prepared(&ops, &states, &one))));
        println!(
            "batch {batch}, K {steps}: repeated {repeated:.1} ms, rollout {rolled:.1} ms, {:.2} times; of it \
             actions {encoded:.1}, prepared {prepare:.1}, {steps} steps {:.1}",
            repeated / rolled,
            step * steps as f64,
        );
    }
}
