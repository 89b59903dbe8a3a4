//! Figures that a release must have.

use super::combine::Combined;
use crate::errors::eval_error;
use crate::metrics_file::rows::MetricRow;
use genolewm_core::Result;

const VARIANT_EFFECT: [&str; 2] = ["auroc", "average_precision"];
const ROLLOUT: [&str; 3] = ["cosine_similarity_mean", "l2_distance_mean", "recall_at_k"];

impl Combined {
    /// Requires AUROC and average precision of one split, with intervals and beside Carbon's
    /// zero-shot score on the same variants.
    ///
    /// # Errors
    /// `EVAL.GENERIC` naming what is missing.
    pub fn require_variant_effect(&self) -> Result<()> {
        self.require(&VARIANT_EFFECT, "carbon_zero_shot", true)
    }

    /// Requires cosine, distance and recall of rollouts on one split, beside the source state on the
    /// same rows.
    ///
    /// # Errors
    /// `EVAL.GENERIC` naming what is missing.
    pub fn require_rollout(&self) -> Result<()> {
        self.require(&ROLLOUT, "source_state", false)
    }

    fn require(&self, names: &[&str], baseline: &str, with_interval: bool) -> Result<()> {
        let serves = |metric: &MetricRow| {
            let rows = metric.evaluated_variant_keys_sha256.as_deref();
            metric.n.is_some_and(|n| n > 0)
                && rows.is_some_and(|rows| !rows.is_empty())
                && metric.baseline.as_ref().is_some_and(|of| {
                    of.baseline == baseline
                        && of.baseline_evaluated_variant_keys_sha256.as_deref() == rows
                })
                && (metric.interval.is_some() || !with_interval)
        };
        let metrics = &self.figures.metrics;
        let has = |split: &str, name: &str| {
            let mut metrics = metrics.iter();
            metrics.any(|metric| metric.split == split && metric.name == name && serves(metric))
        };
        let complete = |metric: &MetricRow| names.iter().all(|name| has(&metric.split, name));
        if metrics.iter().any(complete) {
            return Ok(());
        }
        let mut error = eval_error("figures that a release must have are missing")
            .with_detail("metrics", names.join(", "))
            .with_detail("baseline", baseline);
        if with_interval {
            error = error.with_detail("intervals", "required");
        }
        Err(error.with_remedy(
            "measure them on one split, the baseline on the same rows, and give the file with \
             --metrics-json",
        ))
    }
}
