//! Correlation (Spearman, Pearson) with a label that is a number.

use super::check_scores;
use crate::{Error, Result};
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// Ranks from 1, lowest first; equal values share the mean of their ranks. NaN has no place in an
/// order: callers refuse it first.
///
/// ```
/// use genolewm_core::evaluation::average_ranks;
/// assert_eq!(average_ranks(&[7.0, 1.0, 7.0]), [2.5, 1.0, 2.5]);
/// ```
#[must_use]
pub fn average_ranks(values: &[f64]) -> Vec<f64> {
    let compare = |a: f64, b: f64| a.partial_cmp(&b).unwrap_or(Ordering::Equal);
    let mut order: Vec<(usize, f64)> = values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| compare(a.1, b.1));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for ties in order.chunk_by(|a, b| compare(a.1, b.1).is_eq()) {
        // The mean of before + 1 ..= before + len.
        let rank = before as f64 + (ties.len() + 1) as f64 / 2.0;
        for &(index, _) in ties {
            if let Some(slot) = ranks.get_mut(index) {
                *slot = rank;
            }
        }
        before += ties.len();
    }
    ranks
}

/// Pearson's correlation, -1..=1.
///
/// # Errors
/// `INPUT.GENERIC` for columns of unequal length, fewer than two rows, a value that is not finite, or
/// a column without any variation.
pub fn pearson(a: &[f64], b: &[f64]) -> Result<f64> {
    check_scores(a, b.len())?;
    check_scores(b, a.len())?;
    if a.len() < 2 {
        return Err(Error::input("a correlation needs at least two rows"));
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a
        .iter()
        .map(|x| x - mean_a)
        .zip(b.iter().map(|y| y - mean_b))
    {
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    if aa == 0.0 || bb == 0.0 {
        return Err(Error::input(
            "a column without variation correlates with nothing",
        ));
    }
    Ok((ab / (libm::sqrt(aa) * libm::sqrt(bb))).clamp(-1.0, 1.0))
}

/// Spearman's rank correlation, -1..=1: Pearson's over [`average_ranks`].
///
/// # Errors
/// As [`pearson`].
pub fn spearman(scores: &[f64], values: &[f64]) -> Result<f64> {
    check_scores(scores, values.len())?;
    check_scores(values, scores.len())?;
    pearson(&average_ranks(scores), &average_ranks(values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_see_order_only() -> Result<()> {
        assert!((spearman(&[1.0, 2.0, 3.0], &[1.0, 10.0, 1e6])? - 1.0).abs() < 1e-12);
        assert!((spearman(&[1.0, 2.0, 3.0], &[3.0, 2.0, -1.0])? + 1.0).abs() < 1e-12);
        Ok(())
    }

    #[test]
    fn what_has_no_correlation_is_refused() {
        assert!(spearman(&[1.0, 1.0], &[1.0, 2.0]).is_err());
        assert!(spearman(&[1.0], &[1.0]).is_err());
        assert!(spearman(&[1.0, f64::NAN], &[1.0, 2.0]).is_err());
        assert!(spearman(&[1.0, 2.0], &[1.0]).is_err());
    }
}
