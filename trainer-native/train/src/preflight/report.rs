//! What a preflight found, as JSON in the Python package's manner and as lines to read.

use super::issue::{Drawn, Issue, Severity};
use super::rehearsal::Rehearsed;
use crate::device::TrainingDevice;
use crate::driver::Stage;
use crate::files::internal;
use crate::run_dir::settings_text;
use crate::settings::RunSettings;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::json::json_pretty;
use genolewm_report::output::write_atomically;
use serde::Serialize;
use serde_json::{Value, json};
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread::available_parallelism;

const SCHEMA_VERSION: &str = "1.0.0";
const GENERATED_BY: &str = "genolewm-train-preflight";
/// Whole runs take this much more room than their files: events and pictures are written anew.
const ROOM: f64 = 1.1;
const GIBIBYTE: f64 = (1u64 << 30) as f64;

/// The report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    schema_version: &'static str,
    generated_by: &'static str,
    generated_at: String,
    /// Whether the run may start.
    pub ok: bool,
    stage: &'static str,
    dataset_snapshot_id: Option<String>,
    training_config: Value,
    run_dir: Value,
    dataset: Value,
    accelerator: Value,
    disk: Value,
    memory: Value,
    time: Value,
    /// What is wrong.
    pub issues: Vec<Issue>,
}

impl Report {
    pub(super) fn new<S: Stage>(settings: &S, generated_at: String) -> Result<Self> {
        let resolved: Value = serde_json::from_str(&settings_text(settings, S::KEYS)?)
            .map_err(|error| internal(&error))?;
        let RunSettings { output, device, .. } = settings.run();
        let threads = available_parallelism().map_or(1, NonZeroUsize::get);
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            generated_by: GENERATED_BY,
            generated_at,
            ok: true,
            stage: S::NAME,
            dataset_snapshot_id: None,
            training_config: json!({"path": null, "resolved": resolved}),
            run_dir: json!({
                "path": output.display().to_string(),
                "exists": output.exists(),
            }),
            dataset: Value::Null,
            accelerator: json!({
                "device": device.to_string(),
                "required": device.all().any(|device| device != TrainingDevice::Cpu),
                "threads": threads,
            }),
            disk: Value::Null,
            memory: Value::Null,
            time: Value::Null,
            issues: Vec::new(),
        })
    }

    /// Names the file that the settings come from.
    pub fn set_config_path(&mut self, path: &Path) {
        self.training_config["path"] = json!(path.display().to_string());
    }

    /// Whether the run must not start.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        let bad = |issue: &Issue| issue.severity == Severity::Error;
        self.issues.iter().any(bad)
    }

    pub(super) fn fail(&mut self, error: &Error) {
        let at = error.location().map(|at| at.to_string());
        let named = ["file", "directory"].iter();
        let detail = named.filter_map(|name| error.details().get(*name).cloned());
        self.issues.push(Issue {
            severity: Severity::Error,
            code: error.code().as_str().to_owned(),
            path: at.or_else(|| detail.into_iter().next()),
            message: error.message().to_owned(),
        });
        self.ok = false;
    }

    pub(super) fn drawn(&mut self, drawn: Drawn) {
        self.dataset = json!(drawn);
        self.ok &= !self.has_errors();
    }

    pub(super) fn rehearsed(&mut self, run: &RunSettings, figures: Rehearsed) {
        let steps = run.steps;
        let saved = steps.div_ceil(run.checkpoint_every.max(1));
        let nth = steps.checked_div(run.retention.keep_every).unwrap_or(0);
        // One more lies there while it is written, before the oldest goes.
        let kept = saved.min(run.retention.keep) + nth + 1;
        let logged = figures.logged_bytes * (steps / run.log_every.max(1));
        let files = kept * figures.checkpoint_bytes + figures.result_bytes + logged;
        let needed = (files as f64 * ROOM) as u64;
        let left = steps.saturating_sub(figures.steps_done);
        let total = figures.before_seconds + left as f64 * figures.step_seconds;
        self.dataset_snapshot_id = Some(figures.manifest.snapshot_id.clone());
        self.dataset["holdout_sha256"] = json!(figures.manifest.holdout_sha256);
        self.dataset["files"] = json!(figures.manifest.files);
        self.disk = json!({
            "needed_bytes": needed, "free_bytes": figures.free_bytes,
            "checkpoint_bytes": figures.checkpoint_bytes, "checkpoints": kept,
            "result_bytes": figures.result_bytes,
        });
        self.memory = json!({
            "peak_bytes": figures.peak_bytes, "available_bytes": figures.available_bytes,
        });
        self.time = json!({
            "step_seconds": figures.step_seconds, "steps_left": left,
            "before_first_step_seconds": figures.before_seconds, "total_seconds": total,
        });
        let (peak, available) = (figures.peak_bytes, figures.available_bytes);
        for (code, what, needed, there) in [
            (
                "disk.too_small",
                "room on the disk",
                Some(needed),
                figures.free_bytes,
            ),
            ("memory.too_small", "memory", peak, available),
        ] {
            let lacking = needed.zip(there).filter(|(needed, there)| needed > there);
            if let Some((needed, there)) = lacking {
                let message = format!(
                    "the run needs {} of {what}, and {} is there",
                    gibibytes(needed as f64),
                    gibibytes(there as f64)
                );
                let issue = Issue::new(Severity::Error, code, &run.output, message);
                self.issues.push(issue);
            }
        }
        self.ok = !self.has_errors();
    }

    /// One line of JSON, keys sorted.
    ///
    /// # Errors
    /// `INTERNAL.GENERIC` for what JSON cannot hold.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_value(self)
            .map(|value| value.to_string())
            .map_err(|error| internal(&error))
    }

    /// Writes the report for people to read and programs to find.
    ///
    /// # Errors
    /// `RESOURCE.*` when it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let sorted = serde_json::to_value(self).map_err(|error| internal(&error))?;
        write_atomically(path, json_pretty(&sorted)?.as_bytes())
    }

    /// What it comes to, a line each.
    #[must_use]
    pub fn summary(&self) -> Vec<String> {
        let number = |section: &Value, name: &str| section[name].as_f64();
        let room = |section: &Value, need: &str, there: &str| {
            let there = number(section, there).map_or("?".to_owned(), gibibytes);
            number(section, need).map(|need| format!("{} of {there} free", gibibytes(need)))
        };
        let data = &self.dataset;
        let checked = number(data, "windows_checked").map(|windows| {
            let [edits, leaks] =
                ["edits_checked", "leaks"].map(|name| number(data, name).unwrap_or(0.0));
            format!("{windows} windows and {edits} edits drawn; held out and drawn: {leaks}")
        });
        let time = number(&self.time, "total_seconds").map(|total| {
            let step = number(&self.time, "step_seconds").unwrap_or(0.0);
            format!("{} ({step:.3} s a step)", duration(total))
        });
        let lines = [
            ("data", checked),
            ("disk", room(&self.disk, "needed_bytes", "free_bytes")),
            (
                "memory",
                room(&self.memory, "peak_bytes", "available_bytes"),
            ),
            ("time", time),
        ];
        lines
            .into_iter()
            .filter_map(|(name, line)| Some(format!("{name:8}{}", line?)))
            .chain(self.issues.iter().map(|issue| {
                let severity = match issue.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                };
                format!("{severity}: {} [{}]", issue.message, issue.code)
            }))
            .collect()
    }

    /// The error that a command ends with, where the run must not start.
    #[must_use]
    pub fn refusal(&self) -> Option<Error> {
        let bad = |issue: &&Issue| issue.severity == Severity::Error;
        let first = self.issues.iter().find(bad)?;
        let config = |issue: &Issue| issue.code.starts_with("CONFIG.");
        let code = if self.issues.iter().filter(bad).any(config) {
            ErrorCode::ConfigGeneric
        } else {
            ErrorCode::TrainingGeneric
        };
        let error = Error::new(code, format!("the run must not start: {}", first.message))
            .with_detail("issue", &first.code)
            .with_detail("issues", self.issues.len());
        let error = match &first.path {
            Some(path) => error.with_detail("path", path),
            None => error,
        };
        Some(error.with_remedy("see the issues of the report; correct them and look again"))
    }
}

fn gibibytes(bytes: f64) -> String {
    format!("{:.2} GiB", bytes / GIBIBYTE)
}

fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.0} s"),
        60..3_600 => format!("{} min", whole / 60),
        _ => format!("{} h {} min", whole / 3_600, whole % 3_600 / 60),
    }
}
