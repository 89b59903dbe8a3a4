//! Settings of `train encoder`.

use crate::encoder_dir::VOCABULARY;
use crate::optimizer::MatrixOptimizer;
use crate::settings::{RunSettings, UpdateSettings, with_defaults};
use clap::Args;
use genolewm::encoder::LlamaConfig;
use serde::Serialize;
use std::path::PathBuf;

const DEFAULTS: &str = "steps=20000 learning_rate=0.002 warmup_steps=300 \
    checkpoint_every=500 log_every=50";

/// Settings of `train encoder`.
#[derive(Debug, Clone, Args, Serialize)]
#[command(mut_args(|arg| with_defaults(arg, DEFAULTS)))]
pub struct EncoderSettings {
    /// Table of sequence sources (path and weight)
    #[arg(long, value_name = "TSV")]
    pub corpus: PathBuf,
    /// Regions that must never be trained on
    #[arg(long, value_name = "BED")]
    pub holdout: PathBuf,
    /// Table of sources whose windows the validation loss is measured on
    #[arg(long, value_name = "TSV")]
    pub validation: Option<PathBuf>,
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
    /// What updates the projections
    #[arg(long, value_enum, default_value_t = MatrixOptimizer::Muon)]
    pub optimizer: MatrixOptimizer,
    /// How gradients become updates
    #[command(flatten)]
    #[serde(flatten)]
    pub update: UpdateSettings,
    /// What all stages share
    #[command(flatten)]
    #[serde(flatten)]
    pub run: RunSettings,
}

impl EncoderSettings {
    /// Six-mers in a window of a step, counted from 0.
    pub(super) fn window_tokens_of(&self, step: u64) -> usize {
        if self.long_every > 0 && (step + 1).is_multiple_of(self.long_every) {
            self.long_window_tokens
        } else {
            self.window_tokens
        }
    }

    /// Windows in a batch of a step.
    pub(super) fn batch_windows(&self, step: u64) -> usize {
        (self.batch_tokens / self.window_tokens_of(step)).max(1)
    }

    /// Tokens that the step after `step` trains on.
    pub(super) fn tokens_of(&self, step: u64) -> u64 {
        let batch = self.batch_windows(step) * self.window_tokens_of(step);
        self.run.accumulate * batch as u64
    }

    /// The encoder that the settings describe.
    pub(super) fn config(&self) -> LlamaConfig {
        LlamaConfig {
            hidden_size: self.hidden_size,
            intermediate_size: self.intermediate_size,
            layers: self.layers,
            heads: self.heads,
            kv_heads: self.kv_heads,
            head_width: self.hidden_size / self.heads,
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
}
