//! One figure of an evaluation.

use super::members::{bounds, count, member, number, text};
use genolewm_core::provenance::Json;
use genolewm_core::{Error, ErrorCode, Result};

/// A figure, as the Python package writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Name of the evaluated split.
    pub split: String,
    /// What was measured.
    pub name: String,
    /// The figure.
    pub value: f64,
    /// How many things it is about.
    pub n: Option<u64>,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// Its interval.
    pub interval: Option<[f64; 2]>,
    /// What it is set against, and the figure of that.
    pub baseline: Option<(String, f64)>,
    /// The whole row.
    pub row: Json,
}

impl Metric {
    /// Reads a row.
    ///
    /// # Errors
    /// `INPUT.GENERIC` without a name, a split or a finite value.
    pub fn parse(row: &Json) -> Result<Self> {
        let (name, split) = (text(row, "name").trim(), text(row, "split").trim());
        let value = number(row, "value");
        let (Some(value), false, false) = (value, name.is_empty(), split.is_empty()) else {
            return Err(Error::new(
                ErrorCode::InputGeneric,
                "a metric has no name, no split or no finite value",
            )
            .with_detail("name", name)
            .with_detail("split", split)
            .with_remedy("make the file again with `genolewm eval`, `rollout` or `evaluate`"));
        };
        let higher = member(row, "higher_is_better").and_then(Json::as_bool);
        let baseline = number(row, "baseline_value");
        Ok(Self {
            split: split.to_owned(),
            name: name.to_owned(),
            value,
            n: count(row, "n"),
            higher_is_better: higher.unwrap_or(true),
            interval: bounds(row, ["ci_low", "ci_high"]),
            baseline: baseline.map(|value| (text(row, "baseline").to_owned(), value)),
            row: row.clone(),
        })
    }

    /// Whether the baseline is as good or better; false without one.
    #[must_use]
    pub fn is_beaten(&self) -> bool {
        self.baseline.as_ref().is_some_and(|(_, baseline)| {
            if self.higher_is_better {
                *baseline >= self.value
            } else {
                *baseline <= self.value
            }
        })
    }
}
