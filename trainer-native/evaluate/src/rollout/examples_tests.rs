//! Examples of both versions, and what is refused of one.

use super::*;
use serde_json::{Value, json};

fn key(window: &str) -> Value {
    json!({
        "window_hash": window.repeat(64), "encoder_hash": "e".repeat(64), "state_layer": -1,
        "pool_type": "centered_mean", "pool_radius": 8, "center_token": 3, "dtype": "fp32",
    })
}

fn good() -> Value {
    json!({
        "schema_version": "1.3.0",
        "generated_by": "tools.release.rollout_state_examples",
        "cache_schema_version": "3.0.0",
        "cache_physical_encoding": "fixed_size_list<float32>",
        "cached_state_value_contract": "raw_pooled_v1",
        "materialized_state_contract": "l2_normalized_v2",
        "id": "a", "split": "s", "normalize": true,
        "source_state_key": key("0"), "target_state_key": key("1"),
        "source_state": [1.0, 0.0], "target_state": [0.0, 1.0],
        "target_candidate_id": "t",
        "edits": [
            {"rel_pos": 3, "edit_type": 0, "ref_bases": "A", "alt_bases": "C"},
            {"rel_pos": 7, "edit_type": 0, "ref_bases": "G", "alt_bases": "T"},
        ],
        "candidates": [
            {"id": "o", "state_key": key("2"), "state": [0.6, 0.8]},
            {"id": "t", "state_key": key("1"), "state": [0.0, 1.0]},
        ],
    })
}

fn read(rows: &[Value]) -> Result<Vec<Example>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    read_examples(file.path())
}

#[test]
fn examples_of_both_versions_are_read_and_ranked_among_their_candidates() {
    let mut before = good();
    before["schema_version"] = json!("1.2.0");
    before["id"] = json!("b");
    before
        .as_object_mut()
        .unwrap()
        .remove("cache_physical_encoding");
    let examples = read(&[good(), before]).unwrap();
    assert_eq!((examples.len(), examples[0].edits.len()), (2, 2));
    assert_eq!(examples[0].contract, StateContract::L2NormalizedV2);
    let row = examples[0].row(&[0.0, 1.0]);
    assert_eq!(
        (row.k, row.target_rank, row.baseline_target_rank),
        (2, 1, 2)
    );
    assert_eq!(examples[1].row(&[1.0, 0.0]).target_rank, 2);
}

#[test]
fn examples_whose_parts_do_not_fit_are_refused_by_their_line() {
    type Change = fn(&mut Value);
    let changes: [Change; 17] = [
        |_| (),
        |row| row["schema_version"] = json!("1.1.0"),
        |row| row["schema_version"] = json!("1.2.0"),
        |row| row["cache_physical_encoding"] = json!("list<float16>"),
        |row| row["cache_schema_version"] = json!("2.0.0"),
        |row| row["cached_state_value_contract"] = json!("normalized"),
        |row| row["normalize"] = json!(false),
        |row| row["materialized_state_contract"] = json!("l2_old_row_v0_2_0"),
        |row| row["generated_by"] = json!("geno-lewm-rollout-states"),
        |row| row["target_candidate_id"] = json!("o"),
        |row| row["candidates"][0]["id"] = json!("t"),
        |row| row["candidates"][0]["state_key"]["state_layer"] = json!(-2),
        |row| row["candidates"][0]["state"] = json!([3.0, 4.0]),
        |row| row["source_state"] = json!([1.0]),
        |row| row["edits"] = json!([]),
        |row| row["edits"][0]["edit_type"] = json!(1),
        |row| {
            drop(
                row["source_state_key"]
                    .as_object_mut()
                    .unwrap()
                    .remove("center_token"),
            )
        },
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut bad = good();
        // The first is a second one of its name.
        if index > 0 {
            bad["id"] = json!("b");
        }
        change(&mut bad);
        let error = read(&[good(), bad]).unwrap_err();
        assert_eq!(error.location().and_then(|at| at.line), Some(2), "{index}");
    }
}
