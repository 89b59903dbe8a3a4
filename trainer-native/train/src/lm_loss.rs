//! Language-model losses over six-mers, fused: one pass over the logits gives the loss and its
//! gradient, so that autodiff never holds a softmax of 4,096 columns.

use rayon::prelude::*;

/// Bases in a six-mer.
const PLACES: usize = 6;
const BASES: usize = 4;

/// Which loss a language model is trained with.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum LmLoss {
    /// Cross-entropy over the six-mers.
    CrossEntropy,
    /// Factorised nucleotide supervision: the probability of base b at place j is the sum over the
    /// six-mers with b at j; the loss is the mean over the places of its negative logarithm.
    Factorised,
}

/// Loss and gradient of a block of rows.
#[derive(Debug, Clone, Default)]
pub struct LmStep {
    /// Sum over rows of the training loss, in nats (per six-mer, or the mean over its places).
    pub loss: f64,
    /// Sum over rows of `-ln p(six-mer)`.
    pub six_mer_nats: f64,
    /// Bases whose most probable value, by the factorised probabilities, is right.
    pub right_bases: u64,
    /// `d(mean loss)/d(logits)`, row-major.
    pub gradient: Vec<f32>,
}

/// Computes loss and gradient of `logits` (`[rows, vocabulary]`, six-mer `code` in column
/// `first_six_mer + code`, most significant base first) against the six-mer codes `targets`.
/// Columns before `first_six_mer` are specials: they take no part.
#[must_use]
pub fn lm_loss(
    logits: &[f32],
    targets: &[u16],
    first_six_mer: usize,
    vocabulary: usize,
    kind: LmLoss,
) -> LmStep {
    let rows = targets.len();
    let mut gradient = vec![0.0f32; logits.len()];
    let parts: Vec<(f64, f64, u64)> = gradient
        .par_chunks_mut(vocabulary)
        .zip(logits.par_chunks(vocabulary))
        .zip(targets)
        .map(|((gradient, logits), &target)| {
            let mut kernel = SixMerRow {
                logits: &logits[first_six_mer..],
                gradient: &mut gradient[first_six_mer..],
            };
            kernel.step(usize::from(target), kind, 1.0 / rows as f32)
        })
        .collect();
    let mut step = LmStep {
        gradient,
        ..LmStep::default()
    };
    for (loss, nats, right) in parts {
        step.loss += loss;
        step.six_mer_nats += nats;
        step.right_bases += right;
    }
    step
}

struct SixMerRow<'a> {
    logits: &'a [f32],
    gradient: &'a mut [f32],
}

impl SixMerRow<'_> {
    fn step(&mut self, target: usize, kind: LmLoss, weight: f32) -> (f64, f64, u64) {
        self.softmax();
        let marginals = marginals(self.gradient);
        let right = (0..PLACES)
            .filter(|&place| best(&marginals[place]) == digit(target, place))
            .count() as u64;
        let nats = -f64::from(self.gradient[target].max(f32::MIN_POSITIVE)).ln();
        match kind {
            LmLoss::CrossEntropy => {
                self.gradient.iter_mut().for_each(|p| *p *= weight);
                self.gradient[target] -= weight;
                (nats, nats, right)
            }
            LmLoss::Factorised => (self.factorised(target, &marginals, weight), nats, right),
        }
    }

    /// Leaves the probabilities in `gradient`.
    fn softmax(&mut self) {
        let highest = self
            .logits
            .iter()
            .copied()
            .fold(f32::NEG_INFINITY, f32::max);
        let mut total = 0.0f32;
        for (p, &logit) in self.gradient.iter_mut().zip(self.logits) {
            *p = (logit - highest).exp();
            total += *p;
        }
        let share = 1.0 / total;
        self.gradient.iter_mut().for_each(|p| *p *= share);
    }

    /// With `L = -1/6 Σ_j ln m_j`, `m_j` the marginal of the right base at place j:
    /// `dL/dz_k = p_k (g_k - Σ_i p_i g_i)`, `g_k = -1/6 Σ_j [k has the right base at j] / m_j`;
    /// and `Σ p g = -1`.
    fn factorised(
        &mut self,
        target: usize,
        marginals: &[[f32; BASES]; PLACES],
        weight: f32,
    ) -> f64 {
        let mut loss = 0.0;
        let mut pull = [[0.0f32; BASES]; PLACES];
        for place in 0..PLACES {
            let base = digit(target, place);
            let m = marginals[place][base].max(1e-30);
            loss -= f64::from(m).ln() / PLACES as f64;
            pull[place][base] = 1.0 / (PLACES as f32 * m);
        }
        let (high, low) = halves(&pull);
        for (block, &upper) in self.gradient.chunks_exact_mut(64).zip(&high) {
            for (p, &lower) in block.iter_mut().zip(&low) {
                *p *= weight * (1.0 - upper - lower);
            }
        }
        loss
    }
}

/// Sums of the first and of the last three places for each of their 64 values.
fn halves(pull: &[[f32; BASES]; PLACES]) -> ([f32; 64], [f32; 64]) {
    let sum = |value: usize, first: usize| {
        pull[first][value >> 4] + pull[first + 1][(value >> 2) & 3] + pull[first + 2][value & 3]
    };
    (
        core::array::from_fn(|value| sum(value, 0)),
        core::array::from_fn(|value| sum(value, 3)),
    )
}

/// Probability of each base at each place.
fn marginals(p: &[f32]) -> [[f32; BASES]; PLACES] {
    let mut high = [0.0f32; 64];
    let mut low = [0.0f32; 64];
    for (block, high) in p.chunks_exact(64).zip(&mut high) {
        for (&p, low) in block.iter().zip(&mut low) {
            *low += p;
        }
        *high = block.iter().sum();
    }
    let mut marginals = [[0.0; BASES]; PLACES];
    for value in 0..64 {
        for (place, shift) in [4, 2, 0].into_iter().enumerate() {
            marginals[place][(value >> shift) & 3] += high[value];
            marginals[place + 3][(value >> shift) & 3] += low[value];
        }
    }
    marginals
}

/// The base of `code` at `place`, the first place most significant.
fn digit(code: usize, place: usize) -> usize {
    (code >> (2 * (PLACES - 1 - place))) & 3
}

fn best(of: &[f32; BASES]) -> usize {
    (1..BASES).fold(
        0,
        |best, base| if of[base] > of[best] { base } else { best },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logits(seed: u32) -> Vec<f32> {
        (0..4100u32)
            .map(|i| {
                (i.wrapping_mul(747_796_405)
                    .wrapping_add(seed.wrapping_mul(2_891_336_453))
                    >> 9) as f32
                    / 4e6
                    - 1.0
            })
            .collect()
    }

    #[test]
    fn gradients_match_finite_differences() {
        for kind in [LmLoss::CrossEntropy, LmLoss::Factorised] {
            let base = logits(7);
            let step = lm_loss(&base, &[1234], 4, 4100, kind);
            for column in [4usize, 4 + 1234, 4 + 1235, 2000, 4099] {
                let shifted = |by: f32| {
                    let mut moved = base.clone();
                    moved[column] += by;
                    lm_loss(&moved, &[1234], 4, 4100, kind).loss
                };
                let numeric = (shifted(0.05) - shifted(-0.05)) / 0.1;
                let analytic = f64::from(step.gradient[column]);
                assert!(
                    (numeric - analytic).abs() < 2e-4 * analytic.abs().max(1e-2),
                    "{kind:?} {column}: {numeric} {analytic}"
                );
            }
            assert!(step.gradient[..4].iter().all(|&g| g == 0.0));
        }
    }

    #[test]
    fn marginals_are_sums_over_six_mers() {
        let mut p = vec![0.0f32; 4096];
        p[0b00_01_10_11_00_01] = 0.75;
        p[0b11_01_10_11_00_10] = 0.25;
        let m = marginals(&p);
        assert_eq!(m[0], [0.75, 0.0, 0.0, 0.25]);
        assert_eq!(m[5], [0.0, 0.75, 0.25, 0.0]);
    }
}
