//! Measured states, one JSON object a line, as the Python package reads and writes them.

use crate::jsonl::{Row, each_row};
use genolewm_core::provenance::Json;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::python::json_line;
use std::collections::HashSet;
use std::path::Path;

const SCHEMA_VERSION: &str = "1.0.0";
/// By this name the Python package knows the rows.
const GENERATED_BY: &str = "geno-lewm-rollout-states";

/// The states of a window before and after `k` edits. All have one width.
#[derive(Debug, Clone, PartialEq)]
pub struct StateRow {
    /// Unique in its file.
    pub id: String,
    /// Name of the evaluated split.
    pub split: String,
    /// Number of edits, from 1.
    pub k: u64,
    /// Of the window without any edit.
    pub source: Vec<f64>,
    /// After `k` predictions, each from the one before.
    pub predicted: Vec<f64>,
    /// Of the window with its `k` edits.
    pub target: Vec<f64>,
    /// Place of the target among all targets of the same split and `k`, the most similar to the
    /// prediction first, from 1.
    pub target_rank: u64,
    /// The same for the source in place of the prediction.
    pub baseline_target_rank: u64,
}

impl StateRow {
    /// The row as a line of JSON.
    ///
    /// # Errors
    /// `INTERNAL.GENERIC` for a state that is not finite.
    pub fn to_line(&self) -> Result<String> {
        let state = |values: &[f64]| Json::Array(values.iter().map(|&v| v.into()).collect());
        json_line(&Json::from([
            ("schema_version", SCHEMA_VERSION.into()),
            ("generated_by", GENERATED_BY.into()),
            ("id", self.id.as_str().into()),
            ("split", self.split.as_str().into()),
            ("k", self.k.into()),
            ("source_state", state(&self.source)),
            ("predicted_state", state(&self.predicted)),
            ("target_state", state(&self.target)),
            ("target_rank", self.target_rank.into()),
            ("baseline_target_rank", self.baseline_target_rank.into()),
        ]))
    }

    fn parse(row: &Row<'_>) -> Result<Self> {
        row.check_maker(Some(GENERATED_BY))?;
        let parsed = Self {
            id: text(row, "id")?,
            split: text(row, "split")?,
            k: count(row, "k")?,
            source: state(row, "source_state")?,
            predicted: state(row, "predicted_state")?,
            target: state(row, "target_state")?,
            target_rank: count(row, "target_rank")?,
            baseline_target_rank: count(row, "baseline_target_rank")?,
        };
        let width = parsed.target.len();
        if [&parsed.source, &parsed.predicted].map(Vec::len) != [width; 2] {
            return Err(refused("the states of a row differ in width"));
        }
        if [&parsed.source, &parsed.predicted, &parsed.target]
            .iter()
            .any(|state| state.iter().all(|&value| value == 0.0))
        {
            return Err(refused("a state has no direction: all of it is 0"));
        }
        Ok(parsed)
    }
}

/// Reads a file of rows, plain or gzip.
///
/// # Errors
/// `RESOURCE.GENERIC` when it cannot be read; `INPUT.GENERIC` with file and line for a row that is
/// not of this kind or whose id was there before, and for a file without rows.
pub fn read_states(path: &Path) -> Result<Vec<StateRow>> {
    let (mut rows, mut seen) = (Vec::new(), HashSet::new());
    each_row(path, |row| {
        let row = StateRow::parse(row)?;
        if !seen.insert(row.id.clone()) {
            return Err(refused("an id is there a second time").with_detail("id", &row.id));
        }
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

fn text(row: &Row<'_>, field: &str) -> Result<String> {
    let text = row.members.get(field).and_then(Json::as_str);
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| refused("a field is missing or no text").with_detail("field", field))
}

fn count(row: &Row<'_>, field: &str) -> Result<u64> {
    let digits = match row.members.get(field) {
        Some(Json::Integer(digits)) => digits.parse().ok(),
        _ => None,
    };
    digits.filter(|&count| count > 0).ok_or_else(|| {
        refused("a field is missing or no whole number from 1").with_detail("field", field)
    })
}

fn state(row: &Row<'_>, field: &str) -> Result<Vec<f64>> {
    let values = match row.members.get(field) {
        Some(Json::Array(values)) if !values.is_empty() => values.iter(),
        _ => [].iter(),
    };
    let finite = values.map(|value| value.as_f64().filter(|value| value.is_finite()));
    let state: Option<Vec<f64>> = finite.collect();
    state.filter(|state| !state.is_empty()).ok_or_else(|| {
        refused("a state is missing or no list of finite numbers").with_detail("field", field)
    })
}

fn refused(message: &str) -> Error {
    Error::new(ErrorCode::InputGeneric, message).with_remedy(
        "make the states with `genolewm rollout`, or as docs/formats.md describes them",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str) -> StateRow {
        StateRow {
            id: id.to_owned(),
            split: "s".to_owned(),
            k: 2,
            source: vec![1.0, 0.0],
            predicted: vec![0.1, 1e-7],
            target: vec![0.0, 1.0],
            target_rank: 1,
            baseline_target_rank: 3,
        }
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let rows = [row("a"), row("b")];
        let lines = rows.each_ref().map(|row| row.to_line().unwrap());
        std::fs::write(file.path(), lines.join("\n\n")).unwrap();
        assert_eq!(read_states(file.path()).unwrap(), rows);
    }

    #[test]
    fn faults_are_named_by_their_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let good = row("a").to_line().unwrap();
        let other = row("b").to_line().unwrap();
        for bad in [
            good.clone(),
            other.replace("\"k\": 2", "\"k\": 0"),
            other.replace("\"k\": 2", "\"k\": 2.0"),
            other.replace("[1.0, 0.0]", "[1.0]"),
            other.replace("[1.0, 0.0]", "[0.0, 0.0]"),
            other.replace("[1.0, 0.0]", "[true, 0.0]"),
            other.replace("-states", ""),
            other.replace("\"split\": \"s\"", "\"split\": \" \""),
        ] {
            std::fs::write(file.path(), format!("{good}\n{bad}\n")).unwrap();
            let error = read_states(file.path()).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InputGeneric, "{bad}");
            assert_eq!(error.location().and_then(|at| at.line), Some(2), "{bad}");
        }
    }
}
