//! What loops of vector instructions are made of.

#[cfg(feature = "native")]
pub(super) use pulp::Arch;

/// Without run-time dispatch the target's own features are all there is.
#[cfg(not(feature = "native"))]
#[derive(Debug, Default)]
pub(super) struct Arch(());

#[cfg(not(feature = "native"))]
impl Arch {
    pub(super) fn dispatch<R>(&self, kernel: impl FnOnce() -> R) -> R {
        kernel()
    }
}

/// `eˣ` to 2 units in the last place where it is a normal number, and the nearest such number
/// beyond: a power of two times a polynomial on `[-ln 2 / 2, ln 2 / 2]` (Cephes' `expf`). What is
/// no number stays none. Branch-free, so that it vectorises.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = core::f32::consts::LOG2_E;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    /// Adding and subtracting it rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    // In this order NaN, of which no comparison holds, passes through.
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let n = (x * LOG2_E + ROUND) - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    p * f32::from_bits(((n as i32 + 127) << 23) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_matches_the_library_over_its_range() {
        for step in -20_000..22_000 {
            let x = step as f32 * 0.004;
            let (ours, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!(
                (ours - exact).abs() <= exact * 3e-7,
                "exp({x}) = {ours}, not {exact}"
            );
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
        assert!(exp(f32::INFINITY) > 1e38 && exp(f32::INFINITY).is_finite());
    }

    #[test]
    fn exp_made_a_small_number_of_nan() {
        let mut values = [f32::NAN; 37];
        values[3] = 1.0;
        Arch::default().dispatch(|| values.iter_mut().for_each(|value| *value = exp(*value)));
        assert!(
            values
                .iter()
                .enumerate()
                .all(|(i, x)| x.is_nan() != (i == 3))
        );
        assert!(exp(-f32::NAN).is_nan());
    }
}
