//! Each operation on the GPU against the same operation on the processor, over random shapes.
#![cfg(feature = "wgpu")]
#![allow(clippy::expect_used, clippy::panic)]

use crate::common::compare::{
    Computation, Product, STORED, StoredProduct, assert_same, gpu, matrix, random, stored,
};
use crate::common::read;
use core::ops::Range;
use genolewm::ops::{LayerNorm, Linear, Ops, Rotation, transpose};
use genolewm::tensor::{Tensor, TensorType};
use half::f16;
use proptest::prelude::*;

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
                let some: Vec<_> = slices
                    .into_iter()
                    .filter(|rows| !rows.is_empty())
                    .map(|rows| ops.rows(&x, rows))
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

/// The same with the rests of sums.
struct MeansInF64(Means);

impl Computation for MeansInF64 {
    fn run<O: Ops>(&self, ops: &O) -> O::Matrix {
        let Means {
            rows,
            columns,
            spans,
        } = &self.0;
        ops.unit_rows(&ops.mean_rows_in_f64(&matrix(ops, *rows, *columns, 9), spans))
    }
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
    fn products_with_stored_weights_agree(
        kind in proptest::sample::select(STORED.to_vec()),
        rows in 1..150usize,
        inner in 1..150usize,
        columns in 1..150usize,
        bias: bool,
        seed in 0..1000u64,
    ) {
        // Int4 fills whole bytes.
        let of = Product { rows, inner: 2 * inner, columns, bias, seed };
        let what = format!("{kind:?}: {rows} x {} x {columns}", 2 * inner);
        assert_same(&what, &StoredProduct { kind, of });
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
        let means = Means { rows: 70, columns, spans };
        assert_same("mean_rows", &means);
        assert_same("mean_rows_in_f64", &MeansInF64(means));
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

/// The product of the rows of one with weights: the weights themselves, `[inputs, outputs]`.
fn widened(weights: &Tensor<'_>) -> Vec<f32> {
    let [outputs, inputs] = weights.shape() else {
        panic!("no matrix");
    };
    let one = |place: usize| f32::from(u8::from(place.is_multiple_of(inputs + 1)));
    let ones = (0..inputs * inputs).map(one).collect();
    let layer = Linear {
        weight: gpu().stored_projection(weights, *inputs, *outputs),
        bias: None,
    };
    let ones = gpu().matrix(ones, *inputs, *inputs);
    transpose(
        &read(gpu(), &gpu().linear(&ones, &layer)),
        *inputs,
        *outputs,
    )
}

#[test]
fn stored_weights_are_widened_to_the_bit() {
    for kind in STORED {
        for (columns, inner) in [(1, 2), (67, 34), (130, 258)] {
            let weights = stored(kind, columns, inner, 3);
            assert_eq!(widened(&weights), weights.to_f32(), "{kind:?}");
        }
    }
}

#[test]
fn every_half_is_widened_to_the_bit() {
    let finite = (0..=u16::MAX).filter(|&bits| f16::from_bits(bits).is_finite());
    let bytes: Vec<u8> = finite.flat_map(u16::to_le_bytes).collect();
    let shape = vec![bytes.len() / 2 / 256, 256];
    let weights = Tensor::new(TensorType::F16, shape, bytes, Vec::new()).expect("whole rows");
    assert_eq!(widened(&weights), weights.to_f32());
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
fn products_of_several_submissions_agree() {
    // 2.6e9 multiplications.
    let product = Product {
        rows: 5_000,
        inner: 513,
        columns: 1_027,
        bias: true,
        seed: 4,
    };
    assert_same("a large product", &product);
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
