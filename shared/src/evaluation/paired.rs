//! The paired bootstrap: whether one score is better than another on the same rows.

use super::bootstrap::{BootstrapInterval, BootstrapOptions, interval, pick, resamples};
use super::check_scores;
use crate::{Error, Result};

/// A figure of two scores on the same rows, and the interval of what lies between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedComparison {
    /// The figure of the first score.
    pub first: f64,
    /// The figure of the second score.
    pub second: f64,
    /// The first less the second.
    pub difference: f64,
    /// Percentile interval of the difference.
    pub interval: BootstrapInterval,
    /// Two-sided bootstrap probability of no difference, from the resamples on the far side of 0;
    /// never below 2 / (resamples + 1), for no number of resamples shows that something cannot be
    /// (Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 4.4).
    pub p: f64,
    /// How many resamples had a figure for both scores.
    pub resamples: usize,
}

/// Compares a figure of two scores. Each resample draws whole rows, with both scores and the label,
/// so that what the scores have in common cancels; `strata` and the stream are those of
/// [`bootstrap_interval`](super::bootstrap_interval). `metric` may have `None` for a resample
/// without a figure.
///
/// # Errors
/// As [`bootstrap_interval`](super::bootstrap_interval) and `metric`; `INPUT.GENERIC` for columns
/// of unequal length, scores that are not finite, or when the data themselves have no figure.
///
/// ```
/// use genolewm_core::evaluation::{BootstrapOptions, auroc, paired_interval};
/// let positive = [true, true, true, false, false, false];
/// let strata = positive.map(|is| !is);
/// let good = [0.9, 0.8, 0.4, 0.5, 0.2, 0.1];
/// let poor = [0.1, 0.9, 0.3, 0.8, 0.2, 0.4];
/// let found = paired_interval(
///     [&good, &poor], &positive, &strata, &BootstrapOptions::default(),
///     |scores, labels| auroc(scores, labels).map(Some),
/// )?;
/// assert!(found.difference > 0.0 && found.interval.low <= found.difference);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn paired_interval<L: Copy, S: Ord>(
    scores: [&[f64]; 2],
    labels: &[L],
    strata: &[S],
    options: &BootstrapOptions,
    mut metric: impl FnMut(&[f64], &[L]) -> Result<Option<f64>>,
) -> Result<PairedComparison> {
    let [a, b] = scores;
    for column in scores {
        check_scores(column, labels.len())?;
    }
    if strata.len() != labels.len() {
        return Err(Error::input("there are not as many strata as labels"));
    }
    let (Some(first), Some(second)) = (metric(a, labels)?, metric(b, labels)?) else {
        return Err(Error::input("the scores have no figure to compare"));
    };
    let drawn = resamples(strata, options, |rows| {
        let labels = pick(labels, rows);
        let first = metric(&pick(a, rows), &labels)?;
        let second = metric(&pick(b, rows), &labels)?;
        Ok(first.zip(second).map(|(first, second)| first - second))
    })?;
    Ok(PairedComparison {
        first,
        second,
        difference: first - second,
        interval: interval(drawn.iter().copied(), options.level),
        p: two_sided(&drawn),
        resamples: drawn.len(),
    })
}

/// The probability of no difference, from the differences of the resamples.
fn two_sided(drawn: &[f64]) -> f64 {
    let count = |far: fn(f64) -> bool| drawn.iter().filter(|&&difference| far(difference)).count();
    let fewer = count(|difference| difference <= 0.0).min(count(|difference| difference >= 0.0));
    let tail = (fewer + 1) as f64 / (drawn.len() + 1) as f64;
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{LABELS, SCORES_A, SCORES_B};
    use super::super::{auroc, spearman};
    use super::*;

    fn compare(a: &[f64], b: &[f64]) -> Result<PairedComparison> {
        let strata = LABELS.map(|is| !is);
        let options = BootstrapOptions::default();
        paired_interval([a, b], &LABELS, &strata, &options, |scores, labels| {
            auroc(scores, labels).map(Some)
        })
    }

    #[test]
    fn the_interval_is_that_of_python_on_the_same_stream() -> Result<()> {
        let found = compare(&SCORES_A, &SCORES_B)?;
        assert!((found.difference - 0.317_857_142_857_142_84).abs() < 1e-12);
        assert!((found.interval.low - INTERVAL.0).abs() < 1e-12, "{found:?}");
        assert!(
            (found.interval.high - INTERVAL.1).abs() < 1e-12,
            "{found:?}"
        );
        assert!((found.p - INTERVAL.2).abs() < 1e-12, "{found:?}");
        Ok(())
    }

    /// Bounds and p from the same draws with Python's `random.choices`, numpy's `quantile` and
    /// scikit-learn's `roc_auc_score`.
    const INTERVAL: (f64, f64, f64) = (
        -0.035_714_285_714_285_7,
        0.635_803_571_428_571_4,
        0.091_908_091_908_091_9,
    );

    #[test]
    fn a_score_does_not_differ_from_itself() -> Result<()> {
        let same = compare(&SCORES_A, &SCORES_A)?;
        assert_eq!((same.difference, same.p, same.resamples), (0.0, 1.0, 1_000));
        assert_eq!((same.interval.low, same.interval.high), (0.0, 0.0));
        Ok(())
    }

    #[test]
    fn resamples_without_a_figure_are_left_out() -> Result<()> {
        let (values, scores) = ([1.0, 2.0, 2.0], [0.3, 0.1, 0.2]);
        let options = BootstrapOptions::default();
        let metric = |scores: &[f64], values: &[f64]| Ok(spearman(scores, values).ok());
        let found = paired_interval([&scores, &values], &values, &[(); 3], &options, metric)?;
        assert!(
            found.resamples > 0 && found.resamples < 1_000,
            "{}",
            found.resamples
        );
        let none = paired_interval([&scores, &values], &values, &[(); 3], &options, |_, _| {
            Ok(None)
        });
        assert!(none.is_err());
        Ok(())
    }
}
