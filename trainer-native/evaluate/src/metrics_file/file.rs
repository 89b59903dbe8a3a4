//! A file of metrics as a whole.

use super::rows::{ComparisonRow, Curves, CurvesRow, MetricRow, StepRow, StratumRow};
use crate::baselines::carbon::CarbonRun;
use crate::measure::evaluation::Evaluation;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the layout.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// By this name the Python package's tools know metrics, also those of rollouts.
pub const EVAL: &str = "geno-lewm-eval";
/// By this name they know metrics that were put together.
pub const EVAL_ALL: &str = "geno-lewm-eval-all";

/// Figures, what goes with them, and what they were made of.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricsFile {
    /// [`SCHEMA_VERSION`].
    pub schema_version: String,
    /// The program.
    pub generated_by: String,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated_at: Option<String>,
    /// What the figures are about.
    #[serde(flatten)]
    pub release: ReleaseIds,
    /// The figures.
    pub metrics: Vec<MetricRow>,
    /// Paths below one root, by role.
    pub artifacts: BTreeMap<String, String>,
    /// What the figures do not say.
    pub limitations: Vec<String>,
    /// What they say against the model.
    pub negative_findings: Vec<String>,
    /// What they say.
    pub conclusions: Vec<String>,
    /// Curves, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curves: Option<Curves>,
    /// Figures by class of variant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strata: Vec<StratumRow>,
    /// Scores against each other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<ComparisonRow>,
    /// Figures of rollouts by number of edits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rollout_stratification: Vec<StepRow>,
    /// What `genolewm evaluate` measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evaluations: Vec<Evaluation>,
    /// How baselines were scored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<CarbonRun>,
}

/// What figures are about. Files that are put together must not contradict each other in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseIds {
    /// sha256 of the model's manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    /// Release of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_release: Option<String>,
    /// Snapshot of the evaluation data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_snapshot: Option<String>,
    /// Commit of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Hardware that made the figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hardware: Option<String>,
}

impl ReleaseIds {
    /// All of it by key, in the order of reports.
    pub fn members(&mut self) -> [(&'static str, &mut Option<String>); 5] {
        [
            ("model_id", &mut self.model_id),
            ("model_release", &mut self.model_release),
            ("dataset_snapshot", &mut self.dataset_snapshot),
            ("commit", &mut self.commit),
            ("hardware", &mut self.hardware),
        ]
    }
}

impl MetricsFile {
    /// The curves of all evaluations.
    #[must_use]
    pub fn all_curves(&self) -> &[CurvesRow] {
        match &self.curves {
            None => &[],
            Some(Curves::One(curves)) => std::slice::from_ref(curves),
            Some(Curves::Several(curves)) => curves,
        }
    }

    /// Names the split of the figures in what goes with them, where it is not named.
    pub fn name_splits(&mut self) {
        let split = self.metrics.first().map(|metric| metric.split.clone());
        let mut curves = self.all_curves().to_vec();
        let splits = curves
            .iter_mut()
            .map(|of| &mut of.split)
            .chain(self.strata.iter_mut().map(|of| &mut of.split))
            .chain(self.comparisons.iter_mut().map(|of| &mut of.split));
        for own in splits {
            own.get_or_insert_with(|| split.clone().unwrap_or_default());
        }
        self.curves = (!curves.is_empty()).then_some(Curves::Several(curves));
    }
}
