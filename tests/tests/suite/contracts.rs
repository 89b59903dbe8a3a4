//! State contracts: a model's states are made by the rule that it says, everywhere, and it says it.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_core::provenance::sha256_prefixed;
use genolewm_tests::builtin::MODEL_0_2_0;
use genolewm_tests::corpus::random_bases;
use genolewm_tests::stages::PREDICTOR;
use genolewm_tests::{Dir, dir, golden};
use serde_json::Value;

const CONFIG: &str = "train_config.yaml";
const SCORE: &str =
    "score --vcf golden/in.vcf --fasta golden/ref.fa --alleles as-given -o out.jsonl";

/// The golden model with another configuration, and the manifest of that one.
pub(super) fn with(change: impl FnOnce(String) -> String) -> Dir {
    let dir = dir!();
    golden::lay_out(&dir);
    let config = dir.text(&format!("golden/model/{CONFIG}"));
    put(&dir, CONFIG, change(config).as_bytes());
    dir
}

/// Puts another file into the golden model, and its hash into the manifest.
pub(super) fn put(dir: &Dir, file: &str, after: &[u8]) {
    let file = format!("golden/model/{file}");
    let manifest = dir.text("golden/model/manifest.json");
    let before = sha256_prefixed(&dir.bytes(&file));
    let other = manifest.replacen(&before, &sha256_prefixed(after), 1);
    assert_ne!(manifest, other);
    dir.create(&file, after);
    dir.create("golden/model/manifest.json", other);
}

/// The golden model under a contract of the newer schema.
fn under(contract: &str, normalize: bool) -> Dir {
    with(|config| {
        let key = format!("normalize: {normalize}\n  state_contract_version: {contract}\n");
        config
            .replace("schema_version: 1.0.0", "schema_version: 1.1.0")
            .replace("normalize: false\n", &key)
    })
}

fn figures(rows: &[Value]) -> Vec<f64> {
    let figure = |row: &Value| row["sigma_raw"].as_f64().expect("a figure");
    rows.iter().map(figure).collect()
}

fn scored(dir: &Dir) -> Vec<f64> {
    dir.run(&format!("{SCORE} {}", golden::MODEL)).ok();
    figures(&golden::json_lines(&dir.text("out.jsonl")))
}

fn are_near(some: &[f64], others: &[f64]) -> bool {
    assert_eq!(some.len(), others.len());
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-3 * b.abs();
    some.iter().zip(others).all(near)
}

#[test]
fn a_model_of_0_2_1_was_normalised() {
    let dir = with(|config| config.replace("normalize: false", "normalize: true"));
    let finished = dir.run(&format!("{SCORE} {}", golden::MODEL)).ok();
    let told = finished.stderr();
    assert!(
        told.contains("warning: this model's states follow"),
        "{told}"
    );
    assert!(
        told.contains("raw_v0_2_1") && told.contains("withdrawn"),
        "{told}"
    );
    let rows = golden::json_lines(&dir.text("out.jsonl"));
    let package = golden::json_lines(&golden::text("expected_scores.jsonl"));
    assert!(are_near(&figures(&rows), &figures(&package)));
    let receipts = golden::json_lines(&dir.text("out.jsonl.receipts.jsonl"));
    for receipt in receipts {
        let details = &receipt["provenance"]["details"];
        assert_eq!(details["state_contract_version"], "raw_v0_2_1");
        assert_eq!(details["pooling_config"]["normalize"], true);
    }
    let doctor = dir.run(&format!("doctor {}", golden::MODEL)).ok();
    let stdout = doctor.stdout();
    assert!(stdout.contains("state contract: raw_v0_2_1"), "{stdout}");
    assert!(doctor.stderr().contains("withdrawn"));
}

#[test]
fn every_contract_gives_figures_of_its_own() {
    let contracts = [
        ("raw_v0_2_1", true),
        ("legacy_raw_v1", true),
        ("l2_old_row_v0_2_0", false),
        ("l2_normalized_v2", false),
    ];
    let mut all: Vec<Vec<f64>> = Vec::new();
    for (contract, warns) in contracts {
        let dir = under(contract, true);
        let figures = scored(&dir);
        assert!(all.iter().all(|others| !are_near(&figures, others)));
        all.push(figures);
        let doctor = dir.run(&format!("doctor {}", golden::MODEL)).ok();
        let named = format!("state contract: {contract}\n");
        assert!(doctor.stdout().contains(&named), "{doctor}");
        assert_eq!(doctor.stderr().contains("warning"), warns, "{doctor}");
        let verify = format!(
            "verify out.jsonl.receipts.jsonl --manifest golden/model/manifest.json --rerun \
             --scores out.jsonl --fasta golden/ref.fa {}",
            golden::MODEL
        );
        dir.run(&verify).ok();
    }
    let package = golden::json_lines(&golden::text("expected_scores.jsonl"));
    assert!(are_near(&all[0], &figures(&package)));
}

#[test]
fn a_receipt_of_another_contract_was_verified() {
    let dir = under("l2_normalized_v2", true);
    scored(&dir);
    let receipts = dir.text("out.jsonl.receipts.jsonl");
    let other = receipts.replace("\"l2_normalized_v2\"", "\"l2_old_row_v0_2_0\"");
    assert_ne!(receipts, other);
    dir.create("other.jsonl", other);
    let verify = format!(
        "verify other.jsonl --manifest golden/model/manifest.json --rerun --scores out.jsonl \
         --fasta golden/ref.fa {}",
        golden::MODEL
    );
    let failed = dir
        .run(&verify)
        .fails("PROVENANCE.INPUT_COMMITMENT_MISMATCH", 8);
    assert!(
        failed.stderr().contains("state_contract_version"),
        "{failed}"
    );
}

#[test]
fn traps_between_contracts_were_not_seen() {
    let newer = "schema_version: 1.1.0";
    for (from, to) in [
        // Normalised, and not.
        ("schema_version: 1.0.0", newer),
        (
            "normalize: false",
            "normalize: false\n  state_contract_version: l2_normalized_v2",
        ),
        (
            "normalize: false",
            "normalize: true\n  state_contract_version: l2_normalized_v2",
        ),
        (
            "normalize: false",
            "normalize: true\n  state_contract_version: l2_normalised_v2",
        ),
        (
            "pool_type: centered_mean",
            "pool_type: global_mean\n  state_contract_version: legacy_raw_v1",
        ),
    ] {
        let dir = with(|config| config.replace(from, to));
        dir.run(&format!("{SCORE} {}", golden::MODEL))
            .fails("CONFIG.GENERIC", 3);
        dir.assert_no_output(&["out.jsonl"]);
    }
}

/// Receipts that version 0.2.0 of this program wrote with the model that was built in then.
#[test]
fn receipts_of_the_built_in_model_0_2_0_still_verify() {
    let dir = dir!();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let of_before = format!("{root}/tests/fixtures/contracts/builtin_0_2_0");
    let out = dir.run(&format!(
        "verify {of_before}/receipts.jsonl --manifest {of_before}/manifest.json --rerun --other-machine \
         --scores {of_before}/scores.jsonl --fasta {root}/examples/brca1.hg19.fa.gz {MODEL_0_2_0}"
    ));
    let out = out.stdout();
    assert!(out.contains("state_contract_version"), "{out}");
    let doctor = dir.run(&format!("doctor {MODEL_0_2_0}")).ok();
    let named = "state contract: l2_old_row_v0_2_0\n";
    assert!(doctor.stdout().contains(named), "{doctor}");
    assert!(!doctor.stderr().contains("warning"), "{doctor}");
}

#[test]
fn a_training_run_went_on_under_another_contract() {
    let dir = PREDICTOR.prepared(dir!());
    dir.run(&PREDICTOR.command("run", 2)).ok();
    let other = PREDICTOR.command("run", 2) + " --state-contract l2_old_row_v0_2_0";
    let refused = dir.run(&other).fails("CONFIG.GENERIC", 3);
    assert!(refused.stderr().contains("state_contract"), "{refused}");
    dir.run(&other.replace("run", "other")).ok();
}

/// What makes states is known by the manifest alone, seal or none: the encoder's weights, its other files
/// and the contract.
#[test]
fn the_tokenizer_of_a_trained_model_was_not_sealed_by_its_manifest() {
    let dir = PREDICTOR.prepared(dir!());
    dir.run(&PREDICTOR.command("run", 2)).ok();
    let doctor = "doctor --model-dir run/model";
    let told = dir.run(doctor).stdout();
    assert!(
        told.contains("its other files sealed by this manifest"),
        "{told}"
    );
    let weights = sha256_prefixed(&dir.bytes("run/model/encoder/model.safetensors"));
    let manifest = dir.text("run/model/manifest.json");
    assert!(!manifest.contains(&weights), "{manifest}");
    std::fs::remove_file(dir.path("run/model/seal.json")).expect("a seal");
    dir.run(doctor).ok();
    let tokenizer = dir.text("run/model/encoder/tokenizer.json");
    dir.create("run/model/encoder/tokenizer.json", format!("{tokenizer} "));
    dir.run(doctor)
        .fails("PROVENANCE.MANIFEST_HASH_MISMATCH", 8);
}

/// The package's next version reads them, and this program too: what it predicts of the states in the
/// file is what it predicted of those that it measured.
#[test]
fn examples_of_rollouts_come_back_as_what_was_measured() {
    let dir = under("l2_normalized_v2", true);
    let bases = random_bases(60_000);
    let others: String = bases.chars().rev().collect();
    dir.create("ref.fa", format!(">chr1\n{bases}\n>chr2\n{others}\n"));
    let measured = "rollout --fasta ref.fa --regions chr1,chr2 --windows 4 --max-edits 2 --recall-k 2 \
                    -o one.json --output-states one.jsonl --output-examples examples.jsonl";
    dir.run(&format!("{measured} {}", golden::MODEL)).ok();
    let predicted = "rollout --examples-jsonl examples.jsonl --recall-k 2 -o two.json \
                     --output-states two.jsonl";
    dir.run(&format!("{predicted} {}", golden::MODEL)).ok();
    let [one, two] = ["one.jsonl", "two.jsonl"].map(|name| golden::json_lines(&dir.text(name)));
    assert_eq!((one.len(), two.len()), (8, 8));
    for (one, two) in one.iter().zip(&two) {
        for key in [
            "id",
            "k",
            "target_rank",
            "baseline_target_rank",
            "target_state",
        ] {
            assert_eq!(one[key], two[key], "{key}");
        }
        let states = [one, two].map(|row| row["predicted_state"].as_array().expect("a state"));
        for (a, b) in states[0].iter().zip(states[1]) {
            let (a, b) = (a.as_f64().expect("a number"), b.as_f64().expect("a number"));
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
    let example = &golden::json_lines(&dir.text("examples.jsonl"))[0];
    assert_eq!(example["schema_version"], "1.3.0");
    assert_eq!(example["materialized_state_contract"], "l2_normalized_v2");
    // Of another contract.
    dir.run(&format!("{predicted} {MODEL_0_2_0}"))
        .fails("INPUT.GENERIC", 2);
    let refused = dir.run(&format!("{measured} {MODEL_0_2_0}"));
    let refused = refused.fails("INPUT.GENERIC", 2);
    assert!(refused.stderr().contains("l2_old_row_v0_2_0"), "{refused}");
}
