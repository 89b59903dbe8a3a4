//! `--preflight`: a look at a run before it starts.

use crate::common::identity::now;
use crate::common::terminal::Terminal;
use genolewm_core::Result;
use genolewm_train::preflight::{Preflight, Report, preflight};
use genolewm_train::run::StopFlag;
use std::path::Path;

/// Looks at a run: JSON to a file, a summary to standard error. Where the run must not start, JSON
/// goes to standard output too; else that is the caller's. `config` is where the settings come from.
///
/// # Errors
/// `CONFIG.GENERIC` or `TRAINING.GENERIC` when the run must not start; `RESOURCE.*` when the report
/// cannot be written.
pub(super) fn look(
    settings: &impl Preflight,
    (config, output): (Option<&Path>, Option<&Path>),
    stop: &StopFlag,
    terminal: &mut Terminal<'_>,
) -> Result<Report> {
    let mut report = preflight(settings, stop, now())?;
    if stop.is_set() {
        return Ok(report);
    }
    if let Some(config) = config {
        report.set_config_path(config);
    }
    for line in report.summary() {
        terminal.info(line);
    }
    if let Some(output) = output {
        report.write(output)?;
    }
    if let Some(refusal) = report.refusal() {
        terminal.line(report.to_json()?)?;
        return Err(refusal);
    }
    Ok(report)
}
