//! Settings of `train joint`.

use crate::collapse::CollapseSettings;
use crate::settings::{RunSettings, UpdateSettings, at_least_one, with_defaults};
use crate::tuple_data::TupleData;
use clap::Args;
use genolewm::files::Directory;
use genolewm::info::ModelInfo;
use genolewm_core::Result;
use serde::Serialize;
use std::path::PathBuf;

const DEFAULTS: &str = "steps=1000 learning_rate=0.0003 warmup_steps=100 \
    checkpoint_every=200 log_every=20";

/// Settings of `train joint`.
#[derive(Debug, Clone, Args, Serialize)]
#[command(mut_args(|arg| with_defaults(arg, DEFAULTS)))]
pub struct JointSettings {
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
    /// Rank of the adapters
    #[arg(long, default_value_t = 16, value_parser = at_least_one())]
    pub lora_rank: usize,
    /// Adapters are scaled by this over their rank
    #[arg(long, default_value_t = 32.0)]
    pub lora_alpha: f64,
    /// Topmost layers below the states that get adapters; all where there are fewer
    #[arg(long, default_value_t = 4, value_parser = at_least_one())]
    pub lora_layers: usize,
    /// Windows in a step, with as many items each as --mix says (8)
    #[arg(long, default_value_t = 8, value_parser = at_least_one())]
    pub windows: usize,
    /// Raise the share of indels and of rollouts of two and three edits from step to step
    #[arg(long)]
    pub curriculum: bool,
    /// Weight of the regulariser
    #[arg(long, default_value_t = 0.5)]
    pub kl_weight: f64,
    /// Peak learning rate of the adapters
    #[arg(long, default_value_t = 1e-4)]
    pub lora_learning_rate: f64,
    /// Windows that are measured, the same at every look
    #[arg(long, default_value_t = 32, value_parser = at_least_one())]
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
    /// How gradients become updates
    #[command(flatten)]
    #[serde(flatten)]
    pub update: UpdateSettings,
    /// What all stages share
    #[command(flatten)]
    #[serde(flatten)]
    pub run: RunSettings,
}

impl JointSettings {
    /// Where the encoder lies that gets adapters.
    pub(super) fn encoder(&self) -> PathBuf {
        let inside = || self.model_dir.join("encoder");
        self.encoder_dir.clone().unwrap_or_else(inside)
    }

    /// What the model directory says of itself.
    ///
    /// # Errors
    /// As [`ModelInfo::load`].
    pub(super) fn model_info(&self) -> Result<ModelInfo> {
        let (model, encoder) = (self.model_dir.clone(), self.encoder());
        ModelInfo::load(&Directory(model), &Directory(encoder))
    }

    /// What the adapters' product is multiplied by.
    pub(super) fn lora_scale(&self) -> f64 {
        self.lora_alpha / self.lora_rank as f64
    }
}
