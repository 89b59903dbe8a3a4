//! A training that may be looked at before it starts.

use super::super::common::terminal::Terminal;
use super::ended;
use crate::common::command::{Context, Status};
use genolewm_core::Result;
use genolewm_core::provenance::rfc3339_utc;
use genolewm_train::preflight::{Report, Stage, preflight};
use genolewm_train::run::StopFlag;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A stage's settings, and whether it is only looked at.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Planned<S: clap::Args> {
    #[command(flatten)]
    settings: S,
    /// Train nothing: check settings, data, hold-outs, room and memory, and estimate the time
    ///
    /// What the run will draw is drawn and compared with the hold-outs, and a few steps are
    /// rehearsed. The report goes to standard output as JSON.
    #[arg(long)]
    preflight: bool,
    /// Write the preflight's report to a file as well
    #[arg(long, value_name = "JSON", requires = "preflight")]
    preflight_output: Option<PathBuf>,
}

/// What trains.
type Trainer<S> = fn(&S, &StopFlag, bool, &mut dyn FnMut(&str)) -> Result<()>;

impl<S: clap::Args + Stage + Clone> Planned<S> {
    /// Trains, or looks.
    ///
    /// # Errors
    /// As the training, and as [`look`].
    pub(super) fn run(
        &self,
        set_seed: impl Fn(&mut S, u64),
        train: Trainer<S>,
        stop: &StopFlag,
        context: &Context<'_>,
        terminal: &mut Terminal<'_>,
    ) -> Result<Status> {
        let mut settings = self.settings.clone();
        if let Some(seed) = context.shared.seed {
            set_seed(&mut settings, seed);
        }
        if self.preflight {
            let config = context.shared.config.as_deref();
            let files = (config, self.preflight_output.as_deref());
            let report = look(&settings, files, stop, terminal)?;
            if !stop.is_set() {
                terminal.line(report.to_json()?)?;
            }
        } else {
            let quiet = !terminal.shows_progress();
            train(&settings, stop, quiet, &mut |text| terminal.warn(text))?;
        }
        Ok(ended(stop, terminal))
    }
}

/// Looks at a run: JSON to a file, a summary to standard error. Where the run must not start, JSON
/// goes to standard output too; else that is the caller's. `config` is where the settings come from.
///
/// # Errors
/// `CONFIG.GENERIC` or `TRAINING.GENERIC` when the run must not start; `RESOURCE.*` when the report
/// cannot be written.
pub(super) fn look(
    settings: &impl Stage,
    (config, output): (Option<&Path>, Option<&Path>),
    stop: &StopFlag,
    terminal: &mut Terminal<'_>,
) -> Result<Report> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = rfc3339_utc(now.unwrap_or_default().as_secs());
    let mut report = preflight(settings, stop, now)?;
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
