//! Choosing among a few things, each with its weight.

use crate::bases::unit;
use rand_chacha::ChaCha8Rng;

/// Things and their weights.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedChoice<T>(Vec<(T, f64)>);

impl<T: Copy> WeightedChoice<T> {
    /// Things with weights, which need not sum to 1; negative ones, and what is no finite number, count
    /// as 0.
    #[must_use]
    pub fn of(entries: impl IntoIterator<Item = (T, f64)>) -> Self {
        Self(
            entries
                .into_iter()
                .map(|(thing, weight): (T, f64)| {
                    let counts = weight.is_finite() && weight > 0.0;
                    (thing, if counts { weight } else { 0.0 })
                })
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

    /// How often each is drawn in `draws` draws, in their order; nothing where no weight is positive.
    pub fn counts(&self, draws: usize, rng: &mut ChaCha8Rng) -> Vec<(T, usize)>
    where
        T: PartialEq,
    {
        let mut counts: Vec<(T, usize)> = self.0.iter().map(|&(thing, _)| (thing, 0)).collect();
        for drawn in (0..draws).map_while(|_| self.draw(rng)) {
            if let Some((_, count)) = counts.iter_mut().find(|(thing, _)| *thing == drawn) {
                *count += 1;
            }
        }
        counts
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
        let counts = weights.counts(20_000, &mut rng);
        assert!(counts.iter().map(|(thing, _)| *thing).eq("abcd".chars()));
        let drawn: Vec<usize> = counts.iter().map(|(_, count)| *count).collect();
        assert_eq!(drawn.iter().sum::<usize>(), 20_000);
        assert!(
            drawn[0].abs_diff(18_000) < 200 && drawn[1].abs_diff(1_000) < 150 && drawn[3] == 0,
            "{drawn:?}"
        );
        assert_eq!(WeightedChoice::<u8>::of([]).draw(&mut rng), None);
        for nothing in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(WeightedChoice::of([(1, nothing)]).draw(&mut rng), None);
            let other = WeightedChoice::of([(1, nothing), (2, 1.0)]);
            assert_eq!(other.counts(5, &mut rng), [(1, 0), (2, 5)]);
        }
    }
}
