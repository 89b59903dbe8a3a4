//! Rows of a file of metrics. A member that a row does not have is absent.

use genolewm_core::evaluation::BootstrapInterval;
use genolewm_report::python::json::finite;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// One figure of one split.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MetricRow {
    /// What was measured.
    pub name: String,
    /// Name of the evaluated split.
    pub split: String,
    /// The figure.
    #[serde(serialize_with = "finite")]
    pub value: f64,
    /// Whether more is better.
    #[serde(default = "yes")]
    pub higher_is_better: bool,
    /// How many things it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// What it is counted in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Its interval.
    #[serde(flatten)]
    pub interval: Option<ConfidenceInterval>,
    /// What it is set against.
    #[serde(flatten)]
    pub baseline: Option<BaselineFigure>,
    /// Says exactly which variants it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluated_variant_keys_sha256: Option<String>,
    /// How it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Members that others added.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

const fn yes() -> bool {
    true
}

/// The bounds of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceInterval {
    /// Lower bound.
    #[serde(serialize_with = "finite")]
    pub ci_low: f64,
    /// Upper bound.
    #[serde(serialize_with = "finite")]
    pub ci_high: f64,
}

/// The figure of a baseline on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineFigure {
    /// The baseline.
    #[serde(default)]
    pub baseline: String,
    /// Its figure.
    #[serde(serialize_with = "finite")]
    pub baseline_value: f64,
    /// The figure less that of the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(serialize_with = "finite")]
    pub delta_vs_baseline: Option<f64>,
    /// The variants that it was measured on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline_evaluated_variant_keys_sha256: Option<String>,
}

/// Two scores on the same variants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonRow {
    /// Name of the evaluated split, in files of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// What was measured.
    pub metric: String,
    /// The first score, and its figure.
    pub score: String,
    /// The figure of the first.
    #[serde(serialize_with = "finite")]
    pub value: f64,
    /// The other score.
    pub compared_with: String,
    /// The figure of the other.
    #[serde(serialize_with = "finite")]
    pub compared_value: f64,
    /// The first figure less the other.
    #[serde(serialize_with = "finite")]
    pub difference: f64,
    /// The paired bootstrap.
    #[serde(flatten)]
    pub interval: Option<ConfidenceInterval>,
    /// Its probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(serialize_with = "finite")]
    pub bootstrap_p: Option<f64>,
    /// Resamples that have a figure for both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resamples: Option<usize>,
    /// DeLong's test of two AUROC.
    #[serde(flatten)]
    pub delong: Option<DelongRow>,
}

/// DeLong's test. `None` for areas without variance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DelongRow {
    /// Of the difference.
    #[serde(serialize_with = "finite")]
    pub delong_standard_error: f64,
    /// Difference over standard error.
    #[serde(serialize_with = "finite")]
    pub delong_z: Option<f64>,
    /// Two-sided.
    #[serde(serialize_with = "finite")]
    pub delong_p: Option<f64>,
}

/// A class of variants with the figures of every score; without any where it is too small.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StratumRow {
    /// Name of the evaluated split, in files of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// The class.
    pub stratum: String,
    /// Variants.
    pub n: u64,
    /// Pathogenic ones, for labels with two sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub positive_variants: Option<u64>,
    /// Benign ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_variants: Option<u64>,
    /// By score.
    pub metrics: Vec<StratumFigure>,
}

/// A figure of a score in a class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StratumFigure {
    /// The score.
    pub score: String,
    /// What was measured.
    pub name: String,
    /// The figure.
    #[serde(serialize_with = "finite")]
    pub value: f64,
    /// Its interval.
    #[serde(flatten)]
    pub interval: Option<ConfidenceInterval>,
}

/// Points of the curves of a score, for pictures.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CurvesRow {
    /// Name of the evaluated split, in files of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// ROC: false and true positive rates.
    pub roc: Vec<[f64; 2]>,
    /// Recall and precision.
    pub pr: Vec<[f64; 2]>,
    /// Bins of a score within 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reliability: Option<Vec<ReliabilityRow>>,
}

/// A bin of a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityRow {
    /// Lower edge.
    #[serde(serialize_with = "finite")]
    pub low: f64,
    /// Upper edge.
    #[serde(serialize_with = "finite")]
    pub high: f64,
    /// Variants.
    pub n: usize,
    /// Their mean score.
    #[serde(serialize_with = "finite")]
    pub mean_score: f64,
    /// Their share of positives.
    #[serde(serialize_with = "finite")]
    pub positive_share: f64,
}

/// The curves of one evaluation, or of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Curves {
    /// None for labels that are numbers.
    Several(Vec<CurvesRow>),
    /// Of one score.
    One(CurvesRow),
}

/// Means over rollouts of one number of edits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRow {
    /// Name of the evaluated split.
    pub split: String,
    /// Edits.
    pub k: Option<u64>,
    /// Rows.
    pub n: usize,
    /// Says exactly which rows these are.
    pub row_identity: String,
    /// Cosine of prediction and target.
    #[serde(serialize_with = "finite")]
    pub cosine_similarity_mean: f64,
    /// The same of the source state.
    #[serde(serialize_with = "finite")]
    pub naive_baseline_cosine_mean: f64,
    /// Euclidean distance from prediction to target.
    #[serde(serialize_with = "finite")]
    pub l2_distance_mean: f64,
    /// The same of the source state.
    #[serde(serialize_with = "finite")]
    pub naive_baseline_l2_mean: f64,
    /// Share of rows whose target is among the first `recall_k`.
    #[serde(serialize_with = "finite")]
    pub recall_at_k: f64,
    /// The same of the source state.
    #[serde(serialize_with = "finite")]
    pub naive_baseline_recall_at_k: f64,
    /// See `recall_at_k`.
    pub recall_k: u64,
}

impl From<BootstrapInterval> for ConfidenceInterval {
    fn from(interval: BootstrapInterval) -> Self {
        Self {
            ci_low: interval.low,
            ci_high: interval.high,
        }
    }
}

impl MetricRow {
    /// A figure of which more is better.
    pub(crate) fn new(split: &str, name: &str, value: f64, n: usize) -> Self {
        Self {
            name: name.to_owned(),
            split: split.to_owned(),
            value,
            higher_is_better: true,
            n: Some(n as u64),
            ..Self::default()
        }
    }

    /// Sets it against a baseline.
    #[must_use]
    pub fn against(mut self, baseline: &str, value: f64) -> Self {
        self.baseline = Some(BaselineFigure {
            baseline: baseline.to_owned(),
            baseline_value: value,
            delta_vs_baseline: Some(self.value - value),
            baseline_evaluated_variant_keys_sha256: self.evaluated_variant_keys_sha256.clone(),
        });
        self
    }

    /// Whether the baseline is as good or better; false without one.
    #[must_use]
    pub fn is_beaten(&self) -> bool {
        let baseline = self.baseline.as_ref().map(|of| of.baseline_value);
        baseline.is_some_and(|baseline| {
            if self.higher_is_better {
                baseline >= self.value
            } else {
                baseline <= self.value
            }
        })
    }
}

impl StratumRow {
    /// Pathogenic and benign variants.
    #[must_use]
    pub fn sides(&self) -> Option<[u64; 2]> {
        Some([self.positive_variants?, self.negative_variants?])
    }
}

impl CurvesRow {
    /// Mean over all variants of how far the mean score of their bin is from its share of positives.
    #[must_use]
    pub fn calibration_error(&self) -> Option<f64> {
        let bins = self.reliability.iter().flatten();
        let (n, sum) = bins.fold((0.0, 0.0), |(n, sum), bin| {
            let weight = bin.n as f64;
            let apart = (bin.mean_score - bin.positive_share).abs();
            (n + weight, sum + weight * apart)
        });
        (n > 0.0).then(|| sum / n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_report::python::json::json_line;

    /// Of figures beside the metrics' own, those that are not finite were written as `null`.
    #[test]
    fn figures_that_are_not_finite_became_null() {
        let row = |z| DelongRow {
            delong_standard_error: 0.5,
            delong_z: z,
            delong_p: None,
        };
        assert!(json_line(&row(Some(f64::NAN))).is_err());
        assert!(json_line(&row(None)).is_ok_and(|line| line.contains("0.5")));
    }
}
