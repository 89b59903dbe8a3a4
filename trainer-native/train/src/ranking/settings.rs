//! Settings of `train ranking`.

use crate::settings::{RunSettings, StateSettings, with_defaults};
use clap::Args;
use genolewm::files::Directory;
use genolewm::info::ModelInfo;
use genolewm_core::Result;
use genolewm_core::window::TOKEN_BP;
use serde::Serialize;
use std::path::PathBuf;

const DEFAULTS: &str = "steps=1500 learning_rate=0.001 warmup_steps=50 \
    checkpoint_every=200 log_every=20";

/// Settings of `train ranking`.
#[derive(Debug, Clone, Args, Serialize)]
#[command(mut_args(|arg| with_defaults(arg, DEFAULTS)))]
pub struct RankingSettings {
    /// Table of sequence sources that hold the transcripts
    #[arg(long, value_name = "TSV")]
    pub corpus: PathBuf,
    /// Regions that must never be trained on
    #[arg(long, value_name = "BED")]
    pub holdout: PathBuf,
    /// Tables of exons; may be repeated
    #[arg(long, value_name = "TSV", required = true)]
    pub exons: Vec<PathBuf>,
    /// The encoder directory to start from
    #[arg(long, value_name = "DIR")]
    pub init: PathBuf,
    /// A model that `train predictor` made with the encoder of --init. What is ranked then is how far an
    /// edited state lies from the one that its predictor expects. Layer, rows, contract and context are those
    /// of the model, whatever their flags say
    #[arg(long, value_name = "DIR")]
    pub predictor: Option<PathBuf>,
    /// With --predictor, weight of the share of tolerated changes that it does not explain
    #[arg(long, default_value_t = 1.0)]
    pub unexplained_weight: f64,
    /// Windows in a step
    #[arg(long, default_value_t = 32)]
    pub windows: usize,
    /// Substitutions at each window's locus and the bases around it
    #[arg(long, default_value_t = 6)]
    pub edits_per_window: usize,
    /// Fewest and most six-mers left of the locus
    #[arg(long, default_values_t = [24, 64], num_args = 2)]
    pub context_tokens: Vec<usize>,
    /// First steps, in which only splice sites and stops are ranked, above synonymous and intronic
    /// changes
    #[arg(long, default_value_t = 0)]
    pub sure_steps: u64,
    /// One step in this many has few windows of the long context; 0 for none
    #[arg(long, default_value_t = 0)]
    pub long_every: u64,
    /// Six-mers left of the locus in such a step
    #[arg(long, default_value_t = 340)]
    pub long_context_tokens: usize,
    /// Rows pooled on each side of the locus
    #[arg(long, default_value_t = 8)]
    pub pool_radius: usize,
    /// Layer whose rows are pooled; negative counts from the end
    #[arg(long, default_value_t = -1, allow_negative_numbers = true)]
    pub state_layer: i64,
    /// By which rule
    #[command(flatten)]
    #[serde(flatten)]
    pub state: StateSettings,
    /// Weight of the ranking of a window's substitutions against each other
    #[arg(long, default_value_t = 0.0)]
    pub pair_weight: f64,
    /// Weight of telling what each six-mer is part of: exon by reading frame, intron, splice site
    #[arg(long, default_value_t = 0.0)]
    pub element_weight: f64,
    /// Weight of the language-model loss
    #[arg(long, default_value_t = 0.1)]
    pub language_weight: f64,
    /// One block of 100 kb in this many is measured and never trained on; 0 for none
    #[arg(long, default_value_t = 10)]
    pub validation_share: u64,
    /// Windows that are measured
    #[arg(long, default_value_t = 512)]
    pub validation_windows: usize,
    /// Steps between measurements
    #[arg(long, default_value_t = 100)]
    #[serde(skip)]
    pub validate_every: u64,
    /// What all stages share
    #[command(flatten)]
    #[serde(flatten)]
    pub run: RunSettings,
}

impl RankingSettings {
    /// What the model of `--predictor` says of itself.
    ///
    /// # Errors
    /// As [`ModelInfo::load`].
    pub(super) fn model_info(&self) -> Result<Option<ModelInfo>> {
        let load = |model: &PathBuf| {
            ModelInfo::load(&Directory(model.clone()), &Directory(self.init.clone()))
        };
        self.predictor.as_ref().map(load).transpose()
    }

    /// These settings with states as the model of `--predictor` reads them: its layer and rows, and as many
    /// six-mers left of the locus as its windows have.
    ///
    /// # Errors
    /// As [`ModelInfo::load`].
    pub(super) fn of_model(&self) -> Result<Self> {
        let mut settings = self.clone();
        if let Some(ModelInfo { config, .. }) = self.model_info()? {
            settings.state_layer = config.encoder.state_layer;
            settings.pool_radius = config.encoder.pool_radius;
            settings.state.state_contract = config.encoder.contract;
            let context = (config.window_bp / 2).saturating_sub(1) / TOKEN_BP;
            settings.context_tokens = vec![context, context];
            settings.long_every = 0;
        }
        Ok(settings)
    }

    /// Tokens of the longest window: the tag, what lies left of the locus, its six-mer, and what is pooled
    /// right of it.
    pub(super) fn most_tokens(&self) -> usize {
        let context = self.context_range().1.max(self.long_context_tokens);
        context + self.pool_radius + 3
    }

    /// Fewest and most six-mers left of the locus, in this order.
    pub(super) fn context_range(&self) -> (usize, usize) {
        let fewest = self.context_tokens.first().copied().unwrap_or_default();
        let most = self.context_tokens.get(1).copied().unwrap_or_default();
        (fewest, most.max(fewest))
    }
}
