//! Evaluation figures against the golden vectors.
#![allow(clippy::expect_used, clippy::panic)]

use crate::common::{assert_close, assert_within, cases, golden_json, number, numbers, text};
use genolewm_core::edit::EditSpec;
use genolewm_core::evaluation::{
    BootstrapOptions, ClinicalLabel, DEFAULT_THRESHOLD, auroc, binary_metrics,
    evaluated_variant_keys_sha256, spearman, stratified_interval,
};
use genolewm_core::position::Position;
use serde_json::Value;

fn positives(case: &Value) -> Vec<bool> {
    let label = |l: &Value| ClinicalLabel::parse(l.as_str().expect("a label")).expect("a side");
    cases(&case["labels"])
        .iter()
        .map(|l| label(l).is_positive())
        .collect()
}

#[test]
fn golden_evaluation_figures() {
    for case in cases(&golden_json("evaluation.json")) {
        let scores = numbers(&case["scores"]);
        let got = binary_metrics(&scores, &positives(case), DEFAULT_THRESHOLD).expect("metrics");
        for (name, got) in [
            ("auroc", got.auroc),
            ("average_precision", got.average_precision),
            ("accuracy", got.accuracy),
            ("balanced_accuracy", got.balanced_accuracy),
            ("sensitivity", got.sensitivity),
            ("specificity", got.specificity),
        ] {
            assert_close(got, number(case, name), name);
        }
        let rho = spearman(&scores, &numbers(&case["values"])).expect("spearman");
        assert_close(rho, number(case, "spearman_rho"), "spearman_rho");
    }
}

/// The vectors were drawn with 200 resamples, seed 0. The stream is the same, and so should the bounds
/// be; the vectors' own note asks for 0.03.
#[test]
fn golden_evaluation_intervals() {
    for case in cases(&golden_json("evaluation.json")) {
        let (scores, positive) = (numbers(&case["scores"]), positives(case));
        let options = BootstrapOptions {
            resamples: 200,
            ..Default::default()
        };
        let interval =
            stratified_interval(&scores, &positive, &options, auroc).expect("an interval");
        let want = numbers(&case["auroc_ci"]);
        assert_within(interval.low, want[0], 0.03, "lower bound");
        assert_within(interval.high, want[1], 0.03, "upper bound");
    }
}

/// The vectors name no variants; theirs are A>C at 1:100, 1:101 and so on.
#[test]
fn golden_evaluation_variant_keys() {
    for case in cases(&golden_json("evaluation.json")) {
        let edit = |i| EditSpec::new("1", Position::new(100 + i)?, "A", "C");
        let count = cases(&case["scores"]).len() as u64;
        let edits: Vec<_> = (0..count)
            .map(edit)
            .collect::<Result<_, _>>()
            .expect("edits");
        let hash = evaluated_variant_keys_sha256(&edits).expect("a hash");
        assert_eq!(hash, text(case, "evaluated_variant_keys_sha256"));
    }
}
