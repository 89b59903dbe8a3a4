//! Parts of a corpus that are the same whoever asks.

use crate::errors::input_error;
use genolewm_core::Result;
use sha2::{Digest, Sha256};

/// The share of the Carbon corpus that the first phase of training uses.
pub const DEFAULT_FRACTION: f64 = 0.1;

/// A share of a corpus, chosen by the names of its records: adding records moves none of the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Subset {
    fraction: f64,
    seed: u64,
}

impl Subset {
    /// A share above 0 and up to 1.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for any other number.
    pub fn new(fraction: f64, seed: u64) -> Result<Self> {
        if fraction > 0.0 && fraction <= 1.0 {
            return Ok(Self { fraction, seed });
        }
        Err(input_error("a share of a corpus is above 0 and at most 1")
            .with_detail("fraction", fraction)
            .with_remedy(format!("give a number such as {DEFAULT_FRACTION}")))
    }

    /// Whether a record belongs to the share: whether the first eight bytes of the SHA-256 of
    /// `seed:record_id`, read as a fraction of 2^64, are below it.
    #[must_use]
    pub fn includes(&self, record_id: &str) -> bool {
        let digest = Sha256::digest(format!("{}:{record_id}", self.seed));
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        // A number just below 2^64 rounds up to it.
        self.fraction >= 1.0 || u64::from_be_bytes(first) as f64 / 2_f64.powi(64) < self.fraction
    }
}

/// One of several workers that share a list of items out among them.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Worker {
    number: usize,
    of: usize,
}

#[cfg(test)]
impl Worker {
    /// Worker `number`, from 0, of `of`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when there is no such worker.
    fn new(number: usize, of: usize) -> Result<Self> {
        if number < of {
            return Ok(Self { number, of });
        }
        Err(input_error("there is no such worker")
            .with_detail("worker", number)
            .with_detail("workers", of)
            .with_remedy("workers count from 0"))
    }

    /// Its items: those whose index leaves its number when divided by the number of workers.
    fn share<T>(self, items: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        items.into_iter().skip(self.number).step_by(self.of)
    }

    /// Its random numbers: stream `number` of the seed, whatever the number of workers.
    fn rng(self, seed: u64) -> rand_chacha::ChaCha8Rng {
        crate::bases::stream(seed, self.number as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::ErrorCode;
    use rand_core::Rng;

    /// Decisions of `geno_lewm.data.stable_subset_includes` of geno-lewm 0.2.1 on these names,
    /// fractions and seeds.
    #[test]
    fn shares_are_those_of_the_python_package() {
        let decisions = [
            ("r1", 0, 0.63, false),
            ("r1", 0, 0.64, true),
            ("r1", 1, 0.36, false),
            ("r1", 1, 0.37, true),
            ("r1", 7, 0.22, false),
            ("r1", 7, 0.23, true),
            ("chr1", 1, 0.81, false),
            ("chr1", 1, 0.82, true),
            ("NM_000014.6", 7, 0.11, false),
            ("NM_000014.6", 7, 0.12, true),
            ("NM_000014.6", 7, 1.0, true),
        ];
        for (record, seed, fraction, taken) in decisions {
            let subset = Subset::new(fraction, seed).unwrap();
            assert_eq!(subset.includes(record), taken, "{record} {seed} {fraction}");
        }
    }

    #[test]
    fn a_share_is_as_large_as_it_says_and_grows() {
        let (small, large) = (Subset::new(0.1, 3).unwrap(), Subset::new(0.3, 3).unwrap());
        let names: Vec<String> = (0..10_000).map(|n| format!("record{n}")).collect();
        let count = |subset: &Subset| names.iter().filter(|name| subset.includes(name)).count();
        assert!(count(&small).abs_diff(1_000) < 100 && count(&large).abs_diff(3_000) < 150);
        let grows = |name: &String| !small.includes(name) || large.includes(name);
        assert!(names.iter().all(grows));
        for fraction in [0.0, -0.1, 1.1, f64::NAN] {
            let code = Subset::new(fraction, 0).map_err(|error| error.code());
            assert_eq!(code, Err(ErrorCode::InputGeneric));
        }
    }

    #[test]
    fn workers_share_items_out_and_draw_apart() {
        let taken = |of| -> Vec<Vec<u32>> {
            (0..of)
                .map(|number| Worker::new(number, of).unwrap().share(0..10).collect())
                .collect()
        };
        assert_eq!(taken(3), [vec![0, 3, 6, 9], vec![1, 4, 7], vec![2, 5, 8]]);
        assert_eq!(taken(1), [(0..10).collect::<Vec<_>>()]);
        assert!(Worker::new(2, 2).is_err());
        let draw = |number, of, seed| Worker::new(number, of).unwrap().rng(seed).next_u64();
        assert_eq!(draw(1, 2, 5), draw(1, 4, 5));
        assert_ne!(draw(0, 2, 5), draw(1, 2, 5));
        assert_ne!(draw(0, 2, 5), draw(0, 2, 6));
    }
}
