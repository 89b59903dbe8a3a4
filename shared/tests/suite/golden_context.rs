//! Context classes and back-off against the golden vectors.
#![allow(clippy::expect_used, clippy::panic)]

use crate::common::{assert_close, cases, check_outcome, golden_json, number, text};
use genolewm_core::context::{
    backoff_chain, classify_gc_bin, classify_region, classify_repeat, gc_fraction,
    select_backoff_bucket,
};
use std::collections::BTreeMap;

#[test]
fn golden_context_regions() {
    for case in cases(&golden_json("context.json")["region"]) {
        assert_eq!(
            classify_region(case["in"].as_str()).as_str(),
            case["ok"],
            "{case}"
        );
    }
}

#[test]
fn golden_context_repeats() {
    for case in cases(&golden_json("context.json")["repeat"]) {
        check_outcome(case, classify_repeat(case["in"].as_str()), |class, want| {
            assert_eq!(class.as_str(), *want, "{case}");
        });
    }
}

#[test]
fn golden_context_gc() {
    for case in cases(&golden_json("context.json")["gc"]) {
        let sequence = text(case, "in");
        check_outcome(case, gc_fraction(sequence), |fraction, want| {
            assert_close(fraction, number(want, "fraction"), "GC fraction");
        });
        check_outcome(case, classify_gc_bin(sequence), |bin, want| {
            assert_eq!(bin.as_str(), want["bin"], "{case}");
        });
    }
}

#[test]
fn golden_context_backoff() {
    for case in cases(&golden_json("context.json")["backoff"]) {
        check_outcome(case, backoff_chain(text(case, "in")), |chain, want| {
            assert_eq!(serde_json::Value::from(chain), *want, "{case}");
        });
    }
}

#[test]
fn golden_context_select() {
    for case in cases(&golden_json("context.json")["select"]) {
        let sizes: BTreeMap<String, u64> = case["sizes"]
            .as_object()
            .expect("sizes by bucket")
            .iter()
            .map(|(bucket, size)| (bucket.clone(), size.as_u64().expect("a size")))
            .collect();
        let min_count = case["min_count"].as_u64().expect("a count");
        check_outcome(
            case,
            select_backoff_bucket(text(case, "bucket"), &sizes, min_count),
            |bucket, want| assert_eq!(bucket, *want, "{case}"),
        );
    }
}
