//! The golden pipeline through the built binary: the package's scores and receipts, from one
//! command.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::{dir, genome, golden};
use serde_json::Value;

const SCORE: &str = "score --vcf golden/in.vcf --fasta golden/ref.fa --alleles as-given";

/// The rows of `got` are those of the package: figures within the tolerances that its own noise
/// asks for, everything else exactly.
fn assert_scores(got: &[Value], want: &[Value]) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        let figure = |row: &Value, key: &str| row[key].as_f64().expect("a figure");
        let (raw, expected) = (figure(got, "sigma_raw"), figure(want, "sigma_raw"));
        assert!(
            (raw - expected).abs() <= 1e-3 * expected.abs(),
            "{raw} {expected}\n{want}"
        );
        let key = "sigma_calibrated";
        assert!(
            (figure(got, key) - figure(want, key)).abs() <= 2e-3,
            "{got}\n{want}"
        );
        assert_eq!(
            without(got, &["sigma_raw", key]),
            without(want, &["sigma_raw", key])
        );
    }
}

fn without(row: &Value, keys: &[&str]) -> Value {
    let mut row = row.clone();
    let members = row.as_object_mut().expect("an object");
    members.retain(|key, _| !keys.contains(&key.as_str()));
    row
}

fn assert_receipts(got: &[Value], want: &[Value]) {
    assert_eq!(got.len(), want.len());
    let stable = |receipt: &Value| {
        let mut receipt = without(receipt, &["runtime", "timestamp", "output_commitment"]);
        receipt["output"] = without(&receipt["output"], &["sigma_raw", "sigma_calibrated"]);
        // The package's receipts do not bind the files that were read, nor name a state contract.
        let details = &receipt["provenance"]["details"];
        receipt["provenance"]["details"] =
            without(details, &["model_files", "state_contract_version"]);
        receipt
    };
    for (got, want) in got.iter().zip(want) {
        assert_eq!(stable(got), stable(want));
        let contract = &got["provenance"]["details"]["state_contract_version"];
        assert_eq!(contract, "raw_v0_2_1");
        assert!(
            got["output_commitment"]
                .as_str()
                .is_some_and(|hash| hash.starts_with("sha256:"))
        );
    }
}

#[test]
fn golden_scores_and_receipts() {
    let dir = dir!();
    golden::lay_out(&dir);
    let run = format!(
        "{SCORE} {} --output out.jsonl --receipt r.jsonl",
        golden::MODEL
    );
    let finished = dir.run(&run).ok();
    assert_scores(
        &golden::json_lines(&dir.text("out.jsonl")),
        &golden::rows("expected_scores.jsonl"),
    );
    assert_receipts(
        &golden::json_lines(&dir.text("r.jsonl")),
        &golden::rows("expected_receipts.jsonl"),
    );
    let alleles = golden::rows("expected_scores.jsonl").len();
    let summary = format!("alleles: {alleles} = {alleles} scored + 0 skipped");
    assert!(finished.stderr().contains(&summary), "{finished}");
    assert_eq!(dir.names(), ["golden", "out.jsonl", "r.jsonl"]);
}

#[test]
fn golden_layout_of_a_row_is_the_packages_to_the_byte() {
    let dir = dir!();
    golden::lay_out(&dir);
    let out = dir.run(&format!("{SCORE} {}", golden::MODEL)).stdout();
    let expected = golden::text("expected_scores.jsonl");
    // Between the figures, every byte.
    let skeleton = |line: &str| -> String {
        line.chars()
            .filter(|c| !c.is_ascii_digit() && *c != '.')
            .collect()
    };
    let (got, want): (Vec<_>, Vec<_>) = (
        out.lines().map(skeleton).collect(),
        expected.lines().map(skeleton).collect(),
    );
    assert_eq!(got, want);
}

#[test]
fn threads_do_not_change_a_byte() {
    let dir = golden::prepared(dir!(), genome::vcf((100..1_000).step_by(50)));
    let run = |threads: &str| {
        let score = "score --vcf in.vcf --fasta ref.fa --batch-size 5 --threads";
        dir.run(&format!("{score} {threads} {}", golden::MODEL))
            .stdout()
    };
    assert_eq!(run("1"), run("3"));
}

#[test]
fn golden_encoder_is_found_beside_the_model() {
    let dir = dir!();
    golden::lay_out(&dir);
    let first = &golden::rows("expected_scores.jsonl")[0];
    let (chrom, pos) = (first["chrom"].as_str().expect("a contig"), &first["pos"]);
    let run = format!("{SCORE} --model-dir golden/model --regions {chrom}:{pos}-{pos}");
    let out = dir.run(&run).stdout();
    assert!(out.lines().count() > 0);
}

#[test]
fn golden_receipts_of_the_package_verify() {
    let dir = dir!();
    golden::lay_out(&dir);
    let manifest = "--manifest golden/model/manifest.json";
    let out = dir
        .run(&format!("verify golden/expected_receipts.jsonl {manifest}"))
        .stdout();
    let count = golden::rows("expected_receipts.jsonl").len();
    assert!(out.ends_with(&format!("ok: {count} receipts\n")), "{out}");
}
