//! `genolewm train`: makes models.

use super::common::terminal::Terminal;
use super::{Context, Status};
use crate::train::encoder;
use crate::train::run::StopFlag;
use clap::Subcommand;
use genolewm_shared::Result;

/// Train an encoder or a predictor
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Train a state encoder: a causal language model over six-mers
    Encoder(Box<encoder::Settings>),
}

/// Trains until the last step or until the user interrupts; either way a checkpoint is left from
/// which the same command goes on.
///
/// # Errors
/// As the training that was asked for.
pub fn run(args: &Args, context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    let stop = StopFlag::on_signals()?;
    let quiet = !terminal.shows_progress();
    match args {
        Args::Encoder(settings) => {
            let mut settings = settings.as_ref().clone();
            settings.seed = context.shared.seed.unwrap_or(settings.seed);
            encoder::run(&settings, &stop, quiet)?;
        }
    }
    if stop.is_set() {
        terminal.warn("interrupted: the same command goes on from the checkpoint");
        return Ok(Status::Interrupted);
    }
    Ok(Status::Done)
}
