//! The metrics of rollouts as the Python package's tools read them.

use super::fidelity::{Beside, Fidelity};
use crate::payload::integer;
use genolewm_core::provenance::Json;
use genolewm_report::python::general;

const BASELINE: &str = "source_state";
const NOTES: &str = "measured final-state rollout fidelity against encoded haplotype targets";
const FILE_ONLY: &str = "Rollout-fidelity metrics are computed from measured latent-state rows; \
    this command does not generate held-out haplotypes or run Carbon encoding.";
const NEGATIVE: &str = "No clinical utility, privacy, deployment, or runtime-assurance claim is \
    established by rollout-fidelity metrics.";

/// Where the states come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// A file.
    File,
    /// This run: which model was measured on what, in one sentence.
    Measured(String),
}

/// The members of the payload that are about figures: metrics of every split, the same by `k`, and
/// what is to be said about them.
#[must_use]
pub fn payload(
    splits: &[Fidelity],
    steps: &[Fidelity],
    recall_k: u64,
    origin: &Origin,
) -> [(&'static str, Json); 5] {
    let metrics = splits.iter().flat_map(|split| metrics(split, recall_k));
    let conclusions = splits.iter().flat_map(|split| {
        figures(split).map(|(name, figure)| {
            let text = format!(
                "The {name} metric on {} measured {} with delta {} versus {BASELINE} baseline.",
                split.split,
                general(figure.value),
                general(figure.value - figure.baseline)
            );
            Json::from(text.as_str())
        })
    });
    let steps = steps.iter().map(|step| stratum(step, recall_k));
    let about = match origin {
        Origin::File => FILE_ONLY,
        Origin::Measured(text) => text,
    };
    let recall = match origin {
        Origin::File => format!(
            "Recall@{recall_k} uses target-rank evidence supplied by the measured rollout-state \
             artifact."
        ),
        Origin::Measured(_) => format!(
            "Recall@{recall_k} looks for each target among all targets of the same split and \
             number of edits; it falls as their number grows."
        ),
    };
    [
        ("metrics", Json::Array(metrics.collect())),
        ("rollout_stratification", Json::Array(steps.collect())),
        (
            "limitations",
            Json::Array(vec![about.into(), recall.as_str().into()]),
        ),
        ("negative_findings", Json::Array(vec![NEGATIVE.into()])),
        ("conclusions", Json::Array(conclusions.collect())),
    ]
}

fn figures(of: &Fidelity) -> [(&'static str, Beside); 3] {
    [
        ("cosine_similarity_mean", of.cosine),
        ("l2_distance_mean", of.l2),
        ("recall_at_k", of.recall),
    ]
}

fn metrics(of: &Fidelity, recall_k: u64) -> [Json; 3] {
    figures(of).map(|(name, figure)| {
        let unit = match name {
            "cosine_similarity_mean" => "cosine".to_owned(),
            "l2_distance_mean" => "l2".to_owned(),
            _ => format!("recall@{recall_k}"),
        };
        let rows = of.row_identity.as_str();
        Json::from([
            ("name", name.into()),
            ("value", figure.value.into()),
            ("split", of.split.as_str().into()),
            ("unit", unit.as_str().into()),
            ("higher_is_better", (name != "l2_distance_mean").into()),
            ("baseline", BASELINE.into()),
            ("baseline_value", figure.baseline.into()),
            ("delta_vs_baseline", (figure.value - figure.baseline).into()),
            ("n", integer(of.rows)),
            ("notes", NOTES.into()),
            ("evaluated_variant_keys_sha256", rows.into()),
            ("baseline_evaluated_variant_keys_sha256", rows.into()),
        ])
    })
}

fn stratum(of: &Fidelity, recall_k: u64) -> Json {
    Json::from([
        ("split", of.split.as_str().into()),
        ("k", of.k.map_or(Json::Null, Json::from)),
        ("n", integer(of.rows)),
        ("row_identity", of.row_identity.as_str().into()),
        ("cosine_similarity_mean", of.cosine.value.into()),
        ("naive_baseline_cosine_mean", of.cosine.baseline.into()),
        ("l2_distance_mean", of.l2.value.into()),
        ("naive_baseline_l2_mean", of.l2.baseline.into()),
        ("recall_at_k", of.recall.value.into()),
        ("naive_baseline_recall_at_k", of.recall.baseline.into()),
        ("recall_k", recall_k.into()),
    ])
}
