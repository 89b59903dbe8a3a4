//! What this program adds to the metrics of the Python package, when it is asked to.

use super::compare::{Compared, Stratum};
use super::jsonl::LabelValues;
use super::payload::{bounds, integer};
use genolewm_core::Result;
use genolewm_core::evaluation::{pr_curve, reliability_bins, roc_curve};
use genolewm_core::provenance::Json;
use std::collections::BTreeMap;

/// Most points of a written curve.
const CURVE_POINTS: usize = 256;
/// Bins of a written reliability diagram.
const RELIABILITY_BINS: usize = 10;

/// The comparisons with one other score.
#[must_use]
pub fn comparisons(score_field: &str, other: &str, compared: &[Compared]) -> Vec<Json> {
    let row = |compared: &Compared| {
        let [value, other_value] = compared.values;
        let mut row = BTreeMap::from([
            ("score".to_owned(), score_field.into()),
            ("compared_with".to_owned(), other.into()),
            ("metric".to_owned(), compared.metric.into()),
            ("value".to_owned(), value.into()),
            ("compared_value".to_owned(), other_value.into()),
            ("difference".to_owned(), (value - other_value).into()),
        ]);
        row.extend(bounds(compared.bootstrap.map(|found| found.interval)));
        if let Some(found) = &compared.bootstrap {
            row.insert("bootstrap_p".to_owned(), found.p.into());
            row.insert("resamples".to_owned(), integer(found.resamples));
        }
        if let Some(test) = &compared.delong {
            let optional = |value: Option<f64>| value.map_or(Json::Null, Json::from);
            row.extend([
                (
                    "delong_standard_error".to_owned(),
                    test.standard_error.into(),
                ),
                ("delong_z".to_owned(), optional(test.z)),
                ("delong_p".to_owned(), optional(test.p)),
            ]);
        }
        Json::Object(row)
    };
    compared.iter().map(row).collect()
}

/// The classes of variants with the figures of every score.
#[must_use]
pub fn strata(strata: &[Stratum]) -> Json {
    let stratum = |stratum: &Stratum| {
        let metrics = stratum.agreements.iter().flat_map(|(score, agreement)| {
            agreement.figures.iter().map(move |figure| {
                let mut row = BTreeMap::from([
                    ("score".to_owned(), score.as_str().into()),
                    ("name".to_owned(), figure.name.into()),
                    ("value".to_owned(), figure.value.into()),
                ]);
                row.extend(bounds(figure.interval));
                Json::Object(row)
            })
        });
        let mut row = BTreeMap::from([
            ("stratum".to_owned(), stratum.name.as_str().into()),
            ("n".to_owned(), integer(stratum.variants)),
            ("metrics".to_owned(), Json::Array(metrics.collect())),
        ]);
        if let Some([positives, negatives]) = stratum.sides {
            row.insert("positive_variants".to_owned(), integer(positives));
            row.insert("negative_variants".to_owned(), integer(negatives));
        }
        Json::Object(row)
    };
    Json::Array(strata.iter().map(stratum).collect())
}

/// Points of the curves of a score with two-sided labels, for pictures: `roc` as false and true
/// positive rates, `pr` as recall and precision, from the highest score down and thinned to 256
/// points, and `reliability` for scores within 0..=1. Empty for continuous labels.
///
/// # Errors
/// `INPUT.GENERIC` for scores without figures.
pub fn curves(scores: &[f64], labels: &LabelValues) -> Result<Json> {
    let LabelValues::Binary(positive) = labels else {
        return Ok(Json::from([]));
    };
    let pair = |a: f64, b: f64| Json::Array(vec![a.into(), b.into()]);
    let roc = roc_curve(scores, positive)?;
    let roc = thinned(&roc, |at| {
        pair(at.false_positive_rate, at.true_positive_rate)
    });
    let pr = thinned(&pr_curve(scores, positive)?, |at| {
        pair(at.recall, at.precision)
    });
    let mut curves = BTreeMap::from([("roc".to_owned(), roc), ("pr".to_owned(), pr)]);
    if scores.iter().all(|score| (0.0..=1.0).contains(score)) {
        let bins = reliability_bins(scores, positive, RELIABILITY_BINS)?;
        let bin = bins.into_iter().map(|bin| {
            Json::from([
                ("low", bin.low.into()),
                ("high", bin.high.into()),
                ("n", integer(bin.count)),
                ("mean_score", bin.mean_score.into()),
                ("positive_share", bin.positive_share.into()),
            ])
        });
        curves.insert("reliability".to_owned(), Json::Array(bin.collect()));
    }
    Ok(Json::Object(curves))
}

/// Points at even distances in the list, its ends among them.
fn thinned<T>(points: &[T], write: impl Fn(&T) -> Json) -> Json {
    let last = points.len().saturating_sub(1);
    let kept = points.len().min(CURVE_POINTS);
    let index = |place: usize| place * last / (kept - 1).max(1);
    let points = (0..kept).filter_map(|place| points.get(index(place)));
    Json::Array(points.map(write).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_curves_are_thinned_between_their_ends() {
        let positive: Vec<bool> = (0..2_000).map(|row| row % 3 == 0).collect();
        let scores: Vec<f64> = (0..2_000).map(|row| f64::from(row) / 2_000.0).collect();
        let Json::Object(curves) = curves(&scores, &LabelValues::Binary(positive)).unwrap() else {
            panic!("no object");
        };
        let Json::Array(roc) = &curves["roc"] else {
            panic!("no points");
        };
        let end = |value: f64| Json::Array(vec![value.into(), value.into()]);
        assert_eq!((roc.len(), &roc[0], &roc[255]), (256, &end(0.0), &end(1.0)));
        assert!(matches!(&curves["reliability"], Json::Array(bins) if bins.len() == 10));
    }

    #[test]
    fn reliability_is_for_probabilities_and_curves_for_two_sides() {
        let labels = LabelValues::Binary(vec![true, false]);
        let Json::Object(found) = curves(&[2.0, 1.0], &labels).unwrap() else {
            panic!("no object");
        };
        assert!(!found.contains_key("reliability") && found.contains_key("pr"));
        let numbers = LabelValues::Continuous(vec![1.0]);
        assert_eq!(curves(&[1.0], &numbers).unwrap(), Json::from([]));
    }
}
