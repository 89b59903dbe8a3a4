//! Several scores weighed into one, by logistic regression.

use super::binary::check_labels;
use crate::{Error, ErrorCode, Result};
use alloc::vec;
use alloc::vec::Vec;

const MAX_STEPS: usize = 100;
/// Weights are per standard deviation of a score, so one length fits all.
const SMALLEST_STEP: f64 = 1e-10;

/// A logistic regression over standardised scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    /// By score: its mean in the data of the fit.
    pub means: Vec<f64>,
    /// By score: its standard deviation there, or 1 for a score that never varied.
    pub scales: Vec<f64>,
    /// By score: the change of the log-odds for one standard deviation.
    pub weights: Vec<f64>,
    /// Log-odds of a row whose scores are all at their means.
    pub intercept: f64,
}

impl Ensemble {
    /// Fits the weights by iteratively reweighted least squares, which is Newton's method here, with
    /// half the squared weights times `ridge` added to the negative log-likelihood; the intercept is
    /// not penalised. It is scikit-learn's `LogisticRegression(C = 1 / ridge)` after `StandardScaler`.
    ///
    /// `columns` has one column for each score, all as long as `positive`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for no columns, columns of unequal length, values that are not finite, labels
    /// that are all alike, or a ridge that is not above 0 (without one, scores that part the classes
    /// have no finite weights); `EVAL.GENERIC` when the steps do not come to rest.
    ///
    /// ```
    /// use genolewm_core::evaluation::Ensemble;
    /// let heads = [[0.1, 0.9, 0.3, 0.7], [1.0, 1.0, 0.0, 2.0]];
    /// let model = Ensemble::fit(&heads, &[false, true, false, true], 1.0)?;
    /// assert!(model.weights[0] > model.weights[1] && model.weights[1] > 0.0);
    /// # Ok::<(), genolewm_core::Error>(())
    /// ```
    pub fn fit<C: AsRef<[f64]>>(columns: &[C], positive: &[bool], ridge: f64) -> Result<Self> {
        if columns.is_empty() {
            return Err(Error::input("an ensemble needs at least one score"));
        }
        for column in columns {
            check_labels(column.as_ref(), positive)?;
        }
        if !(ridge > 0.0 && ridge.is_finite()) {
            return Err(Error::input("a ridge is a number above 0").with_detail("ridge", ridge));
        }
        let (means, scales) = columns.iter().map(|c| moments(c.as_ref())).unzip();
        let mut model = Self {
            means,
            scales,
            weights: vec![0.0; columns.len()],
            intercept: 0.0,
        };
        let problem = Problem {
            rows: (0..positive.len())
                .map(|row| model.standardised(columns.iter().filter_map(|c| c.as_ref().get(row))))
                .collect(),
            positive,
            ridge,
        };
        let mut solution = problem.solve()?;
        model.intercept = solution.pop().unwrap_or_default();
        model.weights = solution;
        Ok(model)
    }

    /// The log-odds of the positive class for one row of scores, in the order of the fit. Unlike the
    /// probability it never saturates, so ranks are kept.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for another number of scores, or one that is not finite.
    pub fn log_odds(&self, scores: &[f64]) -> Result<f64> {
        if scores.len() != self.weights.len() || scores.iter().any(|score| !score.is_finite()) {
            return Err(
                Error::input("an ensemble needs a finite value for each of its scores")
                    .with_detail("expected", self.weights.len())
                    .with_detail("given", scores.len()),
            );
        }
        let row = self.standardised(scores.iter());
        Ok(dot(&row, &self.weights) + self.intercept)
    }

    /// The probability of the positive class, 0..=1, where it is as frequent as in the data of the fit.
    ///
    /// # Errors
    /// As [`log_odds`](Self::log_odds).
    pub fn probability(&self, scores: &[f64]) -> Result<f64> {
        self.log_odds(scores).map(logistic)
    }

    fn standardised<'a>(&self, scores: impl Iterator<Item = &'a f64>) -> Vec<f64> {
        let moments = self.means.iter().zip(&self.scales);
        scores
            .zip(moments)
            .map(|(score, (mean, scale))| (score - mean) / scale)
            .collect()
    }
}

/// Mean and standard deviation over the data, 1 where nothing varies but the rounding of the mean.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = |value: &f64| (value - mean) * (value - mean);
    let deviation = libm::sqrt(values.iter().map(square).sum::<f64>() / n);
    let rounding = 16.0 * f64::EPSILON * mean.abs();
    (mean, if deviation > rounding { deviation } else { 1.0 })
}

/// Rows to be told apart. A solution is the weights, then the intercept.
struct Problem<'a> {
    rows: Vec<Vec<f64>>,
    positive: &'a [bool],
    ridge: f64,
}

impl Problem<'_> {
    fn solve(&self) -> Result<Vec<f64>> {
        let unknowns = self.rows.first().map_or(0, Vec::len) + 1;
        let mut solution = vec![0.0; unknowns];
        let mut cost = self.cost(&solution);
        for _ in 0..MAX_STEPS {
            let (gradient, hessian) = self.derivatives(&solution);
            let Some(step) = solve_positive_definite(hessian, gradient) else {
                break;
            };
            let largest = step
                .iter()
                .fold(0.0, |most: f64, part| most.max(part.abs()));
            (solution, cost) = self.descend(&solution, &step, cost);
            if largest < SMALLEST_STEP {
                return Ok(solution);
            }
        }
        Err(Error::new(
            ErrorCode::EvalGeneric,
            "the ensemble's fit does not converge",
        )
        .with_remedy("give a larger ridge, or leave out scores that say the same"))
    }

    /// Takes the step, or as much of it as makes the cost fall: far from the end Newton's may be too long.
    fn descend(&self, from: &[f64], step: &[f64], cost: f64) -> (Vec<f64>, f64) {
        let mut share = 1.0;
        loop {
            let moved = from.iter().zip(step).map(|(at, by)| at - share * by);
            let moved: Vec<f64> = moved.collect();
            let reached = self.cost(&moved);
            // At the end the cost differs by rounding only.
            if reached <= cost + 1e-12 * cost.abs() || share < 1e-6 {
                return (moved, reached);
            }
            share /= 2.0;
        }
    }

    fn cost(&self, solution: &[f64]) -> f64 {
        let loss = |(row, &is): (&Vec<f64>, &bool)| {
            let log_odds = log_odds(row, solution);
            // ln(1 + e^x) without overflow.
            let softplus = log_odds.max(0.0) + libm::log1p(libm::exp(-log_odds.abs()));
            softplus - if is { log_odds } else { 0.0 }
        };
        let (_, weights) = split(solution);
        let penalty = self.ridge / 2.0 * dot(weights, weights);
        self.rows.iter().zip(self.positive).map(loss).sum::<f64>() + penalty
    }

    /// The gradient, and the matrix of second derivatives row by row.
    fn derivatives(&self, solution: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let (_, weights) = split(solution);
        let n = solution.len();
        let mut gradient: Vec<f64> = weights.iter().map(|weight| self.ridge * weight).collect();
        gradient.push(0.0);
        let mut hessian = vec![vec![0.0; n]; n];
        for (index, row) in hessian.iter_mut().enumerate().take(n - 1) {
            row[index] = self.ridge;
        }
        for (row, &is) in self.rows.iter().zip(self.positive) {
            let p = logistic(log_odds(row, solution));
            let error = p - f64::from(u8::from(is));
            let feature = |index: usize| row.get(index).copied().unwrap_or(1.0);
            for (i, (slope, curvature)) in gradient.iter_mut().zip(&mut hessian).enumerate() {
                *slope += error * feature(i);
                for (j, value) in curvature.iter_mut().enumerate().take(i + 1) {
                    *value += p * (1.0 - p) * feature(i) * feature(j);
                }
            }
        }
        (gradient, hessian)
    }
}

/// Intercept and weights.
fn split(solution: &[f64]) -> (f64, &[f64]) {
    match solution.split_last() {
        Some((&intercept, weights)) => (intercept, weights),
        None => (0.0, &[]),
    }
}

fn log_odds(row: &[f64], solution: &[f64]) -> f64 {
    let (intercept, weights) = split(solution);
    dot(row, weights) + intercept
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}

/// Solves `matrix · x = right` by Cholesky's factors of the lower triangle; `None` when the matrix is
/// not positive definite in the precision at hand.
fn solve_positive_definite(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let n = right.len();
    for i in 0..n {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| matrix[i][k] * matrix[j][k]).sum();
            let rest = matrix[i][j] - known;
            matrix[i][j] = if i > j {
                rest / matrix[j][j]
            } else if rest > 0.0 {
                libm::sqrt(rest)
            } else {
                return None;
            };
        }
        let known: f64 = (0..i).map(|k| matrix[i][k] * right[k]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| matrix[k][i] * right[k]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    right.iter().all(|part| part.is_finite()).then_some(right)
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{LABELS, SCORES_A, SCORES_B, SCORES_C};
    use super::*;

    /// `LogisticRegression(C = 1 / ridge, solver="newton-cholesky", tol=1e-13)` over `StandardScaler`.
    #[test]
    fn weights_are_those_of_scikit_learn() -> Result<()> {
        for (ridge, weights, intercept, p) in [
            (
                1.0,
                [
                    0.679_321_871_239_514_2,
                    -0.190_587_165_209_846_2,
                    -0.353_568_141_464_373_3,
                ],
                -0.398_860_392_571_709_63,
                [
                    0.627_412_395_033_565_6,
                    0.288_671_575_217_641_9,
                    0.415_184_491_530_706_25,
                ],
            ),
            (
                0.01,
                [
                    0.837_824_683_955_415_2,
                    -0.211_929_735_755_918_75,
                    -0.426_527_420_403_900_35,
                ],
                -0.427_962_401_770_305_76,
                [
                    0.672_543_203_694_966,
                    0.262_745_925_231_748_83,
                    0.400_460_460_134_637_8,
                ],
            ),
        ] {
            let model = Ensemble::fit(&[SCORES_A, SCORES_B, SCORES_C], &LABELS, ridge)?;
            let close = |got: f64, want: f64| assert!((got - want).abs() < 1e-9, "{got} {want}");
            for (got, want) in model.weights.iter().zip(weights) {
                close(*got, want);
            }
            close(model.intercept, intercept);
            for (row, want) in p.into_iter().enumerate() {
                let scores = [SCORES_A[row], SCORES_B[row], SCORES_C[row]];
                close(model.probability(&scores)?, want);
            }
        }
        Ok(())
    }

    #[test]
    fn parted_classes_and_dead_scores_have_finite_weights() -> Result<()> {
        let labels = [false, false, true, true];
        let model = Ensemble::fit(&[[1.0, 2.0, 3.0, 4.0], [0.1; 4]], &labels, 1e-6)?;
        assert!(model.weights[0] > 5.0 && model.weights[0].is_finite());
        assert!(model.weights[1].abs() < 1e-9 && model.scales[1] == 1.0);
        assert!(model.probability(&[4.0, 0.1])? > 0.99);
        Ok(())
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let labels = [true, false];
        let none: [[f64; 2]; 0] = [];
        assert!(Ensemble::fit(&none, &labels, 1.0).is_err());
        assert!(Ensemble::fit(&[[0.1, 0.2]], &[true, true], 1.0).is_err());
        assert!(Ensemble::fit(&[[0.1, 0.2]], &labels, 0.0).is_err());
        assert!(Ensemble::fit(&[[0.1, f64::NAN]], &labels, 1.0).is_err());
        assert!(Ensemble::fit(&[[0.1, 0.2]], &labels, 1.0).is_ok_and(|m| m.log_odds(&[]).is_err()));
    }
}
