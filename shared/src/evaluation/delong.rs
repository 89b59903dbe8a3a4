//! DeLong's variance of an AUROC, and the test that compares two on the same rows, without
//! resampling.
//!
//! DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988), in the form of Sun and Xu, IEEE Signal
//! Processing Letters 21 (2014): placement values from mid-ranks, so that sorting is the dearest part.

use super::average_ranks;
use super::binary::check_labels;
use crate::{Error, Result};
use alloc::vec::Vec;
use core::f64::consts::SQRT_2;

/// An AUROC and what chance alone would make it vary by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DelongAuroc {
    /// Area under the receiver operating characteristic, 0..=1.
    pub auroc: f64,
    /// Its variance over samples of as many positives and negatives. 0 where the scores part the
    /// classes without error: then it says nothing about the next sample.
    pub variance: f64,
}

/// Two AUROCs on the same rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DelongTest {
    /// AUROC of the first score.
    pub first: f64,
    /// AUROC of the second score.
    pub second: f64,
    /// The first less the second.
    pub difference: f64,
    /// Standard error of the difference; the covariance of the two is taken out of it.
    pub standard_error: f64,
    /// Difference over standard error; 0 for equal areas, `None` for unequal ones without variance.
    pub z: Option<f64>,
    /// Two-sided probability of a |z| as large, were the areas equal; `None` where `z` is.
    pub p: Option<f64>,
}

/// The AUROC with its variance.
///
/// # Errors
/// As [`auroc`](super::auroc), and `INPUT.GENERIC` for fewer than two rows on either side.
///
/// ```
/// use genolewm_core::evaluation::delong_variance;
/// let found = delong_variance(&[0.9, 0.4, 0.6, 0.1], &[true, true, false, false])?;
/// assert_eq!((found.auroc, found.variance), (0.75, 0.125));
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn delong_variance(scores: &[f64], positive: &[bool]) -> Result<DelongAuroc> {
    let placements = Placements::of(scores, positive)?;
    Ok(DelongAuroc {
        auroc: mean(&placements.positives),
        variance: placements.variance_of_mean(),
    })
}

/// Tests whether two scores of the same rows have the same AUROC.
///
/// # Errors
/// As [`delong_variance`], for either score.
pub fn delong_test(first: &[f64], second: &[f64], positive: &[bool]) -> Result<DelongTest> {
    let a = Placements::of(first, positive)?;
    let b = Placements::of(second, positive)?;
    // The variance of the difference, from the differences: the same as through the covariance, but
    // nothing cancels when the scores are alike.
    let apart = Placements {
        positives: differences(&a.positives, &b.positives),
        negatives: differences(&a.negatives, &b.negatives),
    };
    let (first, second) = (mean(&a.positives), mean(&b.positives));
    let difference = first - second;
    let standard_error = libm::sqrt(apart.variance_of_mean());
    let z = if difference == 0.0 {
        Some(0.0)
    } else {
        (standard_error > 0.0).then(|| difference / standard_error)
    };
    Ok(DelongTest {
        first,
        second,
        difference,
        standard_error,
        z,
        p: z.map(|z| libm::erfc(z.abs() / SQRT_2)),
    })
}

/// Where each row stands among those of the other class.
struct Placements {
    /// By positive: the share of negatives below it, ties half.
    positives: Vec<f64>,
    /// By negative: the share of positives above it, ties half.
    negatives: Vec<f64>,
}

impl Placements {
    fn of(scores: &[f64], positive: &[bool]) -> Result<Self> {
        let positives = check_labels(scores, positive)?;
        let negatives = positive.len() - positives;
        if positives < 2 || negatives < 2 {
            return Err(Error::input(
                "a variance needs at least two positive and two negative labels",
            )
            .with_detail("positive", positives)
            .with_detail("negative", negatives));
        }
        let among_all = average_ranks(scores);
        let share = |is: bool, others: usize| {
            let own: Vec<f64> = side(scores, positive, is);
            let beyond = differences(&side(&among_all, positive, is), &average_ranks(&own));
            beyond.into_iter().map(move |rank| rank / others as f64)
        };
        Ok(Self {
            positives: share(true, negatives).collect(),
            negatives: share(false, positives).map(|below| 1.0 - below).collect(),
        })
    }

    fn variance_of_mean(&self) -> f64 {
        let side = |values: &[f64]| sample_variance(values) / values.len() as f64;
        side(&self.positives) + side(&self.negatives)
    }
}

fn side(values: &[f64], positive: &[bool], wanted: bool) -> Vec<f64> {
    let rows = values.iter().zip(positive);
    rows.filter(|&(_, &is)| is == wanted)
        .map(|(&value, _)| value)
        .collect()
}

fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn sample_variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| squared(value - mean)).sum();
    squares / (values.len() - 1) as f64
}

fn squared(value: f64) -> f64 {
    value * value
}

#[cfg(test)]
mod tests {
    use super::super::auroc;
    use super::super::vectors::{LABELS, SCORES_A, SCORES_B};
    use super::*;

    fn close(got: f64, want: f64) {
        assert!((got - want).abs() < 1e-12, "{got} is not {want}");
    }

    #[test]
    fn variances_are_those_of_the_definition() -> Result<()> {
        for (scores, area, variance) in [
            (SCORES_A, 0.728_571_428_571_428_5, 0.011_290_772_719_344_148),
            (SCORES_B, 0.410_714_285_714_285_7, 0.015_224_358_974_358_976),
        ] {
            let found = delong_variance(&scores, &LABELS)?;
            close(found.auroc, area);
            close(found.auroc, auroc(&scores, &LABELS)?);
            close(found.variance, variance);
        }
        Ok(())
    }

    #[test]
    fn the_paired_test_takes_the_covariance_into_account() -> Result<()> {
        let test = delong_test(&SCORES_A, &SCORES_B, &LABELS)?;
        close(test.difference, 0.317_857_142_857_142_84);
        close(test.standard_error, 0.174_118_471_971_034_7);
        close(test.z.unwrap_or(f64::NAN), 1.825_522_239_306_233_1);
        close(test.p.unwrap_or(f64::NAN), 0.067_922_258_291_479_58);
        Ok(())
    }

    #[test]
    fn equal_areas_do_not_differ_and_no_variance_is_no_test() -> Result<()> {
        let same = delong_test(&SCORES_A, &SCORES_A, &LABELS)?;
        assert_eq!(
            (same.standard_error, same.z, same.p),
            (0.0, Some(0.0), Some(1.0))
        );
        let labels = [true, true, false, false];
        let perfect = delong_test(&[4.0, 3.0, 2.0, 1.0], &[1.0, 2.0, 3.0, 4.0], &labels)?;
        assert_eq!(
            (perfect.difference, perfect.z, perfect.p),
            (1.0, None, None)
        );
        Ok(())
    }

    #[test]
    fn one_row_on_a_side_has_no_variance() {
        assert!(delong_variance(&[0.1, 0.2, 0.3], &[true, false, false]).is_err());
        assert!(delong_test(&[0.1; 4], &[0.1; 3], &[true, true, false, false]).is_err());
    }
}
