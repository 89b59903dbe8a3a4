//! What this program adds to the metrics of the Python package, when it is asked to: paired bootstrap,
//! DeLong's test, classes of variants, and the curves of ROC, precision-recall and reliability.

use super::compare::{Compared, Stratum};
use super::jsonl::LabelValues;
use crate::metrics_file::rows::{
    ComparisonRow, Curves, CurvesRow, DelongRow, ReliabilityRow, StratumFigure, StratumRow,
};
use genolewm_core::Result;
use genolewm_core::evaluation::{pr_curve, reliability_bins, roc_curve};

/// Most points of a written curve.
const CURVE_POINTS: usize = 256;
/// Bins of a written reliability diagram.
const RELIABILITY_BINS: usize = 10;

/// The comparisons with one other score.
#[must_use]
pub fn comparisons(score_field: &str, other: &str, compared: &[Compared]) -> Vec<ComparisonRow> {
    let row = |compared: &Compared| {
        let [value, compared_value] = compared.values;
        let bootstrap = compared.bootstrap.as_ref();
        ComparisonRow {
            split: None,
            metric: compared.metric.to_owned(),
            score: score_field.to_owned(),
            value,
            compared_with: other.to_owned(),
            compared_value,
            difference: value - compared_value,
            interval: bootstrap.map(|found| found.interval.into()),
            bootstrap_p: bootstrap.map(|found| found.p),
            resamples: bootstrap.map(|found| found.resamples),
            delong: compared.delong.as_ref().map(|test| DelongRow {
                delong_standard_error: test.standard_error,
                delong_z: test.z,
                delong_p: test.p,
            }),
        }
    };
    compared.iter().map(row).collect()
}

/// The classes of variants with the figures of every score.
#[must_use]
pub fn strata(strata: &[Stratum]) -> Vec<StratumRow> {
    let stratum = |stratum: &Stratum| {
        let metrics = stratum.agreements.iter().flat_map(|(score, agreement)| {
            agreement.figures.iter().map(move |figure| StratumFigure {
                score: score.clone(),
                name: figure.name.to_owned(),
                value: figure.value,
                interval: figure.interval.map(Into::into),
            })
        });
        StratumRow {
            split: None,
            stratum: stratum.name.clone(),
            n: stratum.variants as u64,
            positive_variants: stratum.sides.map(|[positives, _]| positives as u64),
            negative_variants: stratum.sides.map(|[_, negatives]| negatives as u64),
            metrics: metrics.collect(),
        }
    };
    strata.iter().map(stratum).collect()
}

/// Points of the curves of a score with two-sided labels, for pictures: from the highest score down and
/// thinned to 256 points, and reliability for scores within 0..=1. None for continuous labels.
///
/// # Errors
/// `INPUT.GENERIC` for scores without figures.
pub fn curves(scores: &[f64], labels: &LabelValues) -> Result<Curves> {
    let LabelValues::Binary(positive) = labels else {
        return Ok(Curves::Several(Vec::new()));
    };
    let roc = roc_curve(scores, positive)?;
    let pr = pr_curve(scores, positive)?;
    let is_probability = scores.iter().all(|score| (0.0..=1.0).contains(score));
    let bins = is_probability.then(|| reliability_bins(scores, positive, RELIABILITY_BINS));
    let bins = bins.transpose()?.map(|bins| {
        let bins = bins.into_iter().map(|bin| ReliabilityRow {
            low: bin.low,
            high: bin.high,
            n: bin.count,
            mean_score: bin.mean_score,
            positive_share: bin.positive_share,
        });
        bins.collect()
    });
    Ok(Curves::One(CurvesRow {
        split: None,
        roc: thinned(&roc, |at| [at.false_positive_rate, at.true_positive_rate]),
        pr: thinned(&pr, |at| [at.recall, at.precision]),
        reliability: bins,
    }))
}

/// Points at even distances in the list, its ends among them.
fn thinned<T>(points: &[T], write: impl Fn(&T) -> [f64; 2]) -> Vec<[f64; 2]> {
    let last = points.len().saturating_sub(1);
    let kept = points.len().min(CURVE_POINTS);
    let index = |place: usize| place * last / (kept - 1).max(1);
    let points = (0..kept).filter_map(|place| points.get(index(place)));
    points.map(write).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_curves_are_thinned_between_their_ends() {
        let positive: Vec<bool> = (0..2_000).map(|row| row % 3 == 0).collect();
        let scores: Vec<f64> = (0..2_000).map(|row| f64::from(row) / 2_000.0).collect();
        let Curves::One(curves) = curves(&scores, &LabelValues::Binary(positive)).unwrap() else {
            panic!("no curves");
        };
        let (roc, end) = (curves.roc, |value: f64| [value, value]);
        assert_eq!((roc.len(), roc[0], roc[255]), (256, end(0.0), end(1.0)));
        assert!(matches!(curves.reliability, Some(bins) if bins.len() == 10));
    }

    #[test]
    fn reliability_is_for_probabilities_and_curves_for_two_sides() {
        let labels = LabelValues::Binary(vec![true, false]);
        let Curves::One(found) = curves(&[2.0, 1.0], &labels).unwrap() else {
            panic!("no curves");
        };
        assert!(found.reliability.is_none() && !found.pr.is_empty());
        let numbers = LabelValues::Continuous(vec![1.0]);
        assert_eq!(
            curves(&[1.0], &numbers).unwrap(),
            Curves::Several(Vec::new())
        );
    }
}
