//! What an evaluation measures.

use clap::ValueEnum;
use genolewm_core::evaluation::{BootstrapOptions, DEFAULT_THRESHOLD};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_evaluate::score_files::agreement::Measure;
use genolewm_evaluate::score_files::jsonl::LabelKind;
use serde::Serialize;

/// What the labels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MetricMode {
    /// Pathogenic or benign
    Binary,
    /// A measured number, compared by rank
    Spearman,
}

/// What is measured, and how. Written beside the metrics, in the form that --config reads.
#[derive(Debug, Clone, clap::Args, Serialize)]
pub(super) struct EvalSettings {
    /// The measured field of the scores; higher means more harm
    #[arg(long, value_name = "FIELD", default_value = "sigma_calibrated")]
    pub(super) score_field: String,
    /// The measured field of the baseline's scores
    #[arg(long, value_name = "FIELD", default_value = "sigma_calibrated")]
    pub(super) baseline_score_field: String,
    /// Name of the baseline in the report
    #[arg(long, value_name = "NAME", requires = "baseline_scores_jsonl")]
    pub(super) baseline_name: Option<String>,
    /// What the labels are
    #[arg(long, value_enum, value_name = "MODE", default_value = "binary")]
    pub(super) metric_mode: MetricMode,
    /// The labels' field, for --metric-mode spearman
    #[arg(long, value_name = "FIELD", default_value = "value")]
    pub(super) label_field: String,
    /// A score at or above it is a call, for the accuracies
    #[arg(long, value_name = "SCORE", default_value_t = DEFAULT_THRESHOLD)]
    pub(super) threshold: f64,
    /// Name of the evaluated split
    #[arg(long, value_name = "NAME", default_value = "eval_clinvar")]
    pub(super) split: String,
    /// Resamples of a bootstrap interval; 0 for no intervals
    #[arg(long, value_name = "N", default_value_t = BootstrapOptions::default().resamples)]
    pub(super) bootstrap_resamples: usize,
    /// Seed of the bootstrap [default: --seed, else 0]
    #[arg(long, value_name = "N")]
    pub(super) bootstrap_seed: Option<u64>,
    /// Share of the resamples inside an interval
    #[arg(long, value_name = "SHARE", default_value_t = BootstrapOptions::default().level)]
    pub(super) ci_level: f64,
    /// Another field of the scores to compare with, by paired bootstrap and DeLong's test; may be
    /// repeated
    #[arg(long, value_name = "FIELD")]
    pub(super) compare: Vec<String>,
    /// Write points of the ROC and precision-recall curves and of reliability
    #[arg(long)]
    pub(super) curves: bool,
}

impl EvalSettings {
    /// How figures are measured; `seed` is that of the shared flags.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for senseless values.
    pub(super) fn measure(&self, seed: Option<u64>) -> Result<Measure> {
        if !self.threshold.is_finite() {
            return Err(senseless("--threshold is a finite number"));
        }
        if !(self.ci_level > 0.0 && self.ci_level < 1.0) {
            return Err(senseless("--ci-level lies between 0 and 1"));
        }
        if self.split.trim().is_empty() {
            return Err(senseless("--split is a name"));
        }
        Ok(Measure {
            threshold: self.threshold,
            bootstrap: BootstrapOptions {
                resamples: self.bootstrap_resamples,
                level: self.ci_level,
                seed: self.bootstrap_seed.or(seed).unwrap_or(0),
            },
        })
    }

    /// What the rows of the labels mean.
    pub(super) fn label_kind(&self) -> LabelKind<'_> {
        match self.metric_mode {
            MetricMode::Binary => LabelKind::Clinical,
            MetricMode::Spearman => LabelKind::Number(&self.label_field),
        }
    }

    /// The same, with the seed that was used.
    pub(super) fn with_seed(&self, seed: u64) -> Self {
        Self {
            bootstrap_seed: Some(seed),
            ..self.clone()
        }
    }
}

fn senseless(message: &str) -> Error {
    Error::new(ErrorCode::InputGeneric, message)
        .with_remedy("`genolewm eval --help` lists the flags and values")
}
