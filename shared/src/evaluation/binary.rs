//! Figures for a yes-or-no label: AUROC, AUPRC (average precision) and their like. A higher score
//! means the positive class.

use super::{average_ranks, check_scores};
use crate::{Error, Result};
use alloc::vec::Vec;

/// The figures of one set of scores; each is a fraction in 0..=1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BinaryMetrics {
    /// Area under the receiver operating characteristic.
    pub auroc: f64,
    /// Mean precision over the positives, from the highest score down.
    pub average_precision: f64,
    /// Share of correct calls at the threshold.
    pub accuracy: f64,
    /// Mean of sensitivity and specificity.
    pub balanced_accuracy: f64,
    /// Share of the positives that are called.
    pub sensitivity: f64,
    /// Share of the negatives that are not called.
    pub specificity: f64,
    /// Number of positives.
    pub positives: usize,
    /// Number of negatives.
    pub negatives: usize,
}

/// Every figure at once; a score at or above `threshold` is a call.
///
/// # Errors
/// As [`auroc`].
pub fn binary_metrics(scores: &[f64], positive: &[bool], threshold: f64) -> Result<BinaryMetrics> {
    let auroc = auroc(scores, positive)?;
    let (mut called, mut spared) = (0_usize, 0_usize);
    for (&score, &is_positive) in scores.iter().zip(positive) {
        match (is_positive, score >= threshold) {
            (true, true) => called += 1,
            (false, false) => spared += 1,
            _ => {}
        }
    }
    let positives = count_positives(positive);
    let negatives = positive.len() - positives;
    let sensitivity = called as f64 / positives as f64;
    let specificity = spared as f64 / negatives as f64;
    Ok(BinaryMetrics {
        auroc,
        average_precision: average_precision(scores, positive)?,
        accuracy: (called + spared) as f64 / positive.len() as f64,
        balanced_accuracy: (sensitivity + specificity) / 2.0,
        sensitivity,
        specificity,
        positives,
        negatives,
    })
}

/// The chance that a positive scores higher than a negative, ties counting half.
///
/// # Errors
/// `INPUT.GENERIC` for columns of unequal length, a score that is not finite, or labels that are all
/// alike.
///
/// ```
/// use genolewm_core::evaluation::auroc;
/// assert_eq!(auroc(&[0.9, 0.4, 0.4, 0.1], &[true, true, false, false])?, 0.875);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn auroc(scores: &[f64], positive: &[bool]) -> Result<f64> {
    let positives = check_labels(scores, positive)?;
    let negatives = positive.len() - positives;
    let ranks = average_ranks(scores);
    let sum: f64 = ranks
        .iter()
        .zip(positive)
        .filter(|(_, is)| **is)
        .map(|(rank, _)| rank)
        .sum();
    let (positives, negatives) = (positives as f64, negatives as f64);
    Ok((sum - positives * (positives + 1.0) / 2.0) / (positives * negatives))
}

/// The mean, over the positives, of the precision at their rank. Equal scores keep their order in the
/// input, as in the published figures; on many ties it therefore depends on that order.
///
/// # Errors
/// As [`auroc`].
pub fn average_precision(scores: &[f64], positive: &[bool]) -> Result<f64> {
    let positives = check_labels(scores, positive)?;
    let mut ranked: Vec<(f64, bool)> = scores
        .iter()
        .copied()
        .zip(positive.iter().copied())
        .collect();
    ranked.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap_or(core::cmp::Ordering::Equal));
    let (mut found, mut sum) = (0_usize, 0.0);
    for (index, (_, is_positive)) in ranked.into_iter().enumerate() {
        if is_positive {
            found += 1;
            sum += found as f64 / (index + 1) as f64;
        }
    }
    Ok(sum / positives as f64)
}

/// The number of positives, neither none nor all.
pub(super) fn check_labels(scores: &[f64], positive: &[bool]) -> Result<usize> {
    check_scores(scores, positive.len())?;
    let positives = count_positives(positive);
    if positives == 0 || positives == positive.len() {
        return Err(Error::input(
            "an evaluation needs at least one positive and one negative label",
        )
        .with_detail("positive", positives)
        .with_detail("negative", positive.len() - positives));
    }
    Ok(positives)
}

fn count_positives(positive: &[bool]) -> usize {
    positive.iter().filter(|is| **is).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_worth_half_and_chance_is_a_half() -> Result<()> {
        let labels = [true, false, true, false];
        assert!((auroc(&[0.5; 4], &labels)? - 0.5).abs() < 1e-12);
        assert!((auroc(&[0.9, 0.1, 0.8, 0.2], &labels)? - 1.0).abs() < 1e-12);
        assert!((average_precision(&[0.5; 4], &labels)? - 5.0 / 6.0).abs() < 1e-12);
        Ok(())
    }

    #[test]
    fn what_cannot_be_evaluated_is_refused() {
        assert!(auroc(&[0.1, 0.2], &[true, true]).is_err());
        assert!(auroc(&[], &[]).is_err());
        assert!(auroc(&[0.1], &[true, false]).is_err());
        assert!(average_precision(&[f64::NAN, 0.2], &[true, false]).is_err());
    }

    #[test]
    fn negative_zero_ties_with_zero() -> Result<()> {
        assert!((auroc(&[0.0, -0.0], &[true, false])? - 0.5).abs() < 1e-12);
        Ok(())
    }
}
