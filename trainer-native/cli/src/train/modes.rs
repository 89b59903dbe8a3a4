//! The modes of the Python package's `geno-lewm-train`, as flags of `genolewm train` itself.

use super::super::common::terminal::Terminal;
use super::ended;
use super::preflight::look;
use crate::common::command::{Context, Status};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_train::carbon::CarbonRun;
use genolewm_train::fixture::report as training_report;
use genolewm_train::fixture::{DEFAULT_STEPS, FixtureSettings, run_fixture_training};
use genolewm_train::predictor;
use genolewm_train::resume::adopt;
use genolewm_train::run::StopFlag;
use serde::Serialize;
use std::path::PathBuf;

const FIXTURE: &str = "--fixture-smoke";
const LOOK: &str = "--carbon-preflight";
const CARBON: &str = "--carbon-train";

/// The flags.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Modes without a subcommand")]
pub(super) struct Flags {
    /// Train a tiny model on a made-up sequence, in seconds: shows that the trainer works here
    #[arg(long)]
    fixture_smoke: bool,
    /// Look at a predictor's training over a dataset package before it starts
    #[arg(long)]
    carbon_preflight: bool,
    /// Train a predictor over a dataset package, after the same look
    #[arg(long)]
    carbon_train: bool,
    /// The directory that a mode trains in; runs/fixture-smoke for --fixture-smoke
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    /// Steps of a mode's training; 50 for --fixture-smoke
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    steps: Option<u64>,
    /// Checkpoint that a mode's training goes on from
    #[arg(long, value_name = "FILE")]
    resume_from: Option<PathBuf>,
    /// The dataset package's directory
    #[arg(long, value_name = "DIR")]
    dataset_dir: Option<PathBuf>,
    /// The frozen encoder's directory, such as Carbon's
    #[arg(long, value_name = "DIR")]
    carbon_model_dir: Option<PathBuf>,
    /// The Python package's configuration of the training
    #[arg(long, value_name = "YAML")]
    training_config: Option<PathBuf>,
    /// Where the look's report goes; training_preflight_report.json in the run's directory
    #[arg(long, value_name = "JSON")]
    preflight_output: Option<PathBuf>,
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
            [FIXTURE] => self.fixture(stop, context, terminal),
            [mode @ (LOOK | CARBON)] => self.carbon(mode, stop, context, terminal),
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
        [
            (FIXTURE, self.fixture_smoke),
            (LOOK, self.carbon_preflight),
            (CARBON, self.carbon_train),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
    }

    /// Flags that the fixture has no use for.
    fn of_carbon(&self) -> [(&'static str, bool); 4] {
        [
            ("--dataset-dir", self.dataset_dir.is_some()),
            ("--carbon-model-dir", self.carbon_model_dir.is_some()),
            ("--training-config", self.training_config.is_some()),
            ("--preflight-output", self.preflight_output.is_some()),
        ]
    }

    fn carbon(
        &self,
        mode: &str,
        stop: &StopFlag,
        context: &Context<'_>,
        terminal: &mut Terminal<'_>,
    ) -> Result<Status> {
        let needed = |name: &str, path: &Option<PathBuf>| {
            let missing = || refused(&format!("{mode} needs {name}")).with_detail("flag", name);
            path.clone().ok_or_else(missing)
        };
        let run = CarbonRun {
            run_dir: needed("--run-dir", &self.run_dir)?,
            dataset: needed("--dataset-dir", &self.dataset_dir)?,
            encoder: needed("--carbon-model-dir", &self.carbon_model_dir)?,
            config: needed("--training-config", &self.training_config)?,
            steps: self.steps,
            seed: context.shared.seed,
        };
        let settings = run.settings(&mut |text| terminal.warn(text))?;
        if let Some(checkpoint) = &self.resume_from {
            adopt(checkpoint, &run.run_dir)?;
        }
        let file = run.run_dir.join("training_preflight_report.json");
        let file = self.preflight_output.clone().unwrap_or(file);
        let files = (Some(run.config.as_path()), Some(file.as_path()));
        let report = look(&settings, files, stop, terminal)?;
        if mode == LOOK || stop.is_set() {
            terminal.line(report.to_json()?)?;
            return Ok(ended(stop, terminal));
        }
        let quiet = !terminal.shows_progress();
        predictor::run(&settings, stop, quiet, &mut |text| terminal.warn(text))?;
        if !stop.is_set() {
            let report = training_report(&run.run_dir, &run.run_dir, settings.steps)?;
            terminal.line(json(&report)?)?;
        }
        Ok(ended(stop, terminal))
    }

    fn fixture(
        &self,
        stop: &StopFlag,
        context: &Context<'_>,
        terminal: &mut Terminal<'_>,
    ) -> Result<Status> {
        if let Some(flag) = given(self.of_carbon()) {
            return Err(refused("--fixture-smoke brings its own data").with_detail("flag", flag));
        }
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

fn given<const N: usize>(flags: [(&'static str, bool); N]) -> Option<&'static str> {
    let found = flags.into_iter().find(|(_, given)| *given);
    found.map(|(name, _)| name)
}

/// One line of JSON.
fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::new(ErrorCode::InternalGeneric, error.to_string()))
}

fn refused(message: &str) -> Error {
    Error::new(ErrorCode::InputGeneric, message).with_remedy(
        "give one subcommand (encoder, ranking, predictor, manifest, curves) or one mode \
         (--fixture-smoke, --carbon-preflight, --carbon-train)",
    )
}
