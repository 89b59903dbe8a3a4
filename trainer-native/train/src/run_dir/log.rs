//! The log of metrics, line by line: `metrics.jsonl`, `timing.jsonl` and TensorBoard events.

use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::metrics::{MetricsLine, MetricsWriter};
use genolewm_report::output::write_atomically;
use genolewm_report::tensorboard::EventFile;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// What was computed: equal runs write equal bytes.
pub(super) const METRICS_FILE: &str = "metrics.jsonl";
/// How fast it was computed.
pub(super) const TIMING_FILE: &str = "timing.jsonl";
/// The folder of TensorBoard's event files.
const TENSORBOARD: &str = "tb";
/// The figure that counts lines, in both files.
const STEP: &str = "step";
/// Figures that depend on the machine and its load.
const OF_THE_CLOCK: [&str; 4] = [
    "data_wait_seconds",
    "data_wait_share",
    "encode_windows_per_second",
    "steps_per_second",
];

/// The open files.
#[derive(Debug)]
pub(super) struct RunLog {
    metrics: MetricsWriter,
    timing: MetricsWriter,
    events: EventFile,
}

impl RunLog {
    /// Opens the files for the steps after `resumed_step`; lines of later steps, written by a run
    /// that was killed before its next checkpoint, are cut off.
    ///
    /// # Errors
    /// `RESOURCE.*` when they cannot be written.
    pub(super) fn open(run: &Path, resumed_step: u64) -> Result<Self> {
        let lines = |name: &str| {
            let path = run.join(name);
            let kept = kept_lines(&path, resumed_step);
            write_atomically(&path, kept.as_bytes())?;
            MetricsWriter::append(&path)
        };
        Ok(Self {
            metrics: lines(METRICS_FILE)?,
            timing: lines(TIMING_FILE)?,
            events: EventFile::create(&run.join(TENSORBOARD), resumed_step)?,
        })
    }

    /// Writes the figures of a step, which have the number of the step among them.
    ///
    /// # Errors
    /// `INTERNAL.GENERIC` when `line` is not an object with a step; `RESOURCE.*` when it cannot be
    /// written.
    pub(super) fn write(&mut self, line: &impl Serialize) -> Result<()> {
        let row = match serde_json::to_value(line) {
            Ok(Value::Object(row)) => row,
            _ => MetricsLine::new(),
        };
        let step = row.get(STEP).and_then(Value::as_u64).ok_or_else(|| {
            Error::new(ErrorCode::InternalGeneric, "a line of metrics has no step")
        })?;
        let figures: Vec<(&str, f64)> = row
            .iter()
            .filter(|(name, _)| *name != STEP)
            .filter_map(|(name, value)| Some((name.as_str(), value.as_f64()?)))
            .collect();
        self.events.scalars(step, &figures)?;
        let of_the_clock = |name: &str| OF_THE_CLOCK.contains(&name);
        let part = |wanted: bool| -> MetricsLine {
            row.iter()
                .filter(|(name, _)| *name == STEP || of_the_clock(name) == wanted)
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        };
        let timing = part(true);
        if timing.len() > 1 {
            self.timing.write(&timing)?;
        }
        self.metrics.write(&part(false))
    }

    /// Waits until the lines are on the disk.
    ///
    /// # Errors
    /// `RESOURCE.*` when they cannot be.
    pub(super) fn sync(&self) -> Result<()> {
        self.timing.sync()?;
        self.metrics.sync()
    }
}

fn kept_lines(path: &Path, resumed_step: u64) -> String {
    let Ok(text) = std::fs::read_to_string(path) else {
        return String::new();
    };
    let belongs = |line: &&str| {
        serde_json::from_str::<Value>(line)
            .ok()
            .and_then(|value| value.get(STEP).and_then(Value::as_u64))
            .is_some_and(|step| step <= resumed_step)
    };
    text.lines()
        .filter(belongs)
        .flat_map(|line| [line, "\n"])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_after_the_resumed_step_are_cut_off_and_the_clock_stands_apart() {
        let run = tempfile::tempdir().unwrap();
        let mut log = RunLog::open(run.path(), 0).unwrap();
        for step in 1..=4 {
            let line = json!({"step": step, "loss": 0.5, "steps_per_second": 9.0, "kind": "x"});
            log.write(&line).unwrap();
        }
        assert!(log.write(&json!({"loss": 1.0})).is_err());
        log.sync().unwrap();
        let text = |name: &str| std::fs::read_to_string(run.path().join(name)).unwrap();
        std::fs::write(
            run.path().join(METRICS_FILE),
            text(METRICS_FILE) + "{\"step\":2,",
        )
        .unwrap();
        RunLog::open(run.path(), 2).unwrap();
        let line = |step: u64| format!("{{\"kind\":\"x\",\"loss\":0.5,\"step\":{step}}}\n");
        assert_eq!(text(METRICS_FILE), line(1) + &line(2));
        assert!(text(TIMING_FILE).starts_with("{\"step\":1,\"steps_per_second\":9.0}\n"));
        assert_eq!(text(TIMING_FILE).lines().count(), 2);
        assert_eq!(
            std::fs::read_dir(run.path().join(TENSORBOARD))
                .unwrap()
                .count(),
            2
        );
    }
}
