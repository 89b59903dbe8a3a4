//! Settings of `train joint`.

use crate::dataset::holdout_files::HoldoutFiles;
use crate::dataset::mix::NamedFallback;
use crate::train::collapse::CollapseSettings;
use crate::train::run_dir::Retention;
use crate::train::schedule::Schedule;
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

fn at_least_one(text: &str) -> core::result::Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}
