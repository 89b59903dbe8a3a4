//! The Gaussian of a batch of states, in f64.

use genolewm_core::{Error, ErrorCode, Result};

/// Added to every variance.
const RIDGE: f64 = 1e-6;

/// Mean and covariance of a batch.
///
/// With fewer states than dimensions the covariance has `RIDGE` as its value in all directions
/// that no state spans, so products of states with states tell all: the smaller of the two
/// matrices is worked with.
#[derive(Debug)]
pub(super) struct Gaussian {
    rows: usize,
    width: usize,
    mean: Vec<f64>,
    /// States less the mean, `[rows, width]`.
    centred: Vec<f64>,
    /// Lower triangle `L` with `L Lᵀ` = covariance, or the rows' products over their number, plus
    /// the ridge.
    factor: Vec<f64>,
}

impl Gaussian {
    pub(super) fn fit(states: &[f32], width: usize) -> Result<Self> {
        if width == 0 || states.is_empty() || !states.len().is_multiple_of(width) {
            return Err(Error::new(
                ErrorCode::TrainingGeneric,
                "there are no whole states to regularise",
            ));
        }
        let rows = states.len() / width;
        let mut mean = vec![0.0; width];
        for row in states.chunks_exact(width) {
            mean.iter_mut()
                .zip(row)
                .for_each(|(sum, &x)| *sum += f64::from(x));
        }
        mean.iter_mut().for_each(|sum| *sum /= rows as f64);
        let centred: Vec<f64> = states
            .chunks_exact(width)
            .flat_map(|row| row.iter().zip(&mean).map(|(&x, mean)| f64::from(x) - mean))
            .collect();
        let mut gaussian = Self {
            rows,
            width,
            mean,
            centred,
            factor: Vec::new(),
        };
        gaussian.factor = cholesky(gaussian.products(), gaussian.size()).ok_or_else(not_finite)?;
        Ok(gaussian)
    }

    /// Whether rows are multiplied with rows rather than columns with columns.
    const fn by_rows(&self) -> bool {
        self.rows < self.width
    }

    const fn size(&self) -> usize {
        if self.by_rows() {
            self.rows
        } else {
            self.width
        }
    }

    fn products(&self) -> Vec<f64> {
        let size = self.size();
        let mut products = vec![0.0; size * size];
        if self.by_rows() {
            for (i, a) in self.centred.chunks_exact(self.width).enumerate() {
                for (j, b) in self
                    .centred
                    .chunks_exact(self.width)
                    .take(i + 1)
                    .enumerate()
                {
                    products[i * size + j] = a.iter().zip(b).map(|(a, b)| a * b).sum();
                }
            }
        } else {
            for row in self.centred.chunks_exact(self.width) {
                for (i, a) in row.iter().enumerate() {
                    for (sum, b) in products[i * size..=i * size + i].iter_mut().zip(row) {
                        *sum += a * b;
                    }
                }
            }
        }
        products.iter_mut().for_each(|sum| *sum /= self.rows as f64);
        (0..size).for_each(|i| products[i * size + i] += RIDGE);
        products
    }

    /// `(tr C + |m|² - width - ln det C) / 2`.
    pub(super) fn kl(&self) -> f64 {
        let size = self.size();
        let squares: f64 = self.centred.iter().map(|x| x * x).sum();
        let trace = squares / self.rows as f64 + self.width as f64 * RIDGE;
        let mean: f64 = self.mean.iter().map(|m| m * m).sum();
        let factor: f64 = (0..size).map(|i| self.factor[i * size + i].ln()).sum();
        let log_det = 2.0 * factor + (self.width - size) as f64 * RIDGE.ln();
        0.5 * (trace + mean - self.width as f64 - log_det)
    }

    /// The slope of [`Self::kl`] by each value of each state: `(x - C⁻¹ (x - m)) / rows`.
    pub(super) fn gradient(&self) -> Vec<f32> {
        let scale = 1.0 / self.rows as f64;
        let whitened = self.whitened();
        let state = |index: usize| self.centred[index] + self.mean[index % self.width];
        whitened
            .iter()
            .enumerate()
            .map(|(index, w)| ((state(index) - w) * scale) as f32)
            .collect()
    }

    /// `C⁻¹ (x - m)` of every state.
    fn whitened(&self) -> Vec<f64> {
        let size = self.size();
        let mut whitened = vec![0.0; self.centred.len()];
        if self.by_rows() {
            for column in 0..self.width {
                let at = |row: usize| row * self.width + column;
                let values = (0..self.rows).map(|row| self.centred[at(row)]).collect();
                for (row, value) in solve(&self.factor, size, values).into_iter().enumerate() {
                    whitened[at(row)] = value;
                }
            }
        } else {
            let rows = self.centred.chunks_exact(self.width);
            for (solved, row) in whitened.chunks_exact_mut(self.width).zip(rows) {
                solved.copy_from_slice(&solve(&self.factor, size, row.to_vec()));
            }
        }
        whitened
    }
}

/// The lower triangle `L` with `L Lᵀ = matrix`, whose lower triangle is read; `None` unless it is
/// positive definite.
fn cholesky(mut matrix: Vec<f64>, size: usize) -> Option<Vec<f64>> {
    for i in 0..size {
        let (above, row) = matrix.split_at_mut(i * size);
        for j in 0..i {
            let other = &above[j * size..=j * size + j];
            let dot: f64 = row[..j].iter().zip(other).map(|(a, b)| a * b).sum();
            row[j] = (row[j] - dot) / other[j];
        }
        let squares: f64 = row[..i].iter().map(|a| a * a).sum();
        row[i] = (row[i] - squares).sqrt();
        if !row[i].is_finite() || row[i] == 0.0 {
            return None;
        }
    }
    Some(matrix)
}

/// Solves `L Lᵀ x = values`.
fn solve(factor: &[f64], size: usize, mut values: Vec<f64>) -> Vec<f64> {
    for i in 0..size {
        let row = &factor[i * size..=i * size + i];
        let dot: f64 = row[..i].iter().zip(&values).map(|(a, b)| a * b).sum();
        values[i] = (values[i] - dot) / row[i];
    }
    for i in (0..size).rev() {
        values[i] /= factor[i * size + i];
        let (before, here) = values.split_at_mut(i);
        let row = &factor[i * size..i * size + i];
        before
            .iter_mut()
            .zip(row)
            .for_each(|(value, l)| *value -= l * here[0]);
    }
    values
}

pub(crate) fn not_finite() -> Error {
    Error::new(
        ErrorCode::TrainingNanLoss,
        "the loss is not a finite number",
    )
    .with_remedy("lower the learning rate, or resume from the last checkpoint")
}
