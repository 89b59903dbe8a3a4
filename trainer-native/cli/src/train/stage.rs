//! A stage of training that may be looked at before it starts.

use super::preflight::look;
use crate::common::command::Context;
use crate::common::terminal::Terminal;
use genolewm_core::Result;
use genolewm_train::driver::train;
use genolewm_train::preflight::Preflight;
use genolewm_train::run::{StopFlag, TrainingHost};
use std::path::PathBuf;

/// A stage's settings, and whether it is only looked at.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct StageArgs<S: clap::Args> {
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

impl<S: clap::Args + Preflight> StageArgs<S> {
    /// Trains, or looks.
    ///
    /// # Errors
    /// As the training, and as [`look`].
    pub(super) fn run(
        &self,
        stop: &StopFlag,
        context: &Context<'_>,
        terminal: &mut Terminal<'_>,
    ) -> Result<()> {
        let mut settings = self.settings.clone();
        let seed = &mut settings.run_mut().train_seed;
        *seed = seed.or(context.shared.seed);
        if !self.preflight {
            let mut host = TrainingHost {
                stop,
                quiet: !terminal.shows_progress(),
                warn: &mut |text| terminal.warn(text),
            };
            return train(&settings, &mut host);
        }
        let config = context.shared.config.last().map(PathBuf::as_path);
        let files = (config, self.preflight_output.as_deref());
        let report = look(&settings, files, stop, terminal)?;
        if stop.is_set() {
            return Ok(());
        }
        terminal.line(report.to_json()?)
    }
}
