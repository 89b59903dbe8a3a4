//! The modes of the Python package's `geno-lewm-train`, as flags of `genolewm train` itself.

use super::super::common::terminal::Terminal;
use super::super::{Context, Status};
use super::ended;
use crate::train::fixture::{DEFAULT_STEPS, FixtureSettings, run_fixture_training};
use crate::train::run::StopFlag;
use genolewm_shared::{Error, ErrorCode, Result};
use serde::Serialize;
use std::path::PathBuf;

/// The flags.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Modes without a subcommand")]
pub(super) struct Flags {
    /// Train a tiny model on a made-up sequence, in seconds: shows that the trainer works here
    #[arg(long)]
    fixture_smoke: bool,
    /// The directory that a mode trains in
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    /// Steps of a mode's training; 50 for --fixture-smoke
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    steps: Option<u64>,
    /// Checkpoint that a mode's training goes on from
    #[arg(long, value_name = "FILE")]
    resume_from: Option<PathBuf>,
}

impl Flags {
    /// Runs the mode that was chosen.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for no mode or several, or one that lacks a flag; as the training.
    pub(super) fn run(
        &self,
        stop: &StopFlag,
        context: &Context<'_>,
        terminal: &mut Terminal<'_>,
    ) -> Result<Status> {
        match self.modes()[..] {
            ["--fixture-smoke"] => self.fixture(stop, context, terminal),
            [] => Err(refused("train what?")),
            _ => Err(refused("there is more than one mode")),
        }
    }

    /// Refuses the flags beside a subcommand, which has its own.
    ///
    /// # Errors
    /// `INPUT.GENERIC` with the first flag.
    pub(super) fn refuse_any(&self) -> Result<()> {
        let others = [
            ("--run-dir", self.run_dir.is_some()),
            ("--steps", self.steps.is_some()),
            ("--resume-from", self.resume_from.is_some()),
        ];
        let other = others
            .iter()
            .find_map(|(name, given)| given.then_some(*name));
        match self.modes().into_iter().next().or(other) {
            None => Ok(()),
            Some(flag) => {
                Err(refused("a mode's flag stands before a subcommand").with_detail("flag", flag))
            }
        }
    }

    fn modes(&self) -> Vec<&'static str> {
        [("--fixture-smoke", self.fixture_smoke)]
            .into_iter()
            .filter_map(|(name, given)| given.then_some(name))
            .collect()
    }

    fn fixture(
        &self,
        stop: &StopFlag,
        context: &Context<'_>,
        terminal: &mut Terminal<'_>,
    ) -> Result<Status> {
        let settings = FixtureSettings {
            run_dir: self
                .run_dir
                .clone()
                .unwrap_or_else(|| PathBuf::from("runs/fixture-smoke")),
            steps: self.steps.unwrap_or(DEFAULT_STEPS),
            seed: context.shared.seed.unwrap_or(0),
            resume_from: self.resume_from.clone(),
        };
        let quiet = !terminal.shows_progress();
        let mut warn = |text: &str| terminal.warn(text);
        if let Some(report) = run_fixture_training(&settings, stop, quiet, &mut warn)? {
            terminal.line(json(&report)?)?;
        }
        Ok(ended(stop, terminal))
    }
}

/// One line of JSON.
pub(super) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::new(ErrorCode::InternalGeneric, error.to_string()))
}

fn refused(message: &str) -> Error {
    Error::new(ErrorCode::InputGeneric, message).with_remedy(
        "give one subcommand (encoder, ranking, predictor, manifest, curves) or one mode \
         (--fixture-smoke)",
    )
}
