//! Surprise: how far the encoded edited window lies from what the predictor expected.

use crate::edit::{EditSpec, VariantSpelling};
use crate::genome::Effect;
pub use crate::provenance::SurpriseResult;
use crate::provenance::{json_string, python_float_repr};
use crate::{Error, Result};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Schema version of the score rows.
pub const SCORE_SCHEMA_VERSION: &str = "1.0.0";

/// What score rows name as their maker; part of the format, whichever program writes it.
pub const GENERATED_BY: &str = "geno-lewm-score";

/// Euclidean distance between two vectors of f32, computed in f64. NaN when their widths differ,
/// which callers treat as the error that it is.
#[must_use]
pub fn surprise_distance(prediction: &[f32], target: &[f32]) -> f64 {
    if prediction.len() != target.len() {
        return f64::NAN;
    }
    let squares = prediction.iter().zip(target).map(|(&p, &t)| {
        let difference = f64::from(p) - f64::from(t);
        difference * difference
    });
    libm::sqrt(squares.sum())
}

/// How far the prediction turned away from the reference state: 1 - cosine, in 0..=2, computed in
/// f64. NaN for widths that differ or a vector of zeros, neither of which has an angle.
#[must_use]
pub fn displacement(prediction: &[f32], reference: &[f32]) -> f64 {
    if prediction.len() != reference.len() {
        return f64::NAN;
    }
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(&x, &y)| f64::from(x) * f64::from(y))
            .sum()
    };
    let norms = libm::sqrt(dot(prediction, prediction)) * libm::sqrt(dot(reference, reference));
    (1.0 - dot(prediction, reference) / norms).clamp(0.0, 2.0)
}

/// How the distances of one variant in several windows become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Aggregation {
    /// Their mean.
    #[default]
    Mean,
    /// The largest.
    Max,
    /// The middle one, or the mean of the middle two.
    Median,
    /// None of them: the distance between the means of the states, over all windows.
    StateMean,
}

names! {
    /// The name on the command line.
    Aggregation:
    Mean = "mean",
    Max = "max",
    Median = "median",
    StateMean = "state_mean",
}

parse_by_name!(
    Aggregation,
    "an aggregation is mean, max, median or state_mean",
    "aggregation"
);

/// One distance out of those of several windows.
///
/// # Errors
/// `INPUT.GENERIC` for none at all, one that is not finite, or [`Aggregation::StateMean`], for which
/// distances do not suffice.
///
/// ```
/// use genolewm_core::surprise::{Aggregation, aggregate};
/// assert_eq!(aggregate(&[4.0, 1.0, 2.0], Aggregation::Median)?, 2.0);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn aggregate(distances: &[f64], aggregation: Aggregation) -> Result<f64> {
    if distances.iter().any(|distance| !distance.is_finite()) {
        return Err(Error::input("a distance is not finite"));
    }
    let mut sorted: Vec<f64> = distances.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(&largest) = sorted.last() else {
        return Err(Error::input("there is no distance to aggregate"));
    };
    Ok(match aggregation {
        Aggregation::Mean => distances.iter().sum::<f64>() / distances.len() as f64,
        Aggregation::Max => largest,
        Aggregation::Median => median_of_sorted(&sorted),
        Aggregation::StateMean => {
            return Err(Error::input(
                "distances do not tell the means of the states",
            ));
        }
    })
}

/// Figures of one variant out of its states in several windows, of which `figures` makes those of one: each
/// aggregated as `how` has it, or all of the means of the states where [`Aggregation::StateMean`] is among
/// that.
///
/// # Errors
/// As [`aggregate`].
pub fn aggregate_states<const STATES: usize, const FIGURES: usize>(
    windows: &[[&[f32]; STATES]],
    how: [Aggregation; FIGURES],
    figures: impl Fn([&[f32]; STATES]) -> [f64; FIGURES],
) -> Result<[f64; FIGURES]> {
    if how.contains(&Aggregation::StateMean) {
        let means: [Vec<f32>; STATES] =
            core::array::from_fn(|state| mean_state(windows.iter().map(|states| states[state])));
        let figures = figures(means.each_ref().map(Vec::as_slice));
        return match figures.iter().all(|figure| figure.is_finite()) {
            true => Ok(figures),
            false => Err(Error::input("a distance is not finite")),
        };
    }
    let of_windows: Vec<[f64; FIGURES]> = windows.iter().map(|states| figures(*states)).collect();
    let mut joined = [0.0; FIGURES];
    for (figure, (joined, how)) in joined.iter_mut().zip(how).enumerate() {
        let all: Vec<f64> = of_windows.iter().map(|figures| figures[figure]).collect();
        *joined = aggregate(&all, how)?;
    }
    Ok(joined)
}

/// The mean of states, summed in f64.
fn mean_state<'a>(states: impl ExactSizeIterator<Item = &'a [f32]>) -> Vec<f32> {
    let count = states.len() as f64;
    let mut sums: Vec<f64> = Vec::new();
    for state in states {
        sums.resize(sums.len().max(state.len()), 0.0);
        for (sum, value) in sums.iter_mut().zip(state) {
            *sum += f64::from(*value);
        }
    }
    sums.into_iter().map(|sum| (sum / count) as f32).collect()
}

/// A variant with its result: one line of the scores file.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRow {
    /// The variant, as the input names it.
    pub variant: VariantSpelling,
    /// The edit that was scored, where it is another spelling.
    pub scored_as: Option<EditSpec>,
    /// What is said about it.
    pub result: SurpriseResult,
    /// What it does to a gene, where annotation was given.
    pub effect: Option<Arc<Effect>>,
}

impl ScoreRow {
    /// The row as JSON with sorted keys, `", "` and `": "` between parts and floats as Python prints
    /// them, without a line end: byte for byte what the Python package writes, but for `scored_as`,
    /// which stands only in rows that have one, and for gene, transcript and consequence, which stand
    /// only in rows of a run with annotation.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` when a figure is not finite: JSON has no such number.
    pub fn to_json_line(&self) -> Result<String> {
        let (variant, result) = (&self.variant, &self.result);
        let scored_as = self.scored_as.as_ref().map_or_else(String::new, |edit| {
            format!("\"scored_as\": {}, ", ascii_json_string(&edit.to_string()))
        });
        let told = |name: &str, text: Option<&str>| {
            format!(
                "\"{name}\": {}, ",
                text.map_or_else(|| "null".into(), ascii_json_string)
            )
        };
        let effect = self.effect.as_deref();
        let before = effect.map_or_else(String::new, |effect| {
            told("consequence", Some(&effect.consequence())) + &told("gene", effect.gene())
        });
        let behind = effect.map_or_else(String::new, |effect| {
            let told = told("transcript", effect.transcript());
            format!(", {}", told.trim_end_matches(", "))
        });
        Ok(format!(
            "{{\"alt\": {alt}, \"bucket_id\": {bucket}, \"chrom\": {chrom}, \
             \"confidence\": {confidence}, {before}\"generated_by\": \"{GENERATED_BY}\", \
             \"low_confidence\": {low}, \"pos\": {pos}, \"ref\": {reference}, \
             \"schema_version\": \"{SCORE_SCHEMA_VERSION}\", {scored_as}\
             \"sigma_calibrated\": {calibrated}, \"sigma_raw\": {raw}{behind}}}",
            alt = ascii_json_string(variant.alternate()),
            bucket = ascii_json_string(&result.bucket_id),
            chrom = ascii_json_string(variant.chrom()),
            confidence = json_float("confidence", result.confidence)?,
            low = result.low_confidence,
            pos = variant.pos(),
            reference = ascii_json_string(variant.reference()),
            calibrated = json_float("sigma_calibrated", result.sigma_calibrated)?,
            raw = json_float("sigma_raw", result.sigma_raw)?,
        ))
    }
}

fn median_of_sorted(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    if sorted.len() % 2 == 1 {
        at(middle)
    } else {
        (at(middle - 1) + at(middle)) / 2.0
    }
}

fn json_float(name: &str, value: f64) -> Result<String> {
    if value.is_finite() {
        return Ok(python_float_repr(value));
    }
    Err(Error::invariant(format!("{name} is {value}"))
        .with_remedy("run `genolewm doctor`: a backend returned a number that is not finite"))
}

/// A quoted JSON string in ASCII, as Python's `json.dumps` writes it: contig names may hold anything.
fn ascii_json_string(text: &str) -> String {
    let mut quoted = String::new();
    for c in json_string(text).chars() {
        match c {
            ' '..='~' => quoted.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    quoted.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_without_meaning_are_nan() {
        assert!(surprise_distance(&[1.0], &[1.0, 2.0]).is_nan());
        assert!(displacement(&[0.0, 0.0], &[1.0, 2.0]).is_nan());
        assert!(aggregate(&[], Aggregation::Mean).is_err());
        assert!(aggregate(&[f64::NAN], Aggregation::Max).is_err());
    }

    #[test]
    fn distances_of_views_that_err_apart_did_not_cancel() -> Result<()> {
        let (here, left, right) = ([0.0_f32, 0.0], [-1.0_f32, 0.0], [1.0_f32, 0.0]);
        let views = [[&here[..], &left[..]], [&here[..], &right[..]]];
        let distance = |[from, to]: [&[f32]; 2]| [surprise_distance(from, to)];
        let joined = |how| aggregate_states(&views, [how], distance);
        assert_eq!(joined(Aggregation::Mean)?, [1.0]);
        assert_eq!(joined(Aggregation::StateMean)?, [0.0]);
        let none: [[&[f32]; 2]; 0] = [];
        for how in [Aggregation::Median, Aggregation::StateMean] {
            let angle = |[from, to]: [&[f32]; 2]| [displacement(from, to)];
            assert!(aggregate_states(&none, [how], angle).is_err());
        }
        assert!(aggregate(&[1.0], Aggregation::StateMean).is_err());
        Ok(())
    }

    #[test]
    fn displacement_is_an_angle() {
        assert!(displacement(&[3.0, 0.0], &[9.0, 0.0]).abs() < 1e-12);
        assert!((displacement(&[1.0, 0.0], &[0.0, 5.0]) - 1.0).abs() < 1e-12);
        assert!((displacement(&[1.0, 0.0], &[-1.0, 0.0]) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn rows_escape_what_json_needs_escaped() -> Result<()> {
        let mut row = ScoreRow {
            variant: VariantSpelling::new("c\"\u{e9}\u{1F9EC}", 7, "AG", "CG")?,
            scored_as: None,
            result: SurpriseResult {
                sigma_raw: 1.0,
                sigma_calibrated: 0.5,
                bucket_id: "other".into(),
                confidence: 1.0,
                low_confidence: false,
            },
            effect: None,
        };
        let line = row.to_json_line()?;
        assert!(
            line.contains("\"chrom\": \"c\\\"\\u00e9\\ud83e\\uddec\""),
            "{line}"
        );
        assert!(!line.contains("scored_as"), "{line}");
        row.scored_as = Some("\u{e9}:7:A:C".parse()?);
        let line = row.to_json_line()?;
        let named = "\"schema_version\": \"1.0.0\", \"scored_as\": \"\\u00e9:7:A:C\", \"sigma_cal";
        assert!(line.contains(named), "{line}");
        row.result.sigma_raw = f64::INFINITY;
        assert!(row.to_json_line().is_err());
        Ok(())
    }
}
