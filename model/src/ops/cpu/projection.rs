//! Products of rows with frozen weights, which are packed once.

use crate::ops::Precision;
use gemmkit::{MatMut, MatRef, PackedRhs, Parallelism};
use half::bf16;

/// Weights of `[inputs, outputs]`, as the processor's instructions read them.
pub(super) enum Projection {
    F32(PackedRhs<f32>),
    /// Rows are rounded to bf16 before a product; its sums are kept in f32 and rounded once.
    Bf16(PackedRhs<bf16>),
}

impl Projection {
    /// Packs values that are stored `[outputs, inputs]`.
    pub(super) fn new(values: &[f32], inputs: usize, outputs: usize, precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::F32(packed(values, inputs, outputs)),
            Precision::Bf16 => Self::Bf16(packed(&rounded(values), inputs, outputs)),
        }
    }

    /// `x · weights + bias`, one column after another.
    pub(super) fn apply(&self, x: &[f32], rows: usize, bias: Option<&[f32]>) -> Vec<f32> {
        match self {
            Self::F32(weights) => {
                let (beta, mut out) = started(rows, weights.cols(), bias);
                let c = MatMut::from_col_major(&mut out, rows, weights.cols());
                let a = MatRef::from_col_major(x, rows, weights.rows());
                gemmkit::gemm_packed_b(1.0, a, weights, beta, c, Parallelism::Serial);
                out
            }
            Self::Bf16(weights) => {
                let x = rounded(x);
                let mut sums = vec![bf16::ZERO; rows * weights.cols()];
                let c = MatMut::from_col_major(&mut sums, rows, weights.cols());
                let a = MatRef::from_col_major(&x, rows, weights.rows());
                gemmkit::gemm_packed_b(bf16::ONE, a, weights, bf16::ZERO, c, Parallelism::Serial);
                widened(&sums, rows, bias)
            }
        }
    }
}

fn packed<T: gemmkit::GemmScalar>(values: &[T], inputs: usize, outputs: usize) -> PackedRhs<T> {
    gemmkit::prepack_rhs(MatRef::from_col_major(values, inputs, outputs))
}

/// `x · b + bias` of matrices that both lie one column after another.
pub(super) fn product(x: &[f32], rows: usize, b: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let inputs = x.len().checked_div(rows).unwrap_or(0);
    let columns = b.len().checked_div(inputs).unwrap_or(0);
    let (beta, mut out) = started(rows, columns, bias);
    gemmkit::gemm(
        1.0,
        MatRef::from_col_major(x, rows, inputs),
        MatRef::from_col_major(b, inputs, columns),
        beta,
        MatMut::from_col_major(&mut out, rows, columns),
        Parallelism::Serial,
    );
    out
}

/// What a product is added to, and by what that is multiplied first.
fn started(rows: usize, columns: usize, bias: Option<&[f32]>) -> (f32, Vec<f32>) {
    match bias {
        Some(bias) => {
            let column = |&value| core::iter::repeat_n(value, rows);
            (1.0, bias.iter().flat_map(column).collect())
        }
        None => (0.0, vec![0.0; rows * columns]),
    }
}

fn rounded(values: &[f32]) -> Vec<bf16> {
    values.iter().map(|&value| bf16::from_f32(value)).collect()
}

/// Sums of `[rows, columns]` in f32, with the bias of their column.
fn widened(sums: &[bf16], rows: usize, bias: Option<&[f32]>) -> Vec<f32> {
    let mut out: Vec<f32> = sums.iter().map(|sum| sum.to_f32()).collect();
    if let Some(bias) = bias {
        for (column, bias) in out.chunks_exact_mut(rows.max(1)).zip(bias) {
            column.iter_mut().for_each(|value| *value += bias);
        }
    }
    out
}
