//! Each operation on the GPU against the same operation on the processor, over random shapes.
#![cfg(feature = "wgpu")]
#![allow(clippy::expect_used, clippy::panic)]

mod common;

use common::{read, wgsl_ops};
use core::ops::Range;
use genolewm_model::ops::{
    AttentionSegment, AttentionSpec, BurnOps, LayerNorm, Linear, Mask, Ops, Rotation, WgslOps,
};
use proptest::prelude::*;
use std::sync::OnceLock;

/// One device for all tests: opening one takes longer than they do.
fn gpu() -> &'static WgslOps {
    static GPU: OnceLock<WgslOps> = OnceLock::new();
    GPU.get_or_init(wgsl_ops)
}

/// Values in `[-1, 1)` that depend on `seed` alone.
fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut value = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| value()).collect()
}

/// A computation on any backend, from matrices of random values.
trait Computation {
    fn run<O: Ops>(&self, ops: &O) -> O::Matrix;
}

/// Runs it on both and compares, relative to the largest value.
fn assert_same(what: &str, computation: &impl Computation) {
    assert_within(what, computation, 1e-5);
}

fn assert_within(what: &str, computation: &impl Computation, tolerance: f32) {
    let cpu = BurnOps::cpu();
    let (ours, theirs) = (computation.run(gpu()), computation.run(&cpu));
    assert_eq!(gpu().shape(&ours), cpu.shape(&theirs), "{what}: shape");
    let (ours, theirs) = (read(gpu(), &ours), read(&cpu, &theirs));
    let largest = theirs.iter().fold(1e-3f32, |most, x| most.max(x.abs()));
    for (index, (a, b)) in ours.iter().zip(&theirs).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * largest,
            "{what}[{index}]: {a} on the GPU, {b} on the processor"
        );
    }
}

/// A matrix of random values.
fn matrix<O: Ops>(ops: &O, rows: usize, columns: usize, seed: u64) -> O::Matrix {
    ops.matrix(random(rows * columns, seed), rows, columns)
}

struct Product {
    rows: usize,
    inner: usize,
    columns: usize,
    bias: bool,
    seed: u64,
}

impl Computation for Product {
    fn run<O: Ops>(&self, ops: &O) -> O::Matrix {
        let x = matrix(ops, self.rows, self.inner, self.seed);
        let layer = Linear {
            weight: matrix(ops, self.inner, self.columns, self.seed + 1),
            bias: self
                .bias
                .then(|| matrix(ops, 1, self.columns, self.seed + 2)),
        };
        ops.linear(&x, &layer)
    }
}

#[derive(Debug, Clone, Copy)]
enum Simple {
    Add,
    AddRow,
    ScaleRows,
    SiluGate,
    Gelu,
    RmsNorm,
    LayerNorm,
    NormalizeRows,
    Rows,
    ConcatColumns,
    ConcatRows,
    ConcatSlices,
}

const SIMPLE: [Simple; 12] = [
    Simple::Add,
    Simple::AddRow,
    Simple::ScaleRows,
    Simple::SiluGate,
    Simple::Gelu,
    Simple::RmsNorm,
    Simple::LayerNorm,
    Simple::NormalizeRows,
    Simple::Rows,
    Simple::ConcatColumns,
    Simple::ConcatRows,
    Simple::ConcatSlices,
];

/// An operation on matrices of one shape, whose values are scaled by `scale`.
struct OneShape {
    op: Simple,
    rows: usize,
    columns: usize,
    scale: f32,
    seed: u64,
}

impl OneShape {
    fn matrix<O: Ops>(&self, ops: &O, rows: usize, seed: u64) -> O::Matrix {
        let mut values = random(rows * self.columns, self.seed + seed);
        values.iter_mut().for_each(|value| *value *= self.scale);
        ops.matrix(values, rows, self.columns)
    }
}

impl Computation for OneShape {
    fn run<O: Ops>(&self, ops: &O) -> O::Matrix {
        let x = self.matrix(ops, self.rows, 0);
        let row = |seed| self.matrix(ops, 1, seed);
        match self.op {
            Simple::Add => ops.add(&x, &self.matrix(ops, self.rows, 1)),
            Simple::AddRow => ops.add_row(&x, &row(1)),
            Simple::ScaleRows => ops.scale_rows(&x, &random(self.rows, self.seed + 1)),
            Simple::SiluGate => ops.silu_gate(&x, &self.matrix(ops, self.rows, 1)),
            Simple::Gelu => ops.gelu(&x),
            Simple::RmsNorm => ops.rms_norm(&x, &row(1), 1e-6),
            Simple::LayerNorm => {
                let norm = LayerNorm {
                    weight: row(1),
                    bias: row(2),
                    eps: 1e-5,
                };
                ops.layer_norm(&x, &norm)
            }
            Simple::NormalizeRows => ops.normalize_rows(&x),
            // Rows that start anywhere, through an operation that has to bind them.
            Simple::Rows => {
                let some = ops.rows(&x, self.rows / 3..self.rows);
                ops.add(&some, &some)
            }
            Simple::ConcatColumns => {
                let other = matrix(ops, self.rows, 3, self.seed + 1);
                ops.concat_columns(&[x, other, self.matrix(ops, self.rows, 2)])
            }
            Simple::ConcatRows => {
                let other = self.matrix(ops, 2, 1);
                ops.concat_rows(&[x.clone(), other, x])
            }
            Simple::ConcatSlices => {
                let middle = self.rows / 2;
                let slices = [middle..self.rows, 0..middle, 0..1];
                let slices = slices.map(|rows| ops.rows(&x, rows));
                let some: Vec<_> = slices
                    .into_iter()
                    .filter(|slice| ops.shape(slice)[0] > 0)
                    .collect();
                ops.concat_rows(&some)
            }
        }
    }
}

struct Turned {
    rows: usize,
    heads: usize,
    half: usize,
    seed: u64,
}

impl Computation for Turned {
    fn run<O: Ops>(&self, ops: &O) -> O::Matrix {
        let x = matrix(ops, self.rows, self.heads * 2 * self.half, self.seed);
        let rotation = Rotation {
            cos: matrix(ops, self.rows, self.half, self.seed + 1),
            sin: matrix(ops, self.rows, self.half, self.seed + 2),
        };
        ops.rotate(&x, self.heads, &rotation)
    }
}

struct Gathered {
    rows: usize,
    columns: usize,
    ids: Vec<usize>,
}

impl Computation for Gathered {
    fn run<O: Ops>(&self, ops: &O) -> O::Matrix {
        ops.gather(&matrix(ops, self.rows, self.columns, 5), &self.ids)
    }
}

struct Means {
    rows: usize,
    columns: usize,
    spans: Vec<[Range<usize>; 2]>,
}

impl Computation for Means {
    fn run<O: Ops>(&self, ops: &O) -> O::Matrix {
        ops.mean_rows(&matrix(ops, self.rows, self.columns, 9), &self.spans)
    }
}

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
    fn products_agree(
        rows in 1..200usize,
        inner in 1..150usize,
        columns in 1..150usize,
        bias: bool,
        seed in 0..1000u64,
    ) {
        let product = Product { rows, inner, columns, bias, seed };
        assert_same(&format!("{rows} x {inner} x {columns}"), &product);
    }

    #[test]
    fn simple_operations_agree(
        op in proptest::sample::select(SIMPLE.to_vec()),
        rows in 1..70usize,
        columns in 1..300usize,
        scale in prop_oneof![Just(0.01f32), Just(1.0), Just(5.0), Just(100.0)],
        seed in 0..1000u64,
    ) {
        let operation = OneShape { op, rows, columns, scale, seed };
        assert_same(&format!("{op:?} of {rows} x {columns} x {scale}"), &operation);
    }

    #[test]
    fn rotations_agree(
        rows in 1..50usize,
        heads in 1..5usize,
        half in 1..40usize,
        seed in 0..1000u64,
    ) {
        assert_same("rotate", &Turned { rows, heads, half, seed });
    }

    #[test]
    fn gathered_rows_agree(
        rows in 1..50usize,
        columns in 1..100usize,
        picks in proptest::collection::vec(any::<proptest::sample::Index>(), 1..200),
    ) {
        let ids = picks.iter().map(|pick| pick.index(rows)).collect();
        assert_same("gather", &Gathered { rows, columns, ids });
    }

    #[test]
    fn means_agree(
        columns in 1..150usize,
        spans in proptest::collection::vec((0..40usize, 0..30usize, 0..40usize, 1..30usize), 1..20),
    ) {
        let spans = spans
            .into_iter()
            .map(|(a, count_a, b, count_b)| [a..a + count_a, b..b + count_b])
            .collect();
        assert_same("mean_rows", &Means { rows: 70, columns, spans });
    }

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
fn every_simple_operation_agrees_on_one_shape() {
    for op in SIMPLE {
        let operation = OneShape {
            op,
            rows: 33,
            columns: 65,
            scale: 3.0,
            seed: 1,
        };
        assert_same(&format!("{op:?}"), &operation);
    }
}

#[test]
fn gelu_is_exact_over_its_range() {
    let values: Vec<f32> = (-6000..6000).map(|step| step as f32 * 1e-3).collect();
    let count = values.len();
    let x = gpu().matrix(values.clone(), 1, count);
    let found = read(gpu(), &gpu().gelu(&x));
    for (&x, &found) in values.iter().zip(&found) {
        let exact = gelu(f64::from(x));
        let error = (f64::from(found) - exact).abs();
        assert!(
            error <= 2e-7 * exact.abs().max(1.0),
            "gelu({x}) = {found}, not {exact}"
        );
    }
}

/// GELU in f64, by the series and the continued fraction of the error function.
fn gelu(x: f64) -> f64 {
    let z = x.abs() / core::f64::consts::SQRT_2;
    let erfc = if z < 2.0 {
        let mut term = z;
        let mut sum = z;
        for n in 1..60 {
            term *= -z * z / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        1.0 - core::f64::consts::FRAC_2_SQRT_PI * sum
    } else {
        let fraction = (1..80).rev().fold(0.0, |f, n| 0.5 * f64::from(n) / (z + f));
        (-z * z).exp() * 0.5 * core::f64::consts::FRAC_2_SQRT_PI / (z + fraction)
    };
    let cdf = if x < 0.0 {
        0.5 * erfc
    } else {
        1.0 - 0.5 * erfc
    };
    x * cdf
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
fn more_workgroups_than_one_axis_takes() {
    let rows = 70_000;
    let wide = |op, columns| OneShape {
        op,
        rows,
        columns,
        scale: 1.0,
        seed: 7,
    };
    assert_same("rms_norm", &wide(Simple::RmsNorm, 3));
    assert_same("layer_norm", &wide(Simple::LayerNorm, 3));
    // 17,920,000 values are 70,000 groups of 256.
    assert_same("add", &wide(Simple::Add, 256));
    let spans = (0..rows).map(|row| [row..row + 2, 0..0]).collect();
    let means = Means {
        rows: rows + 1,
        columns: 2,
        spans,
    };
    assert_same("mean_rows", &means);
    let shapes: Vec<Shape> = (0..rows).map(|_| (1, 0, 1, 0, 0)).collect();
    assert_same("attention", &Attended::new([1, 1, 2], &shapes, 2));
}

#[test]
fn products_of_more_tiles_than_one_axis_takes() {
    let product = Product {
        rows: 65_536 * 64 + 1,
        inner: 1,
        columns: 1,
        bias: true,
        seed: 1,
    };
    assert_same("a tall product", &product);
}

#[test]
fn products_and_attention_of_several_submissions_agree() {
    // 2.6e9 and 2.8e9 multiplications.
    let product = Product {
        rows: 5_000,
        inner: 513,
        columns: 1_027,
        bias: true,
        seed: 4,
    };
    assert_same("a large product", &product);
    let shapes: Vec<Shape> = (0..6).map(|index| (2_000, 0, 2_000, 1, index)).collect();
    assert_same("much attention", &Attended::new([1, 1, 64], &shapes, 8));
}

#[test]
fn tables_larger_than_their_buffer_are_taken() {
    let ids = (0..400_000).map(|index| index % 7).collect();
    let gathered = Gathered {
        rows: 7,
        columns: 2,
        ids,
    };
    assert_same("a large table", &gathered);
}

#[test]
fn nothing_is_a_matrix_too() {
    let none = gpu().matrix(Vec::new(), 0, 5);
    let sum = gpu().add(&none, &none);
    assert_eq!(gpu().shape(&sum), [0, 5]);
    assert!(read(gpu(), &sum).is_empty());
    assert_eq!(gpu().shape(&gpu().mean_rows(&none, &[])), [0, 5]);
}

#[test]
fn threads_share_a_device() {
    std::thread::scope(|scope| {
        for seed in 0..4 {
            scope.spawn(move || {
                for turn in 0..10 {
                    let product = Product {
                        rows: 40 + turn,
                        inner: 33,
                        columns: 50,
                        bias: true,
                        seed: 100 * seed + turn as u64,
                    };
                    assert_same("a shared device", &product);
                }
            });
        }
    });
}
