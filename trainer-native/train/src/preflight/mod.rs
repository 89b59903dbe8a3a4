//! A look at a long run before it starts: settings, data, hold-outs, room and time.
//!
//! What will be drawn is drawn and compared with what is held out. Then the run is rehearsed: the
//! same trainer does a few steps on the same data, up to the result, in a directory that goes away
//! again; sizes and times are read off that.

mod data;
mod machine;
mod rehearsal;
mod report;
mod stages;

pub use report::{Issue, Report, Severity};

use super::device::Devices;
use super::run::StopFlag;
use super::run_dir::{Checkpoint, Folder, Retention, RunPlan, json_text};
use genolewm_core::Result;
use serde::Serialize;
use std::path::PathBuf;

/// What every stage's settings say about its run.
#[derive(Debug, Clone)]
pub struct Course {
    /// What is trained, as in `genolewm train STAGE`.
    pub stage: &'static str,
    /// The run's directory.
    pub output: PathBuf,
    /// Steps of the whole run.
    pub steps: u64,
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
    /// Steps between lines of metrics.
    pub log_every: u64,
    /// One step in this many has long windows; 0 for none.
    pub long_every: u64,
    /// Which checkpoints stay.
    pub retention: Retention,
    /// Where the run is to train.
    pub device: Devices,
}

/// A training that can be looked at before it starts.
pub trait Stage: Serialize + Sized {
    /// What the settings say about the run.
    fn course(&self) -> Course;

    /// The same run with a few steps, in another directory.
    #[must_use]
    fn rehearsal(&self, steps: u64, output: PathBuf) -> Self;

    /// Trains.
    ///
    /// # Errors
    /// As the stage's `run`.
    fn train(&self, stop: &StopFlag) -> Result<()>;

    /// Draws what the run will draw, without computing anything from it, and tells what is held out
    /// and drawn nevertheless.
    ///
    /// # Errors
    /// As reading the data.
    fn check(&self, issues: &mut Vec<Issue>) -> Result<report::Drawn>;

    /// Bytes and seconds that the rehearsal in `directory` did not take and the run will, beside
    /// those of its steps.
    ///
    /// # Errors
    /// As the stage's `run`.
    fn growth(&self, directory: &std::path::Path) -> Result<Growth>;
}

/// What a run takes beside its steps and a rehearsal does not.
#[derive(Debug, Clone, Copy, Default)]
pub struct Growth {
    /// Memory.
    pub bytes: u64,
    /// Time before the first step.
    pub seconds: f64,
}

/// Looks at a run. `generated_at` is the time, RFC 3339.
///
/// # Errors
/// `INTERNAL.GENERIC` when the settings cannot be written as JSON; everything that is wrong with the
/// run is an issue of the report.
pub fn preflight(settings: &impl Stage, stop: &StopFlag, generated_at: String) -> Result<Report> {
    let course = settings.course();
    let mut report = Report::new(&course, json_text(settings)?, generated_at)?;
    if let Err(error) = check_run_dir(settings, &course) {
        report.fail(&error);
    }
    match settings.check(&mut report.issues) {
        Ok(drawn) => report.drawn(drawn),
        Err(error) => report.fail(&error),
    }
    // A rehearsal of data that cannot be read would say the same again.
    if report.has_errors() || stop.is_set() {
        return Ok(report);
    }
    match rehearsal::rehearse(settings, &course, stop) {
        Ok(figures) => report.rehearsed(&course, figures),
        Err(error) => report.fail(&error),
    }
    Ok(report)
}

/// Whether the run that the directory holds, if any, is this one.
fn check_run_dir(settings: &impl Stage, course: &Course) -> Result<()> {
    let folder = Folder::of(&course.output);
    let Some(newest) = folder.steps()?.pop() else {
        return Ok(());
    };
    let identity = Checkpoint::load(&folder.file(newest))?.identity;
    let plan = RunPlan {
        stage: course.stage,
        directory: course.output.clone(),
        settings: json_text(settings)?,
        // The settings decide it, but for the sizes of a given encoder.
        architecture: identity.architecture.clone(),
        seed: 0,
        steps: course.steps,
        checkpoint_every: course.checkpoint_every,
        log_every: course.log_every,
        collapse_every: None,
        retention: course.retention,
        curves: &[],
    };
    plan.check(&identity)
}
