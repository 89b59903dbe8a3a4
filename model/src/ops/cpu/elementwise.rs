//! What is done to every number or every row: over columns, so that lanes are rows.

use super::simd::{Arch, exp};

/// Rows whose running sums stay in registers.
const LANES: usize = 64;

/// `sum += other`.
pub(super) fn add(sum: &mut [f32], other: &[f32]) {
    Arch::default().dispatch(
        #[inline(always)]
        || {
            sum.iter_mut()
                .zip(other)
                .for_each(|(sum, other)| *sum += other)
        },
    );
}

/// Runs `kernel` over blocks of rows: the block's first row and how many it has.
#[inline(always)]
fn each_block(rows: usize, mut kernel: impl FnMut(usize, usize)) {
    let mut first = 0;
    while first < rows {
        let count = LANES.min(rows - first);
        kernel(first, count);
        first += count;
    }
}

/// Adds `term` of every column to running sums, a lane for each row of the block.
#[inline(always)]
fn sums(
    x: &[f32],
    rows: usize,
    [first, count]: [usize; 2],
    term: impl Fn(usize, f32) -> f32,
) -> [f32; LANES] {
    let mut sums = [0.0f32; LANES];
    for column in x.chunks_exact(rows) {
        let values = &column[first..first + count];
        for (lane, (sum, &value)) in sums.iter_mut().zip(values).enumerate() {
            *sum += term(lane, value);
        }
    }
    sums
}

/// `x / sqrt(mean(x²) + eps) · weight`, a row at a time.
pub(super) fn rms_norm(x: &[f32], rows: usize, weight: &[f32], eps: f32, out: &mut [f32]) {
    let width = weight.len() as f32;
    Arch::default().dispatch(
        #[inline(always)]
        || {
            each_block(rows, |first, count| {
                let squares = sums(x, rows, [first, count], |_, value| value * value);
                let scale = squares.map(|sum| 1.0 / (sum / width + eps).sqrt());
                let columns = x.chunks_exact(rows).zip(out.chunks_exact_mut(rows));
                for ((x, out), &weight) in columns.zip(weight) {
                    let values = x[first..first + count].iter().zip(&scale);
                    for (out, (&x, &scale)) in out[first..first + count].iter_mut().zip(values) {
                        *out = x * scale * weight;
                    }
                }
            });
        },
    );
}

/// `(x − mean) / sqrt(var + eps) · weight + bias`, a row at a time, in place.
pub(super) fn layer_norm(x: &mut [f32], rows: usize, weight: &[f32], bias: &[f32], eps: f32) {
    let width = weight.len() as f32;
    Arch::default().dispatch(
        #[inline(always)]
        || {
            each_block(rows, |first, count| {
                let block = [first, count];
                let mean = sums(x, rows, block, |_, value| value).map(|sum| sum / width);
                let off = |lane: usize, value: f32| {
                    let off = value - mean[lane];
                    off * off
                };
                let scale = sums(x, rows, block, off).map(|sum| 1.0 / (sum / width + eps).sqrt());
                for (column, (&weight, &bias)) in
                    x.chunks_exact_mut(rows).zip(weight.iter().zip(bias))
                {
                    let by = mean.iter().zip(&scale);
                    for (x, (&mean, &scale)) in column[first..first + count].iter_mut().zip(by) {
                        *x = (*x - mean) * scale * weight + bias;
                    }
                }
            });
        },
    );
}

/// Each row divided by its L2 norm (at least 1e-12), in place.
pub(super) fn normalize(x: &mut [f32], rows: usize) {
    Arch::default().dispatch(
        #[inline(always)]
        || {
            each_block(rows, |first, count| {
                let norm = sums(x, rows, [first, count], |_, value| value * value)
                    .map(|sum| sum.sqrt().max(1e-12));
                for column in x.chunks_exact_mut(rows) {
                    for (x, norm) in column[first..first + count].iter_mut().zip(&norm) {
                        *x /= norm;
                    }
                }
            });
        },
    );
}

/// Exact GELU, in place.
pub(super) fn gelu(x: &mut [f32]) {
    const HALF_ROOT: f32 = core::f32::consts::FRAC_1_SQRT_2;
    for value in x {
        *value *= 0.5 * (1.0 + libm::erff(*value * HALF_ROOT));
    }
}

/// Turns one head, `[rows, width]`: column `i` with column `i + width / 2`, by `[rows, width / 2]` cosines
/// and sines.
pub(super) fn rotate(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (low, high) = head.split_at_mut(head.len() / 2);
    Arch::default().dispatch(
        #[inline(always)]
        || {
            let by = cos.iter().zip(sin);
            for ((low, high), (&cos, &sin)) in low.iter_mut().zip(high).zip(by) {
                (*low, *high) = (*low * cos - *high * sin, *high * cos + *low * sin);
            }
        },
    );
}

/// `silu(gate) · up`, in place of `gate`: slices of equal length.
pub(super) fn silu_gate(gate: &mut [f32], up: &[f32]) {
    Arch::default().dispatch(
        #[inline(always)]
        || {
            for (gate, &up) in gate.iter_mut().zip(up) {
                *gate *= up / (1.0 + exp(-*gate));
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silu_holds_far_from_zero_too() {
        let values = [-1e4, -90.0, -3.0, -0.0, 0.5, 3.0, 90.0, 1e4];
        let mut gate = values;
        silu_gate(&mut gate, &[2.0; 8]);
        for (ours, x) in gate.into_iter().zip(values) {
            let exact = 2.0 * f64::from(x) / (1.0 + f64::from(-x).exp());
            assert!(
                (f64::from(ours) - exact).abs() <= 1e-6 * exact.abs() + 1e-30,
                "silu({x}) · 2 = {ours}, not {exact}"
            );
        }
        let mut broken = [f32::NAN];
        silu_gate(&mut broken, &[1.0]);
        assert!(broken[0].is_nan(), "what is no number stays none");
    }
}
