//! Bases as numbers, and how they are sampled.

pub use genolewm_core::bases::*;

use genolewm_core::limits::UNKNOWN_BP_PER_BYTE;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What packed sequence takes of what its file may unpack to: unknown bases are packed to nearly nothing,
/// and are not kept.
#[must_use]
pub fn packed_cost(text: &[u8]) -> u64 {
    let unknown = text.iter().filter(|&&base| matches!(base, b'N' | b'n'));
    let unknown = unknown.count();
    (text.len() - unknown + unknown.div_ceil(UNKNOWN_BP_PER_BYTE)) as u64
}

/// The random numbers of a stream of a seed.
#[must_use]
pub fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

/// A uniform number below `n`, by multiplication: the bias is below n / 2^64.
pub fn below(rng: &mut impl Rng, n: u64) -> u64 {
    ((u128::from(rng.next_u64()) * u128::from(n)) >> 64) as u64
}

/// A uniform number in `0..1` with 53 random bits.
pub fn unit(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}
