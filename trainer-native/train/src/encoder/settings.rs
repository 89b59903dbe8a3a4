//! Settings of `train encoder`.

use super::super::encoder_dir::VOCABULARY;
use super::super::optimizer::MatrixOptimizer;
use super::super::run_dir::Retention;
use super::super::schedule::Schedule;
use crate::device::Compute;
use crate::step::Accumulation;
use clap::Args;
use genolewm::encoder::LlamaConfig;
use serde::Serialize;
use std::path::PathBuf;

/// Settings of `train encoder`.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Settings {
    /// Table of sequence sources (path and weight)
    #[arg(long, value_name = "TSV")]
    pub corpus: PathBuf,
    /// Regions that must never be trained on
    #[arg(long, value_name = "BED")]
    pub holdout: PathBuf,
    /// Table of sources whose windows the validation loss is measured on
    #[arg(long, value_name = "TSV")]
    pub validation: Option<PathBuf>,
    /// The run's directory: settings, metrics, checkpoints and, at the end, encoder/
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    pub output: PathBuf,
    /// Start from the weights of an encoder directory
    #[arg(long, value_name = "DIR")]
    pub init: Option<PathBuf>,
    /// Width of the residual stream
    #[arg(long, default_value_t = 192)]
    pub hidden_size: usize,
    /// Width of the feed-forward
    #[arg(long, default_value_t = 512)]
    pub intermediate_size: usize,
    /// Decoder layers
    #[arg(long, default_value_t = 4)]
    pub layers: usize,
    /// Query heads
    #[arg(long, default_value_t = 6)]
    pub heads: usize,
    /// Key and value heads
    #[arg(long, default_value_t = 2)]
    pub kv_heads: usize,
    /// Where and in which numbers to train
    #[command(flatten)]
    #[serde(flatten)]
    pub compute: Compute,
    /// Optimisation steps
    #[arg(long, default_value_t = 20_000)]
    pub steps: u64,
    /// Tokens in a batch
    #[arg(long, default_value_t = 2_304)]
    pub batch_tokens: usize,
    /// Six-mers in a window
    #[arg(long, default_value_t = 72)]
    pub window_tokens: usize,
    /// Every so many steps, a batch of long windows (0: never)
    #[arg(long, default_value_t = 8)]
    pub long_every: u64,
    /// Six-mers in a long window
    #[arg(long, default_value_t = 682)]
    pub long_window_tokens: usize,
    /// Steps of cross-entropy before factorised nucleotide supervision
    #[arg(long, default_value_t = 2_000)]
    pub cross_entropy_steps: u64,
    /// How many batches make a step
    #[command(flatten)]
    #[serde(flatten)]
    pub accumulation: Accumulation,
    /// Peak learning rate
    #[arg(long, default_value_t = 2e-3)]
    pub learning_rate: f64,
    /// Steps of linear warm-up
    #[arg(long, default_value_t = 300)]
    pub warmup_steps: u64,
    /// Shape of the learning rate
    #[arg(long, value_enum, default_value_t = Schedule::Wsd)]
    pub schedule: Schedule,
    /// What updates the projections
    #[arg(long, value_enum, default_value_t = MatrixOptimizer::Muon)]
    pub optimizer: MatrixOptimizer,
    /// Weight decay of projections
    #[arg(long, default_value_t = 0.05)]
    pub weight_decay: f32,
    /// Largest global gradient norm
    #[arg(long, default_value_t = 1.0)]
    pub clip: f64,
    /// Seed of weights and data
    #[arg(long = "train-seed", default_value_t = 0)]
    #[serde(rename = "train_seed")]
    pub seed: u64,
    /// Steps between checkpoints
    #[arg(long, default_value_t = 500)]
    #[serde(skip)]
    pub checkpoint_every: u64,
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
    /// Six-mers in a window of a step, counted from 0.
    pub(crate) fn window_tokens_of(&self, step: u64) -> usize {
        if self.long_every > 0 && (step + 1).is_multiple_of(self.long_every) {
            self.long_window_tokens
        } else {
            self.window_tokens
        }
    }
}

/// The encoder that the settings describe.
pub(super) fn config(settings: &Settings) -> LlamaConfig {
    LlamaConfig {
        hidden_size: settings.hidden_size,
        intermediate_size: settings.intermediate_size,
        layers: settings.layers,
        heads: settings.heads,
        kv_heads: settings.kv_heads,
        head_width: settings.hidden_size / settings.heads,
        vocab_size: VOCABULARY,
        rms_norm_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: None,
        tied_embeddings: true,
        attention_bias: false,
        mlp_bias: false,
        max_tokens: 4_100,
    }
}
