//! Settings of `train predictor`.

use crate::collapse::CollapseSettings;
use crate::device::Compute;
use crate::run_dir::Retention;
use crate::schedule::Schedule;
use crate::step::Accumulation;
use crate::tuple_data::TupleData;
use clap::Args;
use genolewm::config::{ActionSection, EncoderSection, ModelConfig, PredictorSection};
use genolewm_core::pooling::PoolType;
use genolewm_core::surprise::Aggregation;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Settings of `train predictor`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct Settings {
    /// The frozen encoder's directory
    #[arg(long, value_name = "DIR")]
    pub encoder: PathBuf,
    /// What windows and edits are drawn from
    #[command(flatten)]
    #[serde(flatten)]
    pub data: TupleData,
    /// The run's directory: settings, metrics, checkpoints and, at the end, model/
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    pub output: PathBuf,
    /// Windows of a generation, of 8 items each; the next one is encoded while the last ones are
    /// trained on
    #[arg(long, default_value_t = 64, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub generation_windows: usize,
    /// Steps until the next generation is trained on too; more of them leave more time to encode it
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..))]
    pub generation_steps: u64,
    /// Generations that steps draw from, the newest ones
    #[arg(long, default_value_t = 8, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub generations: usize,
    /// Windows that are measured, and drawn apart from those that are trained on
    #[arg(long, default_value_t = 64, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub validation_windows: usize,
    /// Sequence sources of the measured windows; without them those of --corpus
    #[arg(long, value_name = "TSV")]
    pub validation: Option<PathBuf>,
    /// Threads that encode; 0 for half of the cores
    #[arg(long, default_value_t = 0)]
    #[serde(skip)]
    pub encode_threads: usize,
    /// Where and in which numbers to train
    #[command(flatten)]
    #[serde(flatten)]
    pub compute: Compute,
    /// Bases of a window: 4096, 12288 or 24576
    #[arg(long, default_value_t = 4_096)]
    pub window_bp: usize,
    /// Rows pooled on each side of the locus
    #[arg(long, default_value_t = 8)]
    pub pool_radius: usize,
    /// Layer whose hidden states are pooled; negative counts from the end
    #[arg(long, default_value_t = -1, allow_negative_numbers = true)]
    pub state_layer: i64,
    /// Width of the predictor's blocks
    #[arg(long, default_value_t = 128)]
    pub d_hidden: usize,
    /// Width of an action
    #[arg(long, default_value_t = 64)]
    pub d_action: usize,
    /// Attention heads
    #[arg(long, default_value_t = 4)]
    pub n_heads: usize,
    /// Inner width of the feed-forwards; --d-hidden by itself
    #[arg(long)]
    pub ffn_dim: Option<usize>,
    /// Blocks in which states and actions read each other
    #[arg(long, default_value_t = 2)]
    pub cross_blocks: usize,
    /// Blocks in which they read all alike
    #[arg(long, default_value_t = 1)]
    pub self_blocks: usize,
    /// The most edits of one item
    #[arg(long, default_value_t = 16)]
    pub max_actions: usize,
    /// Width of an edit's place
    #[arg(long, default_value_t = 32)]
    pub d_pos: usize,
    /// Width of an edit's type
    #[arg(long, default_value_t = 16)]
    pub d_type: usize,
    /// Width of an allele
    #[arg(long, default_value_t = 32)]
    pub d_seq: usize,
    /// Layers that read an allele
    #[arg(long, default_value_t = 2)]
    pub action_layers: usize,
    /// Inner width of these layers and of the action's projection
    #[arg(long, default_value_t = 128)]
    pub action_inner: usize,
    /// Optimisation steps
    #[arg(long, default_value_t = 3_000)]
    pub steps: u64,
    /// Items in a step, of one to three edits each
    #[arg(long, default_value_t = 256)]
    pub batch: usize,
    /// Draw items by the type of their first edit: SNV 0.4, insertion 0.2, deletion 0.2, MNV 0.1,
    /// indel 0.1
    #[arg(long)]
    pub balance: bool,
    /// How many batches make a step
    #[command(flatten)]
    #[serde(flatten)]
    pub accumulation: Accumulation,
    /// Weight decay of projections
    #[arg(long, default_value_t = 0.05)]
    pub weight_decay: f32,
    /// Largest global gradient norm
    #[arg(long, default_value_t = 1.0)]
    pub clip: f64,
    /// Shape of the learning rate
    #[arg(long, value_enum, default_value_t = Schedule::Wsd)]
    pub schedule: Schedule,
    /// Peak learning rate
    #[arg(long, default_value_t = 1e-3)]
    pub learning_rate: f64,
    /// Steps of linear warm-up
    #[arg(long, default_value_t = 200)]
    pub warmup_steps: u64,
    /// Seed of weights and data
    #[arg(long = "train-seed", default_value_t = 0)]
    #[serde(rename = "train_seed")]
    pub seed: u64,
    /// Name that the manifest gives the model
    #[arg(long, default_value = "geno-lewm-model")]
    pub model_name: String,
    /// Version that the manifest gives the model
    #[arg(long, default_value = "0.1.0")]
    pub model_version: String,
    /// Steps between checkpoints
    #[arg(long, default_value_t = 500)]
    #[serde(skip)]
    pub checkpoint_every: u64,
    /// The watch over predictions
    #[command(flatten)]
    #[serde(flatten)]
    pub collapse: CollapseSettings,
    /// Which checkpoints stay
    #[command(flatten)]
    #[serde(skip)]
    pub retention: Retention,
    /// Steps between lines of metrics
    #[arg(long, default_value_t = 50)]
    #[serde(skip)]
    pub log_every: u64,
}

impl Settings {
    /// Threads that encode.
    pub(super) fn encoding_threads(&self) -> usize {
        match self.encode_threads {
            0 => std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)),
            threads => threads,
        }
    }
}

/// The configuration of the model that the settings make.
pub(super) fn config(settings: &Settings) -> ModelConfig {
    ModelConfig {
        encoder: EncoderSection {
            model_id: "encoder".to_owned(),
            revision: "main".to_owned(),
            state_layer: settings.state_layer,
            pool_type: PoolType::CenteredMean,
            pool_radius: settings.pool_radius,
            normalize: true,
            dtype: "fp16".to_owned(),
        },
        predictor: PredictorSection {
            n_heads: settings.n_heads,
            d_state: None,
            d_action: Some(settings.d_action),
            dtype: "fp16".to_owned(),
        },
        action: ActionSection {
            d_action: Some(settings.d_action),
        },
        seed: settings.seed,
        window_bp: settings.window_bp,
        max_window_bp: settings.window_bp,
        aggregation: Aggregation::Mean,
        tile_bp: None,
    }
}
