//! Settings of `train joint`.

use crate::collapse::CollapseSettings;
use crate::device::Compute;
use crate::run_dir::Retention;
use crate::schedule::Schedule;
use crate::step::Accumulation;
use crate::tuple_data::TupleData;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// Settings of `train joint`.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Settings {
    /// The model directory to go on from, as `train predictor` writes it
    #[arg(long, value_name = "DIR")]
    pub model_dir: PathBuf,
    /// Its encoder's directory [default: MODEL_DIR/encoder]
    #[arg(long, value_name = "DIR")]
    pub encoder_dir: Option<PathBuf>,
    /// What windows and edits are drawn from
    #[command(flatten)]
    #[serde(flatten)]
    pub data: TupleData,
    /// The run's directory: settings, metrics, checkpoints and, at the end, model/ and the adapters
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    pub output: PathBuf,
    /// Rank of the adapters
    #[arg(long, default_value_t = 16, value_parser = at_least_one)]
    pub lora_rank: usize,
    /// Adapters are scaled by this over their rank
    #[arg(long, default_value_t = 32.0)]
    pub lora_alpha: f64,
    /// Topmost layers below the states that get adapters; all where there are fewer
    #[arg(long, default_value_t = 4, value_parser = at_least_one)]
    pub lora_layers: usize,
    /// Where and in which numbers to train
    #[command(flatten)]
    #[serde(flatten)]
    pub compute: Compute,
    /// Optimisation steps
    #[arg(long, default_value_t = 1_000)]
    pub steps: u64,
    /// Windows in a step, of 8 items each
    #[arg(long, default_value_t = 8, value_parser = at_least_one)]
    pub windows: usize,
    /// Raise the share of indels and of rollouts of two and three edits from step to step
    #[arg(long)]
    pub curriculum: bool,
    /// Weight of the regulariser
    #[arg(long, default_value_t = 0.5)]
    pub kl_weight: f64,
    /// How many batches make a step
    #[command(flatten)]
    #[serde(flatten)]
    pub accumulation: Accumulation,
    /// Peak learning rate of the predictor and the action encoder
    #[arg(long, default_value_t = 3e-4)]
    pub learning_rate: f64,
    /// Peak learning rate of the adapters
    #[arg(long, default_value_t = 1e-4)]
    pub lora_learning_rate: f64,
    /// Shape of both learning rates
    #[arg(long, value_enum, default_value_t = Schedule::Wsd)]
    pub schedule: Schedule,
    /// Steps of linear warm-up
    #[arg(long, default_value_t = 100)]
    pub warmup_steps: u64,
    /// Weight decay of matrices
    #[arg(long, default_value_t = 0.05)]
    pub weight_decay: f32,
    /// Greatest norm of the gradients
    #[arg(long, default_value_t = 1.0)]
    pub clip: f64,
    /// Seed of adapters and data
    #[arg(long = "train-seed", default_value_t = 0)]
    #[serde(rename = "train_seed")]
    pub seed: u64,
    /// Windows that are measured, the same at every look
    #[arg(long, default_value_t = 32, value_parser = at_least_one)]
    pub validation_windows: usize,
    /// The watch over collapse
    #[command(flatten)]
    #[serde(flatten)]
    pub collapse: CollapseSettings,
    /// Name that the manifest gives the model
    #[arg(long, default_value = "geno-lewm-model")]
    pub model_name: String,
    /// Version that the manifest gives the model
    #[arg(long, default_value = "0.2.0")]
    pub model_version: String,
    /// Steps between checkpoints
    #[arg(long, default_value_t = 200)]
    #[serde(skip)]
    pub checkpoint_every: u64,
    /// Which checkpoints stay
    #[command(flatten)]
    #[serde(skip)]
    pub retention: Retention,
    /// Steps between lines of metrics
    #[arg(long, default_value_t = 20)]
    #[serde(skip)]
    pub log_every: u64,
}

impl Settings {
    /// Where the encoder lies that gets adapters.
    pub(super) fn encoder(&self) -> PathBuf {
        let inside = || self.model_dir.join("encoder");
        self.encoder_dir.clone().unwrap_or_else(inside)
    }

    /// What the adapters' product is multiplied by.
    pub(super) fn lora_scale(&self) -> f64 {
        self.lora_alpha / self.lora_rank as f64
    }
}

fn at_least_one(text: &str) -> core::result::Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}
