//! Settings of `train predictor`.

use crate::dataset::holdout_files::HoldoutFiles;
use crate::dataset::mix::NamedFallback;
use crate::train::run_dir::Retention;
use clap::Args;
use genolewm_model::config::{ActionSection, EncoderSection, ModelConfig, PredictorSection};
use genolewm_shared::pooling::PoolType;
use genolewm_shared::surprise::Aggregation;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Settings of `train predictor`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct Settings {
    /// The frozen encoder's directory
    #[arg(long, value_name = "DIR")]
    pub encoder: PathBuf,
    /// Table of sequence sources (path and weight)
    #[arg(long, value_name = "TSV")]
    pub corpus: PathBuf,
    /// Regions that must never be trained on
    #[arg(long, value_name = "BED")]
    pub holdout: PathBuf,
    /// Variants that must never be trained on, one chrom:pos:ref:alt a line
    #[arg(long, value_name = "FILE")]
    pub holdout_edits: Option<PathBuf>,
    /// Names of records that must never be trained on, one a line
    #[arg(long, value_name = "FILE")]
    pub holdout_records: Option<PathBuf>,
    /// Variants with allele frequencies, a VCF or a gnomAD shard, of which the common ones are drawn;
    /// may be repeated
    #[arg(long, value_name = "FILE")]
    pub common: Vec<PathBuf>,
    /// Variants with clinical significance, a VCF or a ClinVar shard, of which the pathogenic ones are
    /// drawn; may be repeated
    #[arg(long, value_name = "FILE")]
    pub clinvar: Vec<PathBuf>,
    /// What stands in where a window has too few edits of a source, as gnomad_common=synthetic_snv or
    /// clinvar=none; may be repeated. By itself synthetic_snv stands in for clinvar, and for
    /// gnomad_common in windows without a place on a contig
    #[arg(long, value_name = "SOURCE=SOURCE")]
    pub fallback: Vec<NamedFallback>,
    /// The run's directory: settings, metrics, checkpoints and, at the end, model/
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    pub output: PathBuf,
    /// Windows that are drawn, of 8 edits each
    #[arg(long, default_value_t = 3_000)]
    pub windows: usize,
    /// Bases of a window
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
    /// Optimisation steps
    #[arg(long, default_value_t = 3_000)]
    pub steps: u64,
    /// Items in a step, of one to three edits each
    #[arg(long, default_value_t = 256)]
    pub batch: usize,
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
    /// The files of the hold-outs.
    pub(super) fn holdout_files(&self) -> HoldoutFiles<'_> {
        HoldoutFiles {
            regions: &self.holdout,
            edits: self.holdout_edits.as_deref(),
            records: self.holdout_records.as_deref(),
        }
    }

    /// The files that the model's manifest notes the hashes of, by name.
    pub(super) fn data_files(&self) -> Vec<(&'static str, &PathBuf)> {
        [
            ("corpus", Some(&self.corpus)),
            ("holdout", Some(&self.holdout)),
            ("holdout_edits", self.holdout_edits.as_ref()),
            ("holdout_records", self.holdout_records.as_ref()),
        ]
        .into_iter()
        .filter_map(|(name, path)| Some((name, path?)))
        .collect()
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
