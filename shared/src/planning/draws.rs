//! Random choices from one seeded stream.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A seeded stream of choices, the same on every platform.
#[derive(Debug, Clone)]
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A uniform index below `n`, by multiplication: the bias is below n / 2^64.
    pub(super) fn index_below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// An index by weight; `None` when all weights are 0.
    pub(super) fn weighted(&mut self, weights: &[f64]) -> Option<usize> {
        let total: f64 = weights.iter().sum();
        // 53 random bits make a uniform number in 0..1.
        let mut left = (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 * total;
        for (index, &weight) in weights.iter().enumerate() {
            if left < weight {
                return Some(index);
            }
            left -= weight;
        }
        // Rounding may step over the end.
        weights.iter().rposition(|weight| *weight > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_respected() {
        let mut draws = Draws::new(1);
        let mut counts = [0_u32; 4];
        for _ in 0..8_000 {
            if let Some(index) = draws.weighted(&[1.0, 0.0, 2.0, 1.0]) {
                counts[index] += 1;
            }
        }
        assert_eq!(counts[1], 0);
        assert!(counts[0].abs_diff(2_000) < 200 && counts[2].abs_diff(4_000) < 200);
        assert_eq!(draws.weighted(&[0.0, 0.0]), None);
        assert_eq!(draws.weighted(&[]), None);
    }
}
