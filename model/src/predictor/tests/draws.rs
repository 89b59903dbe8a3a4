//! Numbers drawn for tests, the same each time.

use super::Ops;

/// A linear congruential generator (Knuth's MMIX constants): enough for tests.
pub(crate) fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A matrix of numbers between -1 and 1.
pub(crate) fn matrix<O: Ops>(ops: &O, rows: usize, width: usize, seed: u64) -> O::Matrix {
    let mut draw = random(seed);
    let values = (0..rows * width).map(|_| (2.0 * draw() - 1.0) as f32);
    ops.matrix(values.collect(), rows, width)
}
