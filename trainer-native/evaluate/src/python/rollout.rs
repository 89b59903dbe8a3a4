//! The metrics of `rollout` in the Python package's words.

use crate::metrics_file::file::MetricsFile;
use crate::metrics_file::rows::{MetricRow, StepRow};
use crate::rollout::fidelity::{Beside, Fidelity};
use genolewm_report::python::number::general;

const BASELINE: &str = "source_state";
const NOTES: &str = "measured final-state rollout fidelity against encoded haplotype targets";
const FILE_ONLY: &str = "Rollout-fidelity metrics are computed from measured latent-state rows; \
    this command does not generate held-out haplotypes or run Carbon encoding.";
const NEGATIVE: &str = "No clinical utility, privacy, deployment, or runtime-assurance claim is \
    established by rollout-fidelity metrics.";

/// Where the states come from.
#[derive(Debug, Clone, PartialEq)]
pub enum StateOrigin {
    /// A file.
    File,
    /// This run: which model was measured on what, in one sentence.
    Measured(String),
}

/// Adds the figures: metrics of every split, the same by `k`, and what is to be said about them.
pub fn add_figures(
    (splits, steps): &(Vec<Fidelity>, Vec<Fidelity>),
    recall_k: u64,
    origin: &StateOrigin,
    file: &mut MetricsFile,
) {
    let (about, recall) = match origin {
        StateOrigin::File => (
            FILE_ONLY.to_owned(),
            "uses target-rank evidence supplied by the measured rollout-state artifact.",
        ),
        StateOrigin::Measured(text) => (
            text.clone(),
            "looks for each target among all targets of the same split and number of edits; it falls \
             as their number grows.",
        ),
    };
    file.limitations = vec![about, format!("Recall@{recall_k} {recall}")];
    file.negative_findings = vec![NEGATIVE.to_owned()];
    file.metrics = splits.iter().flat_map(|of| metrics(of, recall_k)).collect();
    let sentence = |row: &MetricRow| {
        let delta = row.baseline.as_ref().and_then(|of| of.delta_vs_baseline);
        format!(
            "The {} metric on {} measured {} with delta {} versus {BASELINE} baseline.",
            row.name,
            row.split,
            general(row.value),
            general(delta.unwrap_or_default())
        )
    };
    file.conclusions = file.metrics.iter().map(sentence).collect();
    file.rollout_stratification = steps.iter().map(|step| stratum(step, recall_k)).collect();
}

fn metrics(of: &Fidelity, recall_k: u64) -> [MetricRow; 3] {
    let recall = format!("recall@{recall_k}");
    let figures: [(&str, Beside, &str); 3] = [
        ("cosine_similarity_mean", of.cosine, "cosine"),
        ("l2_distance_mean", of.l2, "l2"),
        ("recall_at_k", of.recall, &recall),
    ];
    figures.map(|(name, figure, unit)| {
        let row = MetricRow {
            higher_is_better: unit != "l2",
            unit: Some(unit.to_owned()),
            evaluated_variant_keys_sha256: Some(of.row_identity.clone()),
            notes: Some(NOTES.to_owned()),
            ..MetricRow::new(&of.split, name, figure.value, of.rows)
        };
        row.against(BASELINE, figure.baseline)
    })
}

fn stratum(of: &Fidelity, recall_k: u64) -> StepRow {
    StepRow {
        split: of.split.clone(),
        k: of.k,
        n: of.rows,
        row_identity: of.row_identity.clone(),
        cosine_similarity_mean: of.cosine.value,
        naive_baseline_cosine_mean: of.cosine.baseline,
        l2_distance_mean: of.l2.value,
        naive_baseline_l2_mean: of.l2.baseline,
        recall_at_k: of.recall.value,
        naive_baseline_recall_at_k: of.recall.baseline,
        recall_k,
    }
}
