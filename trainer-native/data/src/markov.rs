//! The baseline that every language model must beat: a Markov chain over bases.

use crate::bases;
use crate::errors::config_error;
use genolewm_core::Result;

const BASES: usize = 4;
/// A table of order 12 has 67 million counts.
const MAX_ORDER: usize = 12;
/// Added to every count.
const PSEUDO_COUNT: f64 = 1.0;

/// Probabilities of a base given the bases before it, up to `order` of them. Where fewer are known
/// (at a window's start, after an N) the chain falls back on that many, so every base is predicted.
#[derive(Debug, Clone)]
pub struct MarkovModel {
    /// By length of context, then `context * 4 + base`.
    counts: Vec<Vec<u64>>,
}

/// How well a chain predicted some sequence.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MarkovFigures {
    /// Bases predicted.
    pub bases: u64,
    /// Bases that were the most probable one.
    pub right: u64,
    /// Sum of `-ln p`.
    pub nats: f64,
}

impl MarkovFigures {
    /// Share of bases that were the most probable one.
    #[must_use]
    pub fn base_accuracy(self) -> f64 {
        self.right as f64 / self.bases as f64
    }

    /// Mean `-log2 p` of a base.
    #[must_use]
    pub fn bits_per_base(self) -> f64 {
        self.nats / self.bases as f64 / core::f64::consts::LN_2
    }

    /// `exp` of the mean `-ln p` of six bases: comparable with the perplexity of a six-mer model.
    #[must_use]
    pub fn six_mer_perplexity(self) -> f64 {
        (6.0 * self.nats / self.bases as f64).exp()
    }
}

impl MarkovModel {
    /// An untrained chain.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` for an order above 12.
    pub fn new(order: usize) -> Result<Self> {
        if order > MAX_ORDER {
            return Err(
                config_error(format!("a Markov model of order {order} is too large"))
                    .with_remedy(format!("use an order of at most {MAX_ORDER}")),
            );
        }
        Ok(Self {
            counts: (0..=order)
                .map(|length| vec![0; BASES << (2 * length)])
                .collect(),
        })
    }

    /// The longest context.
    #[must_use]
    pub fn order(&self) -> usize {
        self.counts.len() - 1
    }

    /// Counts the bases of a sequence (codes), each under every context that it has.
    pub fn add(&mut self, codes: &[u8]) {
        let order = self.order();
        each_base(codes, order, |context, known, base| {
            for (length, counts) in self.counts.iter_mut().enumerate().take(known + 1) {
                let low = context & ((1 << (2 * length)) - 1);
                counts[low * BASES + base] += 1;
            }
        });
    }

    /// Measures the chain on a sequence.
    #[must_use]
    pub fn measure(&self, codes: &[u8]) -> MarkovFigures {
        let mut figures = MarkovFigures::default();
        each_base(codes, self.order(), |context, known, base| {
            let p = self.probabilities(context, known);
            figures.bases += 1;
            figures.right += u64::from(
                (0..BASES)
                    .all(|other| p[other] <= p[base] && (p[other] < p[base] || other >= base)),
            );
            figures.nats -= p[base].ln();
        });
        figures
    }

    /// The sequence's log-likelihood, in nats; unknown bases count for nothing.
    #[must_use]
    pub fn log_likelihood(&self, codes: &[u8]) -> f64 {
        -self.measure(codes).nats
    }

    /// The change of a window's log-likelihood, in nats, when the base at `at` becomes `alternate`:
    /// negative for a change to less probable sequence. Only the bases whose context it touches are
    /// computed. `None` when `at` lies outside.
    #[must_use]
    pub fn snv_difference(&self, window: &[u8], at: usize, alternate: u8) -> Option<f64> {
        if at >= window.len() {
            return None;
        }
        let (first, last) = (
            at.saturating_sub(self.order()),
            (at + self.order() + 1).min(window.len()),
        );
        let mut around = window[first..last].to_vec();
        let before = self.log_likelihood(&around);
        around[at - first] = alternate;
        Some(self.log_likelihood(&around) - before)
    }

    fn probabilities(&self, context: usize, known: usize) -> [f64; BASES] {
        let low = context & ((1 << (2 * known)) - 1);
        let counts = &self.counts[known][low * BASES..][..BASES];
        let total = counts.iter().sum::<u64>() as f64 + BASES as f64 * PSEUDO_COUNT;
        core::array::from_fn(|base| (counts[base] as f64 + PSEUDO_COUNT) / total)
    }
}

/// Calls `each(context, known, base)` for every known base: the bases before it, most recent last,
/// two bits each, and how many of them (at most `order`) are known.
fn each_base(codes: &[u8], order: usize, mut each: impl FnMut(usize, usize, usize)) {
    let mask = (1_usize << (2 * order)) - 1;
    let (mut context, mut known) = (0, 0);
    for &code in codes {
        if code >= bases::N {
            (context, known) = (0, 0);
            continue;
        }
        each(context, known, usize::from(code));
        context = (context << 2 | usize::from(code)) & mask;
        known = (known + 1).min(order);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bases::{below, encode};
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    fn random(seed: u64, length: usize) -> Vec<u8> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..length).map(|_| below(&mut rng, 4) as u8).collect()
    }

    #[test]
    fn a_cycle_is_learnt_and_noise_is_not() {
        let mut chain = MarkovModel::new(2).unwrap();
        chain.add(&encode(&"ACGT".repeat(1_000)));
        let figures = chain.measure(&encode(&"ACGT".repeat(100)));
        assert!(
            figures.base_accuracy() > 0.99 && figures.bits_per_base() < 0.05,
            "{figures:?}"
        );
        let mut chain = MarkovModel::new(5).unwrap();
        chain.add(&random(1, 400_000));
        let figures = chain.measure(&random(2, 50_000));
        assert!(
            (figures.bits_per_base() - 2.0).abs() < 0.02
                && (figures.base_accuracy() - 0.25).abs() < 0.01
        );
        assert!((figures.six_mer_perplexity() / 4096.0 - 1.0).abs() < 0.1);
    }

    #[test]
    fn every_context_predicts_a_distribution() {
        let mut chain = MarkovModel::new(3).unwrap();
        chain.add(&encode("ACGTTNGCA"));
        for known in 0..=3 {
            for context in 0..64 {
                assert!(
                    (chain.probabilities(context, known).iter().sum::<f64>() - 1.0).abs() < 1e-12
                );
            }
        }
        assert_eq!(chain.measure(&encode("NNACNG")).bases, 3);
        assert!(MarkovModel::new(13).is_err());
        // By hand: of eight known bases two are A; with one added to each count, 3 of 12.
        assert!((chain.log_likelihood(&encode("A")) - 0.25_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn the_local_difference_is_the_whole_one() {
        let mut chain = MarkovModel::new(5).unwrap();
        chain.add(&random(3, 5_000));
        let mut window = random(4, 60);
        window[30] = bases::N;
        for at in (0..60).filter(|&at| at != 30) {
            let mut edited = window.clone();
            edited[at] = (edited[at] + 1) % 4;
            let whole = chain.log_likelihood(&edited) - chain.log_likelihood(&window);
            let local = chain.snv_difference(&window, at, edited[at]).unwrap();
            assert!((whole - local).abs() < 1e-9, "{at}: {whole} {local}");
        }
        assert_eq!(chain.snv_difference(&window, 60, 0), None);
    }
}
