//! The modes of the Python package's `geno-lewm-train`, as flags of `genolewm train` itself.

use super::preflight::look;
use crate::common::command::Context;
use crate::common::terminal::Terminal;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_train::driver::train;
use genolewm_train::files::internal;
use genolewm_train::fixture::report as training_report;
use genolewm_train::fixture::{
    DEFAULT_STEPS, FixtureSettings, FixtureTrainingReport, run_fixture_training,
};
use genolewm_train::python::carbon::CarbonTraining;
use genolewm_train::release::{ReleasePackage, package_run};
use genolewm_train::resume::adopt;
use genolewm_train::run::{StopFlag, TrainingHost};
use serde::Serialize;
use std::path::PathBuf;

/// The modes and their flags. Which of them go together is the parser's business.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Modes without a subcommand")]
pub(super) struct ModeArgs {
    /// Train a tiny model on a made-up sequence, in seconds: shows that the trainer works here
    #[arg(long, group = "mode")]
    fixture_smoke: bool,
    /// Look at a predictor's training over a dataset package before it starts
    #[arg(long, groups = ["mode", "carbon"], requires = "dataset_dir")]
    carbon_preflight: bool,
    /// Train a predictor over a dataset package, after the same look
    #[arg(long, groups = ["mode", "carbon"], requires = "dataset_dir")]
    carbon_train: bool,
    /// Take a dataset package too that calls itself one for tests
    #[arg(long, requires = "carbon")]
    allow_fixture_dataset: bool,
    /// Train on a GPU, or fail where there is none [default: on the processor]
    #[arg(long, requires = "carbon", overrides_with = "no_require_accelerator")]
    require_accelerator: bool,
    /// Train on the processor
    #[arg(long, requires = "carbon", overrides_with = "require_accelerator")]
    no_require_accelerator: bool,
    /// Memory that an NVIDIA GPU must have for --require-accelerator
    #[arg(
        long,
        value_name = "GB",
        requires = "require_accelerator",
        default_value_t = 0.0
    )]
    min_cuda_vram_gb: f64,
    /// As it always is: the trainer is part of this program and needs no other
    #[arg(
        long,
        requires = "carbon",
        overrides_with = "no_require_native_runtime"
    )]
    require_native_runtime: bool,
    /// The same
    #[arg(long, requires = "carbon", overrides_with = "require_native_runtime")]
    no_require_native_runtime: bool,
    /// After --carbon-train, list the run's files with hashes and write a card about it
    #[arg(long, requires = "carbon_train")]
    package_release_run: bool,
    /// The directory that a mode trains in; runs/fixture-smoke for --fixture-smoke
    #[arg(long, value_name = "DIR", requires = "mode")]
    run_dir: Option<PathBuf>,
    /// Steps of a mode's training; 50 for --fixture-smoke
    #[arg(long, value_name = "N", requires = "mode", value_parser = clap::value_parser!(u64).range(1..))]
    steps: Option<u64>,
    /// Checkpoint that a mode's training goes on from
    #[arg(long, value_name = "FILE", requires = "mode")]
    resume_from: Option<PathBuf>,
    /// The dataset package's directory
    #[arg(long, value_name = "DIR", requires = "carbon")]
    #[arg(
        requires = "run_dir",
        requires = "carbon_model_dir",
        requires = "training_config"
    )]
    dataset_dir: Option<PathBuf>,
    /// The frozen encoder's directory, such as Carbon's
    #[arg(long, value_name = "DIR", requires = "carbon")]
    carbon_model_dir: Option<PathBuf>,
    /// The Python package's configuration of the training
    #[arg(long, value_name = "YAML", requires = "carbon")]
    training_config: Option<PathBuf>,
    /// Where the look's report goes; training_preflight_report.json in the run's directory
    #[arg(long, value_name = "JSON", requires = "carbon")]
    preflight_output: Option<PathBuf>,
}

impl ModeArgs {
    /// Runs the mode that was chosen.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for no mode; as the training.
    pub(super) fn run(
        &self,
        stop: &StopFlag,
        context: &Context<'_>,
        terminal: &mut Terminal<'_>,
    ) -> Result<()> {
        if self.fixture_smoke {
            self.fixture(stop, context, terminal)
        } else if self.carbon_preflight || self.carbon_train {
            self.carbon(stop, context, terminal)
        } else {
            Err(refused("train what?"))
        }
    }

    /// Refuses a mode beside a subcommand. Flags without a mode do not come so far.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a mode.
    pub(super) fn refuse_beside_subcommand(&self) -> Result<()> {
        if self.fixture_smoke || self.carbon_preflight || self.carbon_train {
            return Err(refused("a mode stands before a subcommand"));
        }
        Ok(())
    }

    fn carbon(
        &self,
        stop: &StopFlag,
        context: &Context<'_>,
        terminal: &mut Terminal<'_>,
    ) -> Result<()> {
        // The parser has seen to it that they are given.
        let given = |path: &Option<PathBuf>| path.clone().unwrap_or_default();
        let run = CarbonTraining {
            run_dir: given(&self.run_dir),
            dataset: given(&self.dataset_dir),
            encoder: given(&self.carbon_model_dir),
            config: given(&self.training_config),
            steps: self.steps,
            seed: context.shared.seed,
            allow_fixture_dataset: self.allow_fixture_dataset,
            accelerator: self.require_accelerator.then_some(self.min_cuda_vram_gb),
        };
        let settings = run.settings(&mut |text| terminal.warn(text))?;
        if let Some(checkpoint) = &self.resume_from {
            adopt(checkpoint, &run.run_dir)?;
        }
        let file = run.run_dir.join("training_preflight_report.json");
        let file = self.preflight_output.clone().unwrap_or(file);
        let files = (Some(run.config.as_path()), Some(file.as_path()));
        let report = look(&settings, files, stop, terminal)?;
        if self.carbon_preflight || stop.is_set() {
            return terminal.line(report.to_json()?);
        }
        let mut host = TrainingHost {
            stop,
            quiet: !terminal.shows_progress(),
            warn: &mut |text| terminal.warn(text),
        };
        train(&settings, &mut host)?;
        if stop.is_set() {
            return Ok(());
        }
        let report = training_report(&run.run_dir, &run.run_dir, settings.run.steps)?;
        let package = self.package_release_run.then(|| package_run(&run.run_dir));
        terminal.line(json(&CarbonReport {
            report,
            training_run_package: package.transpose()?,
        })?)
    }

    fn fixture(
        &self,
        stop: &StopFlag,
        context: &Context<'_>,
        terminal: &mut Terminal<'_>,
    ) -> Result<()> {
        let run_dir = self.run_dir.clone();
        let settings = FixtureSettings {
            run_dir: run_dir.unwrap_or_else(|| PathBuf::from("runs/fixture-smoke")),
            steps: self.steps.unwrap_or(DEFAULT_STEPS),
            seed: context.shared.seed.unwrap_or(0),
            resume_from: self.resume_from.clone(),
        };
        let mut host = TrainingHost {
            stop,
            quiet: !terminal.shows_progress(),
            warn: &mut |text| terminal.warn(text),
        };
        match run_fixture_training(&settings, &mut host)? {
            Some(report) => terminal.line(json(&report)?),
            None => Ok(()),
        }
    }
}

/// What a mode's training made.
#[derive(Serialize)]
struct CarbonReport {
    #[serde(flatten)]
    report: FixtureTrainingReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    training_run_package: Option<ReleasePackage>,
}

/// One line of JSON.
fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| internal(&error))
}

fn refused(message: &str) -> Error {
    Error::new(ErrorCode::InputGeneric, message).with_remedy(
        "give one subcommand (encoder, ranking, predictor, joint, manifest, curves) or one mode \
         (--fixture-smoke, --carbon-preflight, --carbon-train)",
    )
}
