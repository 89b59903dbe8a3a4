//! A run's directory: lock, resolved settings, data by hash, metrics, checkpoints, curves.
//!
//! The order of writing is what makes a run survive its death: a step's line of metrics is on the
//! disk before its checkpoint, and lines after the checkpoint that a run goes on from are cut off.

pub mod checkpoint;
mod folder;
mod log;
mod manifest;
mod plan;
mod metadata;
mod monitor;

pub use checkpoint::Checkpoint;
pub use folder::{CHECKPOINTS, CheckpointFolder};
pub use manifest::{DataFile, DataManifest};
pub use monitor::RunMonitor;
pub use plan::{RunPlan, settings_text};

use crate::run::TrainingHost;
use crate::serialize::Tensors;
use burn::tensor::TensorData;
use checkpoint::RunIdentity;
use genolewm_core::provenance::sha256_prefixed;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_observe::{emit, events};
use genolewm_report::curves::curves;
use genolewm_report::metrics::{read_metrics, series};
use genolewm_report::output::{FileLock, write_atomically};
use log::{METRICS_FILE, RunLog};
use metadata::{RunState, RunStatus};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// The monitor's figures.
const PROMETHEUS_FILE: &str = "metrics.prom";
/// The metrics as a picture.
const CURVES_FILE: &str = "curves.svg";
/// What the process that trains holds locked.
pub(crate) const LOCK_FILE: &str = "run.lock";
/// Hexadecimal digits of a run's name.
const RUN_ID_DIGITS: usize = 12;

/// The directory of a run that goes on.
#[derive(Debug)]
pub struct RunDir {
    plan: RunPlan,
    identity: RunIdentity,
    folder: CheckpointFolder,
    log: RunLog,
    monitor: RunMonitor,
    resumed_from_step: u64,
    /// The step of the newest checkpoint; 0 before the first one.
    saved_step: u64,
    finished: bool,
    _lock: FileLock,
}

impl RunDir {
    /// Takes a directory into use: locks it, looks for a checkpoint to go on from, hashes the data,
    /// notes them and the settings, and opens the files of figures.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` while another process trains in the directory; `CONFIG.GENERIC` when it
    /// holds a run of another kind, architecture or settings, or one that was trained on other data;
    /// `DEPLOY.EXPORT_FORMAT` when it has checkpoints and none is whole; `RESOURCE.*` for files that
    /// cannot be read or written.
    pub fn begin(
        plan: RunPlan,
        data: impl FnOnce() -> Result<Vec<DataFile>>,
        host: &mut TrainingHost<'_>,
    ) -> Result<(Self, Option<Checkpoint>)> {
        let directory = plan.run.output.clone();
        let lock = lock(&directory)?;
        let resumed = plan.resume(host.warn)?;
        let manifest = DataManifest::of(&data()?, host.quiet)?;
        let before = resumed.as_ref().map(|checkpoint| &checkpoint.identity);
        if before.is_some_and(|before| before.dataset_snapshot_id != manifest.snapshot_id) {
            return Err(manifest.refusal(&directory));
        }
        let identity = identity(&plan, manifest.snapshot_id.clone());
        metadata::write_config(&plan, &identity.run_id)?;
        manifest.write(&directory)?;
        let step = resumed.as_ref().map_or(0, |checkpoint| checkpoint.step);
        let run = Self {
            identity,
            folder: CheckpointFolder::of(&directory),
            log: RunLog::open(&directory, step)?,
            monitor: RunMonitor::default(),
            resumed_from_step: step,
            saved_step: step,
            finished: false,
            _lock: lock,
            plan,
        };
        run.describe(RunStatus::Running)?;
        Ok((run, resumed))
    }

    /// The run's checkpoints.
    #[must_use]
    pub const fn folder(&self) -> &CheckpointFolder {
        &self.folder
    }

    /// Counters and gauges of this process, written to `metrics.prom` with every line of metrics.
    #[must_use]
    pub const fn monitor(&self) -> &RunMonitor {
        &self.monitor
    }

    /// Whether a line of metrics is due after `step` steps: every so many, and at the end.
    #[must_use]
    pub fn is_logged(&self, step: u64) -> bool {
        step == self.plan.run.steps || step.is_multiple_of(self.plan.run.log_every)
    }

    /// Does a step and notes how long it took.
    ///
    /// # Errors
    /// Those of the step.
    pub fn timed<T>(&self, step: impl FnOnce() -> Result<T>) -> Result<T> {
        let started = Instant::now();
        let done = step()?;
        self.monitor.step(started.elapsed());
        Ok(done)
    }

    /// Writes the figures of a step, an object with `step` among its members.
    ///
    /// # Errors
    /// `RESOURCE.*` when they cannot be written.
    pub fn log(&mut self, line: &impl Serialize) -> Result<()> {
        self.log.write(line)?;
        self.write_monitor()
    }

    /// Saves a checkpoint, after the lines up to it, and removes those that are kept no longer. A
    /// step that is saved already is left as it is.
    ///
    /// # Errors
    /// `RESOURCE.*` when files cannot be written.
    pub fn save(
        &mut self,
        step: u64,
        weights: Tensors,
        state: BTreeMap<String, TensorData>,
    ) -> Result<()> {
        if step == self.saved_step {
            return Ok(());
        }
        self.log.sync()?;
        let checkpoint = Checkpoint {
            identity: self.identity.clone(),
            step,
            weights,
            state,
        };
        let path = self.folder.file(step);
        checkpoint.save(&path)?;
        emit!(
            events::CHECKPOINT_WRITE,
            step,
            phase = self.plan.stage,
            tag = %format_args!("step_{step:08}"),
            size_bytes = std::fs::metadata(&path).ok().map(|found| found.len()),
            path = %path.display()
        );
        self.saved_step = step;
        self.folder.prune(self.plan.run.retention)?;
        self.draw()
    }

    /// Ends the run: pictures and description say how it stands.
    ///
    /// # Errors
    /// `RESOURCE.*` when files cannot be written.
    pub fn finish(mut self, interrupted: bool) -> Result<()> {
        self.log.sync()?;
        self.draw()?;
        self.write_monitor()?;
        let status = if interrupted {
            RunStatus::Interrupted
        } else {
            RunStatus::Completed
        };
        self.describe(status)?;
        self.finished = true;
        Ok(())
    }

    fn write_monitor(&self) -> Result<()> {
        let path = self.plan.run.output.join(PROMETHEUS_FILE);
        write_atomically(&path, self.monitor.to_text().as_bytes())
    }

    fn draw(&self) -> Result<()> {
        let rows = read_metrics(&self.plan.run.output.join(METRICS_FILE))?;
        let plot = curves(&rows, &self.identity.run_id, self.plan.curves);
        let path = self.plan.run.output.join(CURVES_FILE);
        write_atomically(&path, plot.to_svg().as_bytes())
    }

    fn describe(&self, status: RunStatus) -> Result<()> {
        let rows = read_metrics(&self.plan.run.output.join(METRICS_FILE))?;
        let name = self.plan.curves.first();
        let last = name.and_then(|name| {
            let (step, value) = series(&rows, "step", name).pop()?;
            Some((*name, value, step))
        });
        let steps = self.folder.steps()?;
        let state = RunState {
            run_id: self.identity.run_id.clone(),
            dataset_snapshot_id: self.identity.dataset_snapshot_id.clone(),
            resumed_from_step: self.resumed_from_step,
            checkpoints: steps.into_iter().map(folder::file_name).collect(),
            steps_completed: self.saved_step,
            last,
        };
        metadata::write(&self.plan, &state, status)
    }
}

impl Drop for RunDir {
    /// A run that ends by an error says so, where that can still be written.
    fn drop(&mut self) {
        if !self.finished {
            let _ = self.describe(RunStatus::Failed);
        }
    }
}

/// Two processes in one directory would write over each other's figures and checkpoints.
fn lock(directory: &Path) -> Result<FileLock> {
    FileLock::try_take(&directory.join(LOCK_FILE))?.ok_or_else(|| {
        Error::new(
            ErrorCode::ResourceGeneric,
            format!("another process trains in {}", directory.display()),
        )
        .with_remedy("wait for it or stop it, or give another --output")
    })
}

fn identity(plan: &RunPlan, dataset_snapshot_id: String) -> RunIdentity {
    let all = [
        plan.stage,
        &plan.settings,
        &plan.architecture,
        &dataset_snapshot_id,
    ];
    let hash = sha256_prefixed(all.join("\n").as_bytes());
    let digits = hash.trim_start_matches("sha256:");
    RunIdentity {
        run_id: format!("{}-{}", plan.stage, &digits[..RUN_ID_DIGITS]),
        stage: plan.stage.to_owned(),
        architecture: plan.architecture.clone(),
        settings: plan.settings.clone(),
        dataset_snapshot_id,
    }
}
