//! Choosing among a few things, each with its weight.

use crate::bases::unit;
use rand_chacha::ChaCha8Rng;

/// Things and their weights.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedChoice<T>(Vec<(T, f64)>);

impl<T: Copy> WeightedChoice<T> {
    /// Things with weights, which need not sum to 1; negative ones count as 0.
    #[must_use]
    pub fn of(entries: impl IntoIterator<Item = (T, f64)>) -> Self {
        Self(
            entries
                .into_iter()
                .map(|(thing, weight)| (thing, weight.max(0.0)))
                .collect(),
        )
    }

    /// The things and their weights.
    #[must_use]
    pub fn entries(&self) -> &[(T, f64)] {
        &self.0
    }

    /// Draws one; `None` when no weight is positive.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> Option<T> {
        let total: f64 = self.0.iter().map(|(_, weight)| weight).sum();
        let mut left = unit(rng) * total;
        let mut last = None;
        for &(thing, weight) in self.0.iter().filter(|(_, weight)| *weight > 0.0) {
            if left < weight {
                return Some(thing);
            }
            left -= weight;
            // Rounding may step over the end.
            last = Some(thing);
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    #[test]
    fn draws_follow_the_weights() {
        let weights = WeightedChoice::of([('a', 0.9), ('b', 0.05), ('c', 0.05), ('d', -1.0)]);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut counts = [0_u32; 4];
        for _ in 0..20_000 {
            let drawn = weights.draw(&mut rng).unwrap();
            counts[drawn as usize - 'a' as usize] += 1;
        }
        assert!(
            counts[0].abs_diff(18_000) < 200 && counts[1].abs_diff(1_000) < 150 && counts[3] == 0,
            "{counts:?}"
        );
        assert_eq!(WeightedChoice::<u8>::of([]).draw(&mut rng), None);
        assert_eq!(WeightedChoice::of([(1, 0.0)]).draw(&mut rng), None);
    }
}
