//! Sines and cosines of an edit's position, in the f32 arithmetic that models are trained with.
//!
//! A window is thousands of bases long, so the last bit of a frequency moves an angle by 1e-4 and
//! an action by more than the parity tolerance. Rounding therefore follows PyTorch's on the CPU,
//! step by step, on every machine.

use core::f32::consts::LOG2_E;

/// The angle per base of each pair of features: `exp(-i * ln(max_window_bp) / max(count - 1, 1))`
/// for `i` in `0..count`.
pub(super) fn frequencies(count: usize, max_window_bp: usize) -> Vec<f32> {
    let step = -(max_window_bp as f64).ln() / count.saturating_sub(1).max(1) as f64;
    (0..count).map(|i| exp(i as f32 * step as f32)).collect()
}

/// Appends the sines, then the cosines of a position.
pub(super) fn push_features(values: &mut Vec<f32>, position_bp: u64, frequencies: &[f32]) {
    let position = position_bp as f32;
    let angles = frequencies
        .iter()
        .map(|frequency| f64::from(position * frequency));
    values.extend(angles.clone().map(|angle| angle.sin() as f32));
    values.extend(angles.map(|angle| angle.cos() as f32));
}

/// The exponential to 1 ulp, with the coefficients and order of operations of SLEEF's `expf`
/// (Shibata and Petrogalli 2020, doi:10.1109/TPDS.2019.2960333), which PyTorch calls. For results
/// that are normal numbers.
fn exp(x: f32) -> f32 {
    /// ln 2 in two parts: the first has few digits, so that its multiples are exact.
    const LN2: [f32; 2] = [0.693_145_75, 1.428_606_8e-6];
    const COEFFICIENTS: [f32; 6] = [
        0.000_198_527_62,
        0.001_393_043_6,
        0.008_333_361,
        0.041_666_485,
        0.166_666_67,
        0.5,
    ];
    let twos = (x * LOG2_E).round_ties_even();
    let rest = twos.mul_add(-LN2[1], twos.mul_add(-LN2[0], x));
    let tail = COEFFICIENTS
        .iter()
        .copied()
        .reduce(|sum, next| sum.mul_add(rest, next));
    let fraction = (rest * rest).mul_add(tail.unwrap_or(0.5), rest);
    (1.0 + fraction) * twos.exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_right_to_the_last_bit_but_one() {
        for step in 0..2000 {
            let x = -(step as f32) * 0.006;
            let exact = f64::from(x).exp() as f32;
            assert!(exp(x).to_bits().abs_diff(exact.to_bits()) <= 1, "exp({x})");
        }
    }

    #[test]
    fn frequencies_fall_from_one_to_one_turn_a_window() {
        let frequencies = frequencies(8, 4096);
        assert_eq!(frequencies[0], 1.0);
        assert!((frequencies[7] * 4096.0 - 1.0).abs() < 1e-5);
        let mut features = Vec::new();
        push_features(&mut features, 0, &frequencies);
        assert_eq!(features, [[0.0; 8], [1.0; 8]].concat());
    }
}
