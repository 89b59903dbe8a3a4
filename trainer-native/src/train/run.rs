//! A run's directory, its metrics and its progress.

use crate::output::{io_error, write_atomically};
use genolewm_shared::{Error, ErrorCode, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The directory of one run.
#[derive(Debug)]
pub struct RunDir {
    root: PathBuf,
    metrics: File,
}

impl RunDir {
    /// Opens or makes the directory and notes the settings in `settings.json`. Metrics of steps
    /// after `resumed_step` (written by a run that was killed before its next checkpoint) are cut
    /// off.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` when the directory belongs to a run with other settings; `RESOURCE.*` when
    /// it cannot be written.
    pub fn open(root: &Path, settings: &str, resumed_step: u64) -> Result<Self> {
        let noted = root.join("settings.json");
        match std::fs::read_to_string(&noted) {
            Ok(old) if resumed_step > 0 && old != settings => {
                return Err(Error::new(
                    ErrorCode::ConfigGeneric,
                    "the run in this directory has other settings",
                )
                .with_detail("directory", root.display())
                .with_remedy("repeat the settings of settings.json, or choose another --output"));
            }
            _ => write_atomically(&noted, settings.as_bytes())?,
        }
        let path = root.join("metrics.jsonl");
        let kept = kept_metrics(&path, resumed_step);
        write_atomically(&path, kept.as_bytes())?;
        let metrics = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|error| io_error(&path.display().to_string(), &error))?;
        Ok(Self {
            root: root.to_owned(),
            metrics,
        })
    }

    /// A file of this run.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Appends one line to `metrics.jsonl`.
    ///
    /// # Errors
    /// `RESOURCE.*` when it cannot be written.
    pub fn log(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string(line)
            .map_err(|error| Error::new(ErrorCode::InternalGeneric, error.to_string()))?;
        text.push('\n');
        self.metrics
            .write_all(text.as_bytes())
            .map_err(|error| io_error("metrics.jsonl", &error))
    }
}

fn kept_metrics(path: &Path, resumed_step: u64) -> String {
    let Ok(text) = std::fs::read_to_string(path) else {
        return String::new();
    };
    let belongs = |line: &&str| {
        serde_json::from_str::<serde_json::Value>(line)
            .ok()
            .and_then(|value| value.get("step").and_then(serde_json::Value::as_u64))
            .is_some_and(|step| step <= resumed_step)
    };
    text.lines()
        .filter(belongs)
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// Progress of a run on standard error: loss, rate and time left.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    first_step: u64,
}

impl Progress {
    /// A bar of `steps` steps of which `done` are done; invisible when `quiet` or when standard
    /// error is not a terminal.
    #[must_use]
    pub fn new(steps: u64, done: u64, quiet: bool) -> Self {
        let target = if quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:28} {pos}/{len} steps  {msg}  {per_sec}  {eta} left")
        {
            bar.set_style(style);
        }
        bar.set_position(done);
        bar.reset_eta();
        Self {
            bar,
            started: Instant::now(),
            first_step: done,
        }
    }

    /// Notes that `step` steps are done.
    pub fn step(&self, step: u64, loss: f64) {
        self.bar.set_position(step);
        self.bar.set_message(format!("loss {loss:.4}"));
    }

    /// Seconds since the start, and steps a second.
    #[must_use]
    pub fn rate(&self, step: u64) -> (f64, f64) {
        let seconds = self.started.elapsed().as_secs_f64();
        (seconds, (step - self.first_step) as f64 / seconds.max(1e-9))
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Set when the user asks to stop: the run saves a checkpoint and ends.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A flag that interrupt and termination signals set.
    ///
    /// # Errors
    /// `RESOURCE.RUNTIME_SETUP` when the signals cannot be watched.
    pub fn on_signals() -> Result<Self> {
        let flag = Self::default();
        let set = flag.clone();
        ctrlc::set_handler(move || set.0.store(true, Ordering::SeqCst))
            .map_err(|error| Error::new(ErrorCode::ResourceRuntimeSetup, error.to_string()))?;
        Ok(flag)
    }

    /// Whether to stop.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
