//! Examples of both versions, and what is refused of one.

use super::*;
use genolewm_core::ErrorCode;
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
    let changes: [Change; 18] = [
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
        |row| row["edits"][1]["rel_pos"] = json!(3),
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

/// Of a key only the contract and the width were compared, and edits could lie anywhere.
#[test]
fn examples_of_another_encoder_were_measured_without_a_word() {
    let encoder = EncoderSection {
        model_id: "e".to_owned(),
        revision: String::new(),
        state_layer: 2,
        pool_type: PoolType::CenteredMean,
        pool_radius: 8,
        normalize: true,
        contract: StateContract::L2NormalizedV2,
        dtype: "fp32".to_owned(),
    };
    let hash = "e".repeat(64);
    let own = ModelStates {
        encoder: &encoder,
        layers: 2,
        width: 2,
        window_bp: 8,
        encoder_hash: &hash,
    };
    let examples = read(&[good()]).unwrap();
    // -1 is the layer 2 of two.
    examples[0].check(own).unwrap();
    assert_eq!(of_another_hash(&examples, own.encoder_hash), 0);
    let with = |change: fn(&mut EncoderSection)| {
        let mut other = encoder.clone();
        change(&mut other);
        let states = ModelStates {
            encoder: &other,
            ..own
        };
        examples[0].check(states).map_err(|error| error.code())
    };
    let refused = Err(ErrorCode::InputGeneric);
    assert_eq!(with(|encoder| encoder.state_layer = 1), refused);
    assert_eq!(with(|encoder| encoder.pool_radius = 7), refused);
    assert_eq!(
        with(|encoder| encoder.pool_type = PoolType::GlobalMean),
        refused
    );
    let shorter = ModelStates {
        window_bp: 7,
        ..own
    };
    let error = examples[0].check(shorter).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InputOutOfWindow);
    // The package's own hashes are unknown, but for those of weights.
    let other = "f".repeat(64);
    let other = ModelStates {
        encoder_hash: &other,
        ..own
    };
    examples[0].check(other).unwrap();
    assert_eq!(of_another_hash(&examples, other.encoder_hash), 1);
    let mut raw = good();
    raw["materialized_state_contract"] = json!("legacy_raw_v1");
    raw["normalize"] = json!(false);
    let raw = read(&[raw]).unwrap();
    let encoder = EncoderSection {
        contract: StateContract::LegacyRawV1,
        ..encoder.clone()
    };
    let own = ModelStates {
        encoder: &encoder,
        ..own
    };
    raw[0].check(own).unwrap();
    let other = ModelStates {
        encoder: &encoder,
        ..other
    };
    assert!(raw[0].check(other).is_err());
}
