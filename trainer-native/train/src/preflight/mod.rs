//! The preflight, a look at a long run before it starts: settings, data, hold-outs, room and time.
//!
//! What will be drawn is drawn and compared with what is held out. Then the run is rehearsed: the
//! same trainer does a few steps on the same data, up to the result, in a directory that goes away
//! again; sizes and times are read off that.

mod machine;
mod issue;
mod stage;
mod rehearsal;
mod report;
mod guard;

pub(crate) use guard::{EachWindow, MOST_WINDOWS, check_corpus, check_tuples};
pub use issue::{Drawn, Issue, Severity};
pub use report::Report;
pub(crate) use stage::rehearsed_long_every;
pub use stage::{Growth, Preflight};

use crate::driver::plan_of;
use crate::run::StopFlag;
use crate::run_dir::{Checkpoint, CheckpointFolder};
use genolewm_core::Result;

/// Looks at a run. `generated_at` is the time, RFC 3339.
///
/// # Errors
/// `INTERNAL.GENERIC` when the settings cannot be written as JSON; everything that is wrong with the
/// run is an issue of the report.
pub fn preflight(
    settings: &impl Preflight,
    stop: &StopFlag,
    generated_at: String,
) -> Result<Report> {
    let mut report = Report::new(settings, generated_at)?;
    if let Err(error) = check_run_dir(settings) {
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
    match rehearsal::rehearse(settings, stop) {
        Ok(figures) => report.rehearsed(settings.run(), figures),
        Err(error) => report.fail(&error),
    }
    Ok(report)
}

/// Whether the run that the directory holds, if any, is this one.
fn check_run_dir(settings: &impl Preflight) -> Result<()> {
    let folder = CheckpointFolder::of(&settings.run().output);
    let Some(newest) = folder.steps()?.pop() else {
        return Ok(());
    };
    let identity = Checkpoint::load(&folder.file(newest))?.identity;
    // The settings decide the architecture, but for the sizes of a given encoder.
    plan_of(settings, identity.architecture.clone())?.check(&identity)
}
