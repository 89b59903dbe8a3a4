//! Measured states, one JSON object a line, as the Python package reads and writes them.

use crate::score_files::jsonl::{JsonRow, ROW_BYTES, each_row_of_states};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::json::typed;
use genolewm_report::python::json::json_line;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::Path;

const SCHEMA_VERSION: &str = "1.0.0";
/// By this name the Python package knows the rows.
const GENERATED_BY: &str = "geno-lewm-rollout-states";

/// The states of a window before and after `k` edits. All have one width.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateRow {
    /// Unique in its file.
    pub id: String,
    /// Name of the evaluated split.
    pub split: String,
    /// Number of edits, from 1.
    pub k: u64,
    /// Of the window without any edit.
    #[serde(rename = "source_state")]
    pub source: Vec<f64>,
    /// After `k` predictions, each from the one before.
    #[serde(rename = "predicted_state")]
    pub predicted: Vec<f64>,
    /// Of the window with its `k` edits.
    #[serde(rename = "target_state")]
    pub target: Vec<f64>,
    /// Place of the target among all targets of the same split and `k`, the most similar to the
    /// prediction first, from 1.
    pub target_rank: u64,
    /// The same for the source in place of the prediction.
    pub baseline_target_rank: u64,
}

/// A row with what its readers ask for.
#[derive(Serialize)]
struct Line<'a> {
    schema_version: &'static str,
    generated_by: &'static str,
    #[serde(flatten)]
    row: &'a StateRow,
}

impl StateRow {
    /// The row as a line of JSON.
    ///
    /// # Errors
    /// `INTERNAL.GENERIC` for a state that is not finite.
    pub fn to_line(&self) -> Result<String> {
        let mut values = self.states().into_iter().flatten();
        if !values.all(|value| value.is_finite()) {
            let message = "a state is not finite and cannot be written as JSON";
            return Err(Error::new(ErrorCode::InternalGeneric, message));
        }
        json_line(&Line {
            schema_version: SCHEMA_VERSION,
            generated_by: GENERATED_BY,
            row: self,
        })
    }

    fn states(&self) -> [&Vec<f64>; 3] {
        [&self.source, &self.predicted, &self.target]
    }

    fn parse(row: &JsonRow<'_>) -> Result<Self> {
        row.check_maker(Some(GENERATED_BY))?;
        let mut parsed: Self = typed(row.value).map_err(|error| {
            refused("a row is not of measured states").with_detail("cause", error.message())
        })?;
        for (field, text) in [("id", &mut parsed.id), ("split", &mut parsed.split)] {
            *text = text.trim().to_owned();
            if text.is_empty() {
                return Err(refused("a field has no text").with_detail("field", field));
            }
        }
        if [parsed.k, parsed.target_rank, parsed.baseline_target_rank].contains(&0) {
            return Err(refused("edits and ranks are counted from 1"));
        }
        let width = parsed.target.len();
        if parsed.states().iter().any(|state| state.len() != width) {
            return Err(refused("the states of a row differ in width"));
        }
        // Nor has one without a number.
        let is_zero = |state: &&Vec<f64>| state.iter().all(|&value| value == 0.0);
        if parsed.states().iter().any(is_zero) {
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
    each_row_of_states(path, |row| {
        let row = StateRow::parse(row)?;
        if !seen.insert(row.id.clone()) {
            return Err(refused("an id is there a second time").with_detail("id", &row.id));
        }
        let numbers = row.states().into_iter().map(Vec::len).sum::<usize>();
        rows.push(row);
        Ok(ROW_BYTES + numbers * size_of::<f64>())
    })?;
    Ok(rows)
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

    /// Lines ended at 4 MiB, and every row counted as 200 bytes, whatever it kept.
    #[test]
    fn rows_of_wide_states_were_refused_and_counted_as_nothing() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut wide = row("a");
        let third = 1.0 / 3.0;
        for state in [&mut wide.source, &mut wide.predicted, &mut wide.target] {
            *state = vec![third; 100_000];
        }
        let line = wide.to_line().unwrap();
        assert!(line.len() > 4 << 20);
        std::fs::write(file.path(), line).unwrap();
        assert_eq!(read_states(file.path()).unwrap(), [wide]);
        // Packed, a thousandth of what is kept.
        let mut packed = flate2::write::GzEncoder::new(
            std::fs::File::create(file.path()).unwrap(),
            flate2::Compression::fast(),
        );
        for index in 0..10 {
            let mut flat = row(&index.to_string());
            for state in [&mut flat.source, &mut flat.predicted, &mut flat.target] {
                *state = vec![1.0; 100_000];
            }
            let line = flat.to_line().unwrap() + "\n";
            std::io::Write::write_all(&mut packed, line.as_bytes()).unwrap();
        }
        packed.finish().unwrap();
        let error = read_states(file.path()).unwrap_err();
        assert!(error.message().contains("MiB of memory"), "{error}");
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
