//! Products of rows with frozen weights, which are packed once.

use super::simd::Arch;
use crate::ops::Precision;
use gemmkit::{GemmScalar, MatMut, MatRef, PackedRhs, Parallelism};
use half::bf16;

/// Weights of `[inputs, outputs]`, as the processor's instructions read them.
pub(super) enum Projection {
    F32(PackedRhs<f32>),
    /// Rows are rounded to bf16 before a product; its sums are kept in f32 and rounded once.
    Bf16(PackedRhs<bf16>),
    /// Whole numbers up to 127, and what one of each column is worth. Rows are made such numbers before
    /// a product, whose sums are exact.
    Int8 {
        weights: PackedRhs<i8>,
        scales: Vec<f32>,
    },
}

impl Projection {
    /// Packs values that are stored `[outputs, inputs]`.
    pub(super) fn new(values: &[f32], inputs: usize, outputs: usize, precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::F32(packed(values, inputs, outputs)),
            Precision::Bf16 => Self::Bf16(packed(&rounded(values), inputs, outputs)),
            Precision::Int8 => {
                let columns = values.chunks_exact(inputs.max(1));
                let scales: Vec<f32> = columns
                    .clone()
                    .map(|column| scale(largest(column)))
                    .collect();
                let column = |(column, &scale): (&[f32], &f32)| {
                    column
                        .iter()
                        .map(|&value| whole(value / scale))
                        .collect::<Vec<i8>>()
                };
                let whole: Vec<i8> = columns.zip(&scales).flat_map(column).collect();
                let weights = MatRef::from_col_major(&whole, inputs, outputs);
                Self::Int8 {
                    weights: gemmkit::prepack_rhs_i8(weights),
                    scales,
                }
            }
        }
    }

    /// `x · weights + bias`, one column after another.
    pub(super) fn apply(&self, x: &[f32], rows: usize, bias: Option<&[f32]>) -> Vec<f32> {
        match self {
            Self::F32(weights) => with_bias(x, rows, weights, bias),
            Self::Bf16(weights) => {
                let mut sums = vec![bf16::ZERO; rows * weights.cols()];
                let x = rounded(x);
                let x = MatRef::from_col_major(&x, rows, weights.rows());
                multiplied(x, weights, bf16::ZERO, &mut sums);
                let mut out: Vec<f32> = Arch::default().dispatch(
                    #[inline(always)]
                    || sums.iter().map(|sum| sum.to_f32()).collect(),
                );
                add_to_columns(&mut out, rows, bias);
                out
            }
            Self::Int8 { weights, scales } => {
                let (whole, worth) = whole_rows(x, rows);
                let mut sums = vec![0; rows * weights.cols()];
                gemmkit::gemm_i8_packed_b(
                    1,
                    MatRef::from_col_major(&whole, rows, weights.rows()),
                    weights,
                    0,
                    MatMut::from_col_major(&mut sums, rows, weights.cols()),
                    Parallelism::Serial,
                );
                let mut out = widened(&sums, &worth, scales);
                add_to_columns(&mut out, rows, bias);
                out
            }
        }
    }
}

fn packed<T: GemmScalar>(values: &[T], inputs: usize, outputs: usize) -> PackedRhs<T> {
    gemmkit::prepack_rhs(MatRef::from_col_major(values, inputs, outputs))
}

/// `out = x · weights + beta · out`. Over packed weights a row of the product is the same bits whatever
/// other rows there are; other ways to multiply depend on how many.
pub(super) fn multiplied<T: GemmScalar>(
    x: MatRef<'_, T>,
    weights: &PackedRhs<T>,
    beta: T,
    out: &mut [T],
) {
    let out = MatMut::from_col_major(out, x.rows(), weights.cols());
    gemmkit::gemm_packed_b(T::ONE, x, weights, beta, out, Parallelism::Serial);
}

fn with_bias(x: &[f32], rows: usize, weights: &PackedRhs<f32>, bias: Option<&[f32]>) -> Vec<f32> {
    let (beta, mut out) = started(rows, weights.cols(), bias);
    multiplied(
        MatRef::from_col_major(x, rows, weights.rows()),
        weights,
        beta,
        &mut out,
    );
    out
}

/// `x · b + bias` of matrices that both lie one column after another.
pub(super) fn product(x: &[f32], rows: usize, b: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let inputs = x.len().checked_div(rows).unwrap_or(0);
    let columns = b.len().checked_div(inputs).unwrap_or(0);
    with_bias(x, rows, &packed(b, inputs, columns), bias)
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

fn add_to_columns(out: &mut [f32], rows: usize, bias: Option<&[f32]>) {
    for (column, bias) in out
        .chunks_exact_mut(rows.max(1))
        .zip(bias.unwrap_or_default())
    {
        column.iter_mut().for_each(|value| *value += bias);
    }
}

fn rounded(values: &[f32]) -> Vec<bf16> {
    Arch::default().dispatch(
        #[inline(always)]
        || values.iter().map(|&value| bf16::from_f32(value)).collect(),
    )
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
}

/// What one is worth where `largest` is 127; what is no number stays none.
fn scale(largest: f32) -> f32 {
    if largest == 0.0 { 1.0 } else { largest / 127.0 }
}

#[inline(always)]
fn whole(value: f32) -> i8 {
    value.round_ties_even() as i8
}

/// Rows as whole numbers, one column after another, and what one of each row is worth.
fn whole_rows(x: &[f32], rows: usize) -> (Vec<i8>, Vec<f32>) {
    Arch::default().dispatch(
        #[inline(always)]
        || {
            let mut worth = vec![0.0f32; rows];
            for column in x.chunks_exact(rows.max(1)) {
                for (most, value) in worth.iter_mut().zip(column) {
                    let value = value.abs();
                    // What is no number is kept.
                    *most = if value > *most || value.is_nan() {
                        value
                    } else {
                        *most
                    };
                }
            }
            worth.iter_mut().for_each(|most| *most = scale(*most));
            let by: Vec<f32> = worth.iter().map(|worth| 1.0 / worth).collect();
            let mut all = vec![0; x.len()];
            let columns = all
                .chunks_exact_mut(rows.max(1))
                .zip(x.chunks_exact(rows.max(1)));
            for (all, column) in columns {
                for ((all, value), by) in all.iter_mut().zip(column).zip(&by) {
                    *all = whole(value * by);
                }
            }
            (all, worth)
        },
    )
}

/// Sums of whole numbers as what they are worth.
fn widened(sums: &[i32], of_rows: &[f32], of_columns: &[f32]) -> Vec<f32> {
    Arch::default().dispatch(
        #[inline(always)]
        || {
            let mut out = vec![0.0; sums.len()];
            let columns = out.chunks_exact_mut(of_rows.len().max(1));
            let sums = sums.chunks_exact(of_rows.len().max(1));
            for ((out, sums), of_column) in columns.zip(sums).zip(of_columns) {
                for ((out, &sum), of_row) in out.iter_mut().zip(sums).zip(of_rows) {
                    *out = sum as f32 * of_row * of_column;
                }
            }
            out
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRECISIONS: [Precision; 3] = [Precision::F32, Precision::Bf16, Precision::Int8];

    fn wave(count: usize, step: f32) -> Vec<f32> {
        (0..count)
            .map(|index| (index as f32 * step).sin())
            .collect()
    }

    /// `[inputs, rows]` and `[outputs, inputs]`, by plain loops.
    fn plain(x: &[f32], rows: usize, weights: &[f32], inputs: usize, bias: &[f32]) -> Vec<f32> {
        let of = |(weights, bias): (&[f32], &f32)| {
            let row = |row: usize| {
                let terms = weights
                    .iter()
                    .enumerate()
                    .map(|(at, w)| f64::from(x[at * rows + row]) * f64::from(*w));
                (terms.sum::<f64>() + f64::from(*bias)) as f32
            };
            (0..rows).map(row).collect::<Vec<_>>()
        };
        weights
            .chunks_exact(inputs)
            .zip(bias)
            .flat_map(of)
            .collect()
    }

    #[test]
    fn products_are_those_of_plain_loops_within_their_precision() {
        for (rows, inputs, outputs) in [(1, 5, 3), (7, 64, 17), (33, 130, 48), (100, 31, 65)] {
            let (x, weights) = (wave(rows * inputs, 0.37), wave(inputs * outputs, 0.91));
            let bias = wave(outputs, 0.5);
            let exact = plain(&x, rows, &weights, inputs, &bias);
            for (precision, tolerance) in PRECISIONS.into_iter().zip([1e-5, 2e-2, 0.1]) {
                let ours = Projection::new(&weights, inputs, outputs, precision);
                let ours = ours.apply(&x, rows, Some(&bias));
                let largest = largest(&exact).max(1.0);
                for (ours, exact) in ours.iter().zip(&exact) {
                    let off = (ours - exact).abs() / largest;
                    assert!(off <= tolerance, "{precision}: {ours}, not {exact}");
                }
            }
        }
    }

    #[test]
    fn a_row_was_another_beside_others() {
        let (inputs, outputs, rows) = (96, 40, 70);
        let (x, weights) = (wave(rows * inputs, 0.37), wave(inputs * outputs, 0.91));
        for precision in PRECISIONS {
            let weights = Projection::new(&weights, inputs, outputs, precision);
            let all = weights.apply(&x, rows, None);
            for count in [1, 3, 16, 33, 64] {
                let first: Vec<f32> = x
                    .chunks_exact(rows)
                    .flat_map(|column| &column[..count])
                    .copied()
                    .collect();
                let alone = weights.apply(&first, count, None);
                for (all, alone) in all.chunks_exact(rows).zip(alone.chunks_exact(count)) {
                    assert_eq!(all[..count], *alone, "{precision}, {count} rows");
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        for precision in PRECISIONS {
            let weights = Projection::new(&[1.0; 12], 4, 3, precision);
            let out = weights.apply(&[1.0, 1.0, f32::NAN, 1.0, 1.0, 1.0, 1.0, 1.0], 2, None);
            for column in out.chunks_exact(2) {
                assert!(
                    column[0].is_nan() && column[1].is_finite(),
                    "{precision}: {out:?}"
                );
            }
        }
    }
}
