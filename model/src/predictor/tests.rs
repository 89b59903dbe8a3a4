mod draws;

use super::init::{ActionSizes, Initializer};
use super::*;
use crate::action::{ALLELE_HEADS, ActionEncoder};
use crate::ops::CpuOps;
use draws::{matrix, random};
use proptest::prelude::*;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

type Matrix = <CpuOps as Ops>::Matrix;

const SIZES: PredictorSizes = PredictorSizes {
    d_state: 6,
    d_action: 5,
    d_hidden: 8,
    ffn_dim: 12,
    cross_blocks: 3,
    self_blocks: 2,
    max_actions: 4,
};

fn fresh(ops: &CpuOps) -> Predictor<Matrix> {
    let tensors = Initializer::new(&mut random(1)).predictor(&SIZES);
    Predictor::load(ops, Weights::from_tensors("fresh", tensors), 2).expect("fresh weights")
}

/// A predictor that predicts something, unlike a fresh one.
fn trained<O: Ops>(ops: &O) -> Predictor<O::Matrix> {
    let mut draw = random(2);
    let mut tensors = Initializer::new(&mut random(1)).predictor(&SIZES);
    for value in tensors.values_mut().flat_map(|tensor| &mut tensor.values) {
        *value += (draw() - 0.5) as f32;
    }
    Predictor::load(ops, Weights::from_tensors("trained", tensors), 2).expect("weights")
}

fn read(ops: &CpuOps, x: &Matrix) -> Vec<f32> {
    let mut future = pin!(ops.read(x));
    loop {
        if let Poll::Ready(values) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return values.expect("the processor answers");
        }
    }
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
}

#[test]
fn a_fresh_predictor_predicts_no_change() {
    let ops = CpuOps::new();
    let (states, actions) = (matrix(&ops, 3, 6, 5), matrix(&ops, 3, 5, 6));
    let predicted = fresh(&ops).predict(&ops, &states, &actions);
    assert!(close(
        &read(&ops, &predicted),
        &read(&ops, &ops.normalize_rows(&states))
    ));
}

#[test]
fn fresh_weights_are_reproducible_and_of_the_contracts_size() {
    let draw = |seed| Initializer::new(&mut random(seed)).predictor(&SIZES);
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
    let count = Initializer::new(&mut || 0.5).predictor(&PredictorSizes::default());
    let count: usize = count.values().map(|tensor| tensor.values.len()).sum();
    assert_eq!((count as f64 / 1e5).round(), 239.0, "{count} parameters");
}

#[test]
fn a_fresh_action_encoder_loads() {
    let ops = CpuOps::new();
    for d_seq in [16, 160] {
        let sizes = ActionSizes {
            d_action: 5,
            d_pos: 4,
            d_type: 3,
            d_seq,
            layers: 1,
            inner: 10,
        };
        let tensors = Initializer::new(&mut random(3)).action_encoder(&sizes);
        let weights = Weights::from_tensors("fresh", tensors);
        let encoder = ActionEncoder::load(&ops, weights, ALLELE_HEADS, 4096).expect("it fits");
        assert_eq!(encoder.d_action(), 5);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// What an item is predicted to become depends neither on the items beside it nor on padding.
    #[test]
    fn items_are_independent(mask in prop::collection::vec(any::<bool>(), 12), seed in 0u64..99) {
        let ops = CpuOps::new();
        let predictor = trained(&ops);
        let (states, actions) = (matrix(&ops, 4, 6, seed), matrix(&ops, 12, 5, seed + 1));
        let together = predictor.forward_batch(&ops, &states, &actions, &mask, 3).expect("a batch");
        let together = read(&ops, &together);
        for item in 0..4 {
            let alone = predictor.forward_batch(
                &ops,
                &ops.rows(&states, item..item + 1),
                &ops.rows(&actions, item * 3..item * 3 + 3),
                &mask[item * 3..item * 3 + 3],
                3,
            );
            let alone = read(&ops, &alone.expect("an item"));
            prop_assert!(close(&alone, &together[item * 18..item * 18 + 18]));
        }
    }

    /// An action sees those before it in the odd blocks only; the self blocks see all. With one
    /// action there is no difference, so the first of a padded item is a single prediction.
    #[test]
    fn a_lone_first_action_is_a_single_prediction(seed in 0u64..99) {
        let ops = CpuOps::new();
        let predictor = trained(&ops);
        let (states, actions) = (matrix(&ops, 1, 6, seed), matrix(&ops, 3, 5, seed + 1));
        let mask = [true, false, false];
        let padded = predictor.forward_batch(&ops, &states, &actions, &mask, 3).expect("a batch");
        let single = predictor.predict(&ops, &states, &ops.rows(&actions, 0..1));
        prop_assert!(close(&read(&ops, &padded)[..6], &read(&ops, &single)));
    }
}

#[cfg(feature = "train")]
#[test]
fn every_parameter_that_matters_has_a_gradient() {
    use burn::tensor::Device;
    let ops = crate::ops::BurnOps::on(Device::flex().autodiff(), "cpu");
    for per_item in [1, 2] {
        let mut predictor = trained(&ops);
        predictor.visit("", &mut |_, _, value| *value = value.clone().require_grad());
        let (states, actions) = (matrix(&ops, 2, 6, 5), matrix(&ops, 2 * per_item, 5, 6));
        let mask = vec![true; 2 * per_item];
        let predicted = predictor.forward_batch(&ops, &states, &actions, &mask, per_item);
        let gradients = predicted
            .expect("a batch")
            .slice(burn::tensor::s![.., 0..3])
            .sum()
            .backward();
        predictor.visit("", &mut |name, _, value| {
            // A state that reads one action gives it weight 1 whatever queries and keys are.
            let idle = per_item == 1
                && ["cross_blocks.0", "cross_blocks.2"]
                    .iter()
                    .any(|block| name.starts_with(block))
                && [".q", ".k"].iter().any(|part| name.ends_with(part));
            assert_eq!(
                value.grad(&gradients).is_none(),
                idle,
                "{name} of {per_item}"
            );
        });
    }
}
