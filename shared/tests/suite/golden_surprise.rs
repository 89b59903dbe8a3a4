//! Surprise and score rows against the golden vectors.
#![allow(clippy::expect_used, clippy::panic)]

use crate::common::{assert_close, cases, golden_bytes, golden_json, number, numbers, text};
use genolewm_core::edit::VariantSpelling;
use genolewm_core::surprise::{
    Aggregation, ScoreRow, SurpriseResult, aggregate, surprise_distance,
};
use serde_json::Value;

#[test]
fn golden_surprise_distance() {
    let f32s = |list: &Value| -> Vec<f32> { numbers(list).iter().map(|v| *v as f32).collect() };
    for case in cases(&golden_json("surprise_distance.json")) {
        let target = f32s(&case["target"]);
        // A long prediction holds one row for each window.
        let distances: Vec<f64> = f32s(&case["prediction"])
            .chunks(target.len())
            .map(|row| surprise_distance(row, &target))
            .collect();
        for aggregation in [Aggregation::Mean, Aggregation::Max, Aggregation::Median] {
            let got = aggregate(&distances, aggregation).expect("finite distances");
            assert_close(
                got,
                number(case, aggregation.as_str()),
                aggregation.as_str(),
            );
        }
    }
}

#[test]
fn golden_score_rows_are_written_byte_for_byte() {
    let rows = golden_bytes("pipeline/expected_scores.jsonl");
    let rows = std::str::from_utf8(&rows).expect("UTF-8");
    assert!(!rows.is_empty(), "no rows test nothing");
    for line in rows.lines() {
        let row: Value = serde_json::from_str(line).expect("a JSON row");
        let variant = VariantSpelling::new(
            text(&row, "chrom"),
            row["pos"].as_u64().expect("a position"),
            text(&row, "ref"),
            text(&row, "alt"),
        );
        let result = SurpriseResult {
            sigma_raw: exact_number(line, "sigma_raw"),
            sigma_calibrated: exact_number(line, "sigma_calibrated"),
            bucket_id: text(&row, "bucket_id").to_owned(),
            confidence: exact_number(line, "confidence"),
            low_confidence: row["low_confidence"].as_bool().expect("a flag"),
        };
        let row = ScoreRow {
            variant: variant.expect("a variant"),
            scored_as: None,
            result,
            effect: None,
        };
        assert_eq!(row.to_json_line().as_deref(), Ok(line));
    }
}

/// A number of a row, to the last bit: serde_json's quick parser may be off by one.
fn exact_number(line: &str, key: &str) -> f64 {
    let (_, rest) = line.split_once(&format!("\"{key}\": ")).expect(key);
    let text = rest.split([',', '}']).next().expect("a value");
    text.parse()
        .unwrap_or_else(|error| panic!("{key}: {error}"))
}
