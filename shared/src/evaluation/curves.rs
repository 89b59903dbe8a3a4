//! ROC, precision-recall and reliability curves: the points that figures summarise.

use super::binary::check_labels;
use crate::{Error, Result};
use alloc::vec;
use alloc::vec::Vec;

/// A point of the receiver operating characteristic: what is called at one threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// Share of the negatives that are called, 0..=1.
    pub false_positive_rate: f64,
    /// Share of the positives that are called, 0..=1.
    pub true_positive_rate: f64,
    /// Scores at or above it are called; infinite at the first point, where nothing is.
    pub threshold: f64,
}

/// A point of the precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrPoint {
    /// Share of the positives that are called, 0..=1.
    pub recall: f64,
    /// Share of the called that are positive, 0..=1.
    pub precision: f64,
    /// Scores at or above it are called.
    pub threshold: f64,
}

/// Rows whose scores lie close together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// Lower edge, which belongs to the bin below, but for 0.
    pub low: f64,
    /// Upper edge, which belongs to this bin.
    pub high: f64,
    /// Number of rows.
    pub count: usize,
    /// Their mean score: what they promise.
    pub mean_score: f64,
    /// Their share of positives: what they keep.
    pub positive_share: f64,
}

/// Counts of what is called down to one score, equal scores together.
struct Step {
    called_positives: usize,
    called_negatives: usize,
    threshold: f64,
}

/// From the highest score down.
fn steps(scores: &[f64], positive: &[bool]) -> Vec<Step> {
    let rows = scores.iter().copied().zip(positive.iter().copied());
    // One zero: -0.0 and 0.0 are the same score.
    let mut ranked: Vec<(f64, bool)> = rows.map(|(score, is)| (score + 0.0, is)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut called_positives, mut called_negatives) = (0, 0);
    let step = |equal: &[(f64, bool)]| {
        let positives = equal.iter().filter(|(_, is)| *is).count();
        called_positives += positives;
        called_negatives += equal.len() - positives;
        Some(Step {
            called_positives,
            called_negatives,
            threshold: equal.first()?.0,
        })
    };
    ranked
        .chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq())
        .filter_map(step)
        .collect()
}

/// The receiver operating characteristic from (0, 0) to (1, 1); equal scores are one step, so that
/// the trapezia below it add up to [`auroc`](super::auroc).
///
/// # Errors
/// As [`auroc`](super::auroc).
///
/// ```
/// use genolewm_core::evaluation::roc_curve;
/// let points = roc_curve(&[0.9, 0.4, 0.4, 0.1], &[true, true, false, false])?;
/// let rates: Vec<_> = points.iter().map(|p| (p.false_positive_rate, p.true_positive_rate)).collect();
/// assert_eq!(rates, [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn roc_curve(scores: &[f64], positive: &[bool]) -> Result<Vec<RocPoint>> {
    let positives = check_labels(scores, positive)?;
    let negatives = positive.len() - positives;
    let mut points = vec![RocPoint {
        false_positive_rate: 0.0,
        true_positive_rate: 0.0,
        threshold: f64::INFINITY,
    }];
    let steps = steps(scores, positive).into_iter();
    points.extend(steps.map(|step| RocPoint {
        false_positive_rate: step.called_negatives as f64 / negatives as f64,
        true_positive_rate: step.called_positives as f64 / positives as f64,
        threshold: step.threshold,
    }));
    Ok(points)
}

/// The precision-recall curve, from the highest score down. There is no point where nothing is
/// called: precision has no value there.
///
/// # Errors
/// As [`auroc`](super::auroc).
pub fn pr_curve(scores: &[f64], positive: &[bool]) -> Result<Vec<PrPoint>> {
    let positives = check_labels(scores, positive)?;
    let steps = steps(scores, positive).into_iter();
    let point = |step: Step| PrPoint {
        recall: step.called_positives as f64 / positives as f64,
        precision: step.called_positives as f64
            / (step.called_positives + step.called_negatives) as f64,
        threshold: step.threshold,
    };
    Ok(steps.map(point).collect())
}

/// The bins that hold rows, of `bins` equally wide ones between 0 and 1. Scores that are
/// probabilities lie on the diagonal of their mean against the share of positives.
///
/// # Errors
/// As [`auroc`](super::auroc), and `INPUT.GENERIC` for no bins or a score outside 0..=1.
pub fn reliability_bins(
    scores: &[f64],
    positive: &[bool],
    bins: usize,
) -> Result<Vec<ReliabilityBin>> {
    check_labels(scores, positive)?;
    if bins == 0 {
        return Err(Error::input("reliability needs at least one bin"));
    }
    if let Some(index) = scores.iter().position(|score| !(0.0..=1.0).contains(score)) {
        return Err(
            Error::input("a score to be read as a probability lies outside 0 to 1")
                .with_detail("index", index),
        );
    }
    let mut sums = vec![(0_usize, 0_usize, 0.0_f64); bins];
    for (&score, &is_positive) in scores.iter().zip(positive) {
        let bin = bin_of(score, bins);
        if let Some((count, positives, sum)) = sums.get_mut(bin) {
            *count += 1;
            *positives += usize::from(is_positive);
            *sum += score;
        }
    }
    let filled = sums.into_iter().enumerate().filter(|(_, (n, ..))| *n > 0);
    let bin = |(index, (count, positives, sum))| ReliabilityBin {
        low: edge(index, bins),
        high: edge(index + 1, bins),
        count,
        mean_score: sum / count as f64,
        positive_share: positives as f64 / count as f64,
    };
    Ok(filled.map(bin).collect())
}

fn edge(index: usize, bins: usize) -> f64 {
    index as f64 / bins as f64
}

/// Guessed by multiplication, then made right where rounding crosses an edge.
fn bin_of(score: f64, bins: usize) -> usize {
    let mut bin = ((score * bins as f64) as usize).min(bins - 1);
    while bin > 0 && score <= edge(bin, bins) {
        bin -= 1;
    }
    while bin + 1 < bins && score > edge(bin + 1, bins) {
        bin += 1;
    }
    bin
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{LABELS, SCORES_A, SCORES_B};
    use super::*;

    fn close(got: &[f64], want: &[f64]) {
        assert_eq!(got.len(), want.len(), "{got:?}");
        let apart = |(got, want): (&f64, &f64)| (got - want).abs();
        assert!(
            got.iter().zip(want).map(apart).all(|d| d < 1e-12),
            "{got:?}"
        );
    }

    /// `sklearn.metrics.roc_curve(drop_intermediate=False)`.
    #[test]
    fn the_roc_curve_is_that_of_scikit_learn() -> Result<()> {
        let points = roc_curve(&SCORES_A, &LABELS)?;
        let column = |of: fn(&RocPoint) -> f64| points.iter().map(of).collect::<Vec<f64>>();
        let n = 14.0;
        close(
            &column(|p| p.false_positive_rate),
            &[0.0, 1.0, 1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 14.0].map(|called| called / n),
        );
        close(
            &column(|p| p.true_positive_rate),
            &[0.0, 0.0, 0.4, 0.5, 0.7, 0.8, 0.9, 1.0, 1.0, 1.0],
        );
        close(
            &column(|p| p.threshold)[1..],
            &[0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0],
        );
        assert_eq!(points[0].threshold, f64::INFINITY);
        Ok(())
    }

    /// `sklearn.metrics.precision_recall_curve`, reversed, without its point at recall 0.
    #[test]
    fn the_precision_recall_curve_is_that_of_scikit_learn() -> Result<()> {
        let points = pr_curve(&SCORES_A, &LABELS)?;
        let column = |of: fn(&PrPoint) -> f64| points.iter().map(of).collect::<Vec<f64>>();
        close(
            &column(|p| p.recall),
            &[0.0, 0.4, 0.5, 0.7, 0.8, 0.9, 1.0, 1.0, 1.0],
        );
        let precision = [
            0.0,
            0.8,
            0.625,
            0.583_333_333_333_333_4,
            0.533_333_333_333_333_3,
            0.5,
            0.476_190_476_190_476_16,
            0.434_782_608_695_652_16,
            0.416_666_666_666_666_7,
        ];
        close(&column(|p| p.precision), &precision);
        Ok(())
    }

    /// `sklearn.calibration.calibration_curve(n_bins=5)`.
    #[test]
    fn reliability_bins_are_those_of_scikit_learn() -> Result<()> {
        let bins = reliability_bins(&SCORES_B, &LABELS, 5)?;
        let column = |of: fn(&ReliabilityBin) -> f64| bins.iter().map(of).collect::<Vec<f64>>();
        close(
            &column(|bin| bin.positive_share),
            &[0.666_666_666_666_666_6, 3.0 / 7.0, 0.5, 0.0],
        );
        close(
            &column(|bin| bin.mean_score),
            &[0.11, 0.311_428_571_428_571_44, 0.499, 0.71],
        );
        assert_eq!(bins.iter().map(|bin| bin.count).sum::<usize>(), 24);
        Ok(())
    }

    #[test]
    fn edges_belong_below_and_bad_scores_nowhere() -> Result<()> {
        let bins = reliability_bins(&[0.0, 0.5, 1.0], &[true, false, true], 2)?;
        let counts: Vec<usize> = bins.iter().map(|bin| bin.count).collect();
        assert_eq!(counts, [2, 1]);
        assert!(reliability_bins(&[0.0, 1.1], &[true, false], 2).is_err());
        assert!(reliability_bins(&[0.0, 1.0], &[true, false], 0).is_err());
        assert_eq!(roc_curve(&[0.0, -0.0], &[true, false])?.len(), 2);
        Ok(())
    }
}
