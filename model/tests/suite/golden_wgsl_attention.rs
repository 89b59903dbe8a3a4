//! Ragged attention on the GPU against the processor's, over random shapes and masks.
#![cfg(feature = "wgpu")]

use crate::common::compare::{Computation, assert_same, assert_within, matrix, random};
use genolewm::ops::{AttentionSegment, AttentionSpec, Mask, Ops};
use proptest::prelude::*;

#[derive(Debug)]
struct Attended {
    spec: AttentionSpec,
    keys: usize,
    /// Larger scores make sharper weights.
    scale: f32,
    seed: u64,
}

impl Computation for Attended {
    fn run<O: Ops>(&self, ops: &O) -> O::Matrix {
        let spec = &self.spec;
        let queries = spec.segments.last().map_or(0, |last| last.queries.end);
        let mut q = random(queries * spec.heads * spec.head_width, self.seed);
        q.iter_mut().for_each(|value| *value *= self.scale);
        let q = ops.matrix(q, queries, spec.heads * spec.head_width);
        let [k, v] = [1, 2].map(|seed| {
            matrix(
                ops,
                self.keys,
                spec.kv_heads * spec.head_width,
                self.seed + seed,
            )
        });
        ops.attention(&q, &k, &v, spec)
    }
}

/// What one segment of a random call looks like: its queries, the shared and the own keys, the
/// kind of mask, and a number that its details come from.
type Shape = (usize, usize, usize, u8, u64);

impl Attended {
    fn new([kv_heads, group, head_width]: [usize; 3], shapes: &[Shape], seed: u64) -> Self {
        // The rows that prefixes are taken from come first.
        let mut keys = shapes.iter().map(|shape| shape.1).max().unwrap_or(0);
        let mut queries = 0;
        let mut segments = Vec::new();
        for &(count, shared, own, kind, detail) in shapes {
            let own_keys = keys..keys + own;
            let segment = AttentionSegment {
                queries: queries..queries + count,
                keys: [0..shared, own_keys],
                mask: mask(kind, count, shared + own, detail),
            };
            queries += count;
            keys += own;
            segments.push(segment);
        }
        Self {
            spec: AttentionSpec {
                heads: kv_heads * group,
                kv_heads,
                head_width,
                segments,
            },
            keys,
            scale: 4.0,
            seed,
        }
    }
}

/// A mask that leaves every query a key.
fn mask(kind: u8, queries: usize, keys: usize, detail: u64) -> Mask {
    let flags = |count: usize| -> Vec<bool> {
        let visible = random(count, detail);
        visible
            .iter()
            .enumerate()
            .map(|(index, &value)| value > 0.0 || index % keys == detail as usize % keys)
            .collect()
    };
    match kind {
        0 => Mask::Full,
        1 => Mask::Causal {
            first_visible: detail as usize % keys,
        },
        2 => Mask::Keys(flags(keys)),
        _ => Mask::Pairs(flags(queries * keys)),
    }
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let shape = (1..80usize, 0..50usize, 1..80usize, 0..4u8, any::<u64>());
    proptest::collection::vec(shape, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ragged_attention_agrees(
        kv_heads in 1..4usize,
        group in 1..4usize,
        head_width in prop_oneof![1..40usize, Just(64), Just(96), Just(128), Just(130)],
        shapes in shapes(),
        seed in 0..1000u64,
    ) {
        let attended = Attended::new([kv_heads, group, head_width], &shapes, seed);
        assert_same(&format!("{attended:?}"), &attended);
    }
}

#[test]
fn a_query_that_sees_no_key_is_the_mean_of_all() {
    let shapes = [(3, 0, 5, 2, 0)];
    let mut attended = Attended::new([2, 1, 8], &shapes, 3);
    attended.spec.segments[0].mask = Mask::Keys(vec![false; 5]);
    assert_same("nothing visible", &attended);
}

#[test]
fn scores_far_apart_neither_overflow_nor_vanish() {
    let shapes = [(40, 33, 70, 1, 40), (5, 0, 100, 0, 0)];
    let mut attended = Attended::new([2, 2, 32], &shapes, 11);
    attended.scale = 3e3;
    // Weights are as far off as scores of this size are, in f32.
    assert_within("sharp weights", &attended, 1e-3);
}

#[test]
fn more_segments_than_one_axis_takes() {
    let shapes: Vec<Shape> = (0..70_000).map(|_| (1, 0, 1, 0, 0)).collect();
    assert_same("attention", &Attended::new([1, 1, 2], &shapes, 2));
}

#[test]
fn attention_of_several_submissions_agrees() {
    // 3.1e9 multiplications.
    let shapes: Vec<Shape> = (0..6).map(|index| (2_000, 0, 2_000, 1, index)).collect();
    assert_same("much attention", &Attended::new([1, 1, 64], &shapes, 8));
}
