//! `genolewm train`: makes models.

mod preflight;
mod modes;

use super::common::terminal::Terminal;
use crate::common::command::{Context, Status};
use clap::Subcommand;
use genolewm_core::Result;
use genolewm_report::curves::curves;
use genolewm_report::metrics::read_metrics;
use genolewm_report::output::write_atomically;
use genolewm_train::run::StopFlag;
use genolewm_train::{assemble, encoder, joint, predictor, ranking};
use preflight::Planned;
use std::path::PathBuf;

/// Train an encoder or a predictor
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    modes: modes::Flags,
    #[command(subcommand)]
    stage: Option<Stage>,
}

/// What is made.
#[derive(Debug, Subcommand)]
enum Stage {
    /// Train a state encoder: a causal language model over six-mers
    Encoder(Box<Planned<encoder::Settings>>),
    /// Teach an encoder's state to move where annotation expects harm
    Ranking(Box<Planned<ranking::Settings>>),
    /// Train the predictor over a frozen encoder, and write the model directory
    Predictor(Box<Planned<predictor::Settings>>),
    /// Train a model's predictor and adapters of its encoder together, and write the model directory
    Joint(Box<joint::Settings>),
    /// Hash a model directory's files again after one of them was replaced
    Manifest {
        /// The model directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
    /// Draw a run's metrics as SVG
    Curves(Curves),
}

/// Which metrics of a run are drawn.
#[derive(Debug, clap::Args)]
pub struct Curves {
    /// The run's metrics.jsonl
    #[arg(value_name = "JSONL")]
    metrics: PathBuf,
    /// Metric drawn over the steps; may be repeated
    #[arg(long = "y", value_name = "NAME", required = true)]
    names: Vec<String>,
    /// Title of the picture
    #[arg(long, default_value = "")]
    title: String,
    /// Where the picture goes
    #[arg(long, short = 'o', value_name = "SVG")]
    output: PathBuf,
}

impl Curves {
    fn draw(&self) -> Result<()> {
        let rows = read_metrics(&self.metrics)?;
        let plot = curves(&rows, &self.title, &self.names);
        write_atomically(&self.output, plot.to_svg().as_bytes())
    }
}

/// Trains until the last step or until the user interrupts; either way a checkpoint is left from
/// which the same command goes on.
///
/// # Errors
/// As the training that was asked for.
pub fn run(args: &Args, context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    let stop = StopFlag::on_signals()?;
    let Some(stage) = args.stage.as_ref() else {
        return args.modes.run(&stop, context, terminal);
    };
    args.modes.refuse_any()?;
    match stage {
        Stage::Encoder(planned) => {
            let seed = |settings: &mut encoder::Settings, seed| settings.seed = seed;
            return planned.run(seed, encoder::run, &stop, context, terminal);
        }
        Stage::Ranking(planned) => {
            let seed = |settings: &mut ranking::Settings, seed| settings.seed = seed;
            return planned.run(seed, ranking::run, &stop, context, terminal);
        }
        Stage::Predictor(planned) => {
            let seed = |settings: &mut predictor::Settings, seed| settings.seed = seed;
            return planned.run(seed, predictor::run, &stop, context, terminal);
        }
        Stage::Joint(settings) => {
            let mut settings = settings.as_ref().clone();
            settings.seed = context.shared.seed.unwrap_or(settings.seed);
            let quiet = !terminal.shows_progress();
            joint::run(&settings, &stop, quiet, &mut |text| terminal.warn(text))?;
        }
        Stage::Manifest { directory } => assemble::renew_manifest(directory)?,
        Stage::Curves(curves) => curves.draw()?,
    }
    Ok(ended(&stop, terminal))
}

fn ended(stop: &StopFlag, terminal: &mut Terminal<'_>) -> Status {
    if !stop.is_set() {
        return Status::Done;
    }
    terminal.warn("interrupted: the same command goes on from the checkpoint");
    Status::Interrupted
}
