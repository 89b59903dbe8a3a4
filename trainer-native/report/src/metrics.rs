//! Metrics as JSON lines: one object a line, appended while a run lasts.

use crate::output::{io_error, io_error_at, private_options};
use genolewm_core::error::Location;
use genolewm_core::{Error, ErrorCode, Result};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

const NO_OBJECT: &str = "a line of metrics is not a JSON object";

/// One line of metrics.
pub type MetricsLine = Map<String, Value>;

/// Appends metrics to a file, a whole line at a time.
#[derive(Debug)]
pub struct MetricsWriter {
    file: File,
    name: String,
}

impl MetricsWriter {
    /// Opens a file for appending, and makes it when it is not there.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be opened.
    pub fn append(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let open = private_options().create(true).append(true).open(path);
        Ok(Self {
            file: open.map_err(|error| io_error(&name, &error))?,
            name,
        })
    }

    /// Writes one line.
    ///
    /// # Errors
    /// `INTERNAL.GENERIC` when `row` is not a JSON object with finite numbers,
    /// `RESOURCE.DISK_FULL` or `RESOURCE.GENERIC` when writing fails.
    pub fn write(&mut self, row: &impl Serialize) -> Result<()> {
        let refused = || Error::new(ErrorCode::InternalGeneric, NO_OBJECT);
        let value = serde_json::to_value(row)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(refused)?;
        // One call, so that a run that is killed leaves at most one partial line.
        self.file
            .write_all(format!("{value}\n").as_bytes())
            .map_err(|error| io_error(&self.name, &error))
    }

    /// Waits until what was written is on the disk.
    ///
    /// # Errors
    /// `RESOURCE.DISK_FULL` or `RESOURCE.GENERIC` when it cannot be.
    pub fn sync(&self) -> Result<()> {
        self.file
            .sync_data()
            .map_err(|error| io_error(&self.name, &error))
    }
}

/// Reads a file of metrics. A last line without its end, as a killed run leaves it, is left out.
///
/// # Errors
/// `RESOURCE.GENERIC` when it cannot be read, `INPUT.GENERIC` with the line for anything else that
/// is not a JSON object.
pub fn read_metrics(path: &Path) -> Result<Vec<MetricsLine>> {
    let text = std::fs::read_to_string(path).map_err(io_error_at(path))?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|_| {
                Error::new(ErrorCode::InputGeneric, NO_OBJECT).at(Location::line(
                    &path.display().to_string(),
                    index as u64 + 1,
                )
                .column(1, line))
            })
        })
        .collect()
}

/// The points `(x, y)` of two numeric columns, by x; rows that lack one are left out. A run that
/// was resumed repeats steps: of rows with one x the last counts.
#[must_use]
pub fn series(rows: &[MetricsLine], x: &str, y: &str) -> Vec<(f64, f64)> {
    let number = |row: &MetricsLine, key: &str| row.get(key).and_then(Value::as_f64);
    let mut points: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for row in rows {
        if let (Some(x), Some(y)) = (number(row, x), number(row, y)) {
            points.insert(ordered(x), (x, y));
        }
    }
    points.into_values().collect()
}

/// Bits that sort as the numbers do.
fn ordered(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metrics_are_read_as_they_are_written() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for steps in [0..3, 2..4] {
            let mut writer = MetricsWriter::append(file.path()).unwrap();
            for step in steps {
                let validation = (step == 2).then_some(0.5);
                writer.write(&json!({"step": step, "loss": 3.0 - f64::from(step), "validation": validation})).unwrap();
            }
            assert!(writer.write(&3).is_err());
        }
        let mut partial = File::options().append(true).open(file.path()).unwrap();
        partial.write_all(b"{\"step\": 9").unwrap();
        let rows = read_metrics(file.path()).unwrap();
        assert_eq!(rows.len(), 5);
        assert_eq!(
            series(&rows, "step", "loss"),
            [(0.0, 3.0), (1.0, 2.0), (2.0, 1.0), (3.0, 0.0)]
        );
        assert_eq!(series(&rows, "step", "validation"), [(2.0, 0.5)]);
        assert!(series(&rows, "step", "nothing").is_empty());
    }

    #[test]
    fn points_are_sorted_and_bad_lines_located() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            "{\"x\": 2, \"y\": 1}\n\n{\"x\": -1.5, \"y\": 2}\n{\"x\": -7, \"y\": 3}\n",
        )
        .unwrap();
        let rows = read_metrics(file.path()).unwrap();
        assert_eq!(
            series(&rows, "x", "y"),
            [(-7.0, 3.0), (-1.5, 2.0), (2.0, 1.0)]
        );
        std::fs::write(file.path(), "{}\n[1]\n").unwrap();
        assert_eq!(
            read_metrics(file.path())
                .unwrap_err()
                .location()
                .and_then(|at| at.line),
            Some(2)
        );
    }
}
