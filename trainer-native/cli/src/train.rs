//! `genolewm train`: makes models.

mod preflight;
mod stage;
mod modes;

use super::common::terminal::Terminal;
use crate::common::command::{Context, Status};
use clap::Subcommand;
use genolewm::files::Directory;
use genolewm_core::Result;
use genolewm_report::curves::curves;
use genolewm_report::metrics::read_metrics;
use genolewm_report::output::write_atomically;
use genolewm_train::assemble::{renew_manifest, seal};
use genolewm_train::encoder::EncoderSettings;
use genolewm_train::joint::JointSettings;
use genolewm_train::predictor::PredictorSettings;
use genolewm_train::ranking::RankingSettings;
use genolewm_train::run::StopFlag;
use stage::StageArgs;
use std::path::PathBuf;

/// Train an encoder or a predictor
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    modes: modes::ModeArgs,
    #[command(subcommand)]
    command: Option<TrainCommand>,
}

/// What is made.
#[derive(Debug, Subcommand)]
enum TrainCommand {
    /// Train a state encoder: a causal language model over six-mers
    Encoder(Box<StageArgs<EncoderSettings>>),
    /// Teach an encoder's state to move where annotation expects harm
    Ranking(Box<StageArgs<RankingSettings>>),
    /// Train the predictor over a frozen encoder, and write the model directory
    Predictor(Box<StageArgs<PredictorSettings>>),
    /// Train a model's predictor and adapters of its encoder together, and write the model directory
    Joint(Box<StageArgs<JointSettings>>),
    /// Hash a model directory's files again after one of them was replaced
    Manifest {
        /// The model directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
    /// Seal a model directory: list every file that decides scores, with its hash, in seal.json
    Seal {
        /// The model directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Its encoder's directory, where it lies elsewhere
        #[arg(long, value_name = "DIR")]
        encoder_dir: Option<PathBuf>,
    },
    /// Draw a run's metrics as SVG
    Curves(CurvesArgs),
}

/// Which metrics of a run are drawn.
#[derive(Debug, clap::Args)]
pub struct CurvesArgs {
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

impl CurvesArgs {
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
    let Some(command) = &args.command else {
        args.modes.run(&stop, context, terminal)?;
        return Ok(ended(&stop, terminal));
    };
    args.modes.refuse_beside_subcommand()?;
    match command {
        TrainCommand::Encoder(stage) => stage.run(&stop, context, terminal)?,
        TrainCommand::Ranking(stage) => stage.run(&stop, context, terminal)?,
        TrainCommand::Predictor(stage) => stage.run(&stop, context, terminal)?,
        TrainCommand::Joint(stage) => stage.run(&stop, context, terminal)?,
        TrainCommand::Manifest { directory } => renew_manifest(directory)?,
        TrainCommand::Seal {
            directory,
            encoder_dir,
        } => {
            let encoder = match encoder_dir {
                Some(encoder) => Directory::open(encoder)?,
                None => Directory::open(directory)?.encoder()?,
            };
            seal(directory, &encoder)?;
        }
        TrainCommand::Curves(curves) => curves.draw()?,
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
