//! Random numbers that weights are drawn from: uniform in an open interval, and normal (Box-Muller).

use rand_core::Rng;

/// A uniform number between 0 and 1, neither of them among them.
pub(super) fn open_unit(rng: &mut impl Rng) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

/// A standard normal number.
pub(super) fn normal(rng: &mut impl Rng) -> f64 {
    let (length, angle) = (open_unit(rng), open_unit(rng));
    (-2.0 * length.ln()).sqrt() * (core::f64::consts::TAU * angle).cos()
}
