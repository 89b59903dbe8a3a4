//! Receipts: written by default, verified by the program, and worthless once altered.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::{Dir, dir, genome, golden};

const MANIFEST: &str = "--manifest golden/model/manifest.json";

fn scored() -> Dir {
    let dir = golden::prepared(dir!(), genome::vcf([200, 300, 400]));
    let run = format!(
        "score --vcf in.vcf --fasta ref.fa {} --output out.jsonl",
        golden::MODEL
    );
    dir.run(&run).ok();
    dir
}

/// The window that the golden model, whose windows are longer than these contigs, sees.
fn window() -> String {
    let contig = genome::contig(1);
    let bases = golden_window_bp();
    format!("{contig:A<bases$}")
}

fn golden_window_bp() -> usize {
    let config = golden::text("model/train_config.yaml");
    let line = config
        .lines()
        .find_map(|line| line.strip_prefix("window_bp:"));
    line.map_or(12_288, |bases| bases.trim().parse().expect("a number"))
}

fn input_flags(pos: usize) -> String {
    let reference = genome::base(1, pos);
    let alternate = genome::other(reference);
    format!("--edit-chrom 1 --edit-pos {pos} --edit-ref {reference} --edit-alt {alternate}")
}

#[test]
fn receipts_lie_beside_the_scores_and_verify() {
    let dir = scored();
    let receipts = dir.text("out.jsonl.receipts.jsonl");
    assert_eq!(receipts.lines().count(), 3);
    let out = dir
        .run(&format!("verify out.jsonl.receipts.jsonl {MANIFEST}"))
        .stdout();
    assert!(out.ends_with("ok: 3 receipts\n"), "{out}");
}

#[test]
fn no_receipt_means_none() {
    let dir = scored();
    std::fs::remove_file(dir.path("out.jsonl.receipts.jsonl")).expect("a file to remove");
    let run = format!(
        "score --vcf in.vcf --fasta ref.fa {} -o out.jsonl --no-receipt",
        golden::MODEL
    );
    dir.run(&run).ok();
    assert!(!dir.path("out.jsonl.receipts.jsonl").exists());
}

#[test]
fn an_altered_figure_is_found() {
    let dir = scored();
    let receipts = dir.text("out.jsonl.receipts.jsonl");
    let second = receipts.lines().nth(1).expect("a second receipt");
    let altered = second.replacen("\"sigma_raw\":", "\"sigma_raw\":1", 1);
    assert_ne!(second, altered);
    dir.create("one.json", &altered);
    dir.run(&format!("verify one.json {MANIFEST}"))
        .fails("PROVENANCE.OUTPUT_COMMITMENT_MISMATCH", 8);
    dir.create("many.jsonl", receipts.replace(second, &altered));
    let finished = dir
        .run(&format!("verify many.jsonl {MANIFEST}"))
        .fails("PROVENANCE.OUTPUT_COMMITMENT_MISMATCH", 8);
    assert!(finished.stderr().contains("many.jsonl:2"), "{finished}");
}

#[test]
fn a_row_in_another_bucket_was_shown_two_equal_distances() {
    let dir = scored();
    let rows = dir.text("out.jsonl");
    let moved = rows.replacen("\"bucket_id\": \"", "\"bucket_id\": \"x", 1);
    assert_ne!(rows, moved);
    dir.create("moved.jsonl", &moved);
    let run = format!("verify out.jsonl.receipts.jsonl {MANIFEST} --scores moved.jsonl");
    let finished = dir.run(&run).fails("PROVENANCE.GENERIC", 8);
    let told = finished.stderr();
    assert!(
        told.contains("bucket of the row: x") && !told.contains("sigma_raw"),
        "{finished}"
    );
}

#[test]
fn a_receipt_of_another_model_is_refused() {
    let dir = scored();
    let manifest = dir.text("golden/model/manifest.json");
    let other = manifest.replacen("\"model_version\":\"", "\"model_version\":\"9", 1);
    assert_ne!(manifest, other);
    dir.create("other.json", other);
    dir.run("verify out.jsonl.receipts.jsonl --manifest other.json")
        .fails("PROVENANCE.MANIFEST_HASH_MISMATCH", 8);
}

#[test]
fn the_input_is_part_of_the_receipt() {
    let dir = scored();
    let receipts = dir.text("out.jsonl.receipts.jsonl");
    dir.create("one.json", receipts.lines().next().expect("a receipt"));
    let verify = |flags: &str, window: &str| {
        let run = format!("verify one.json {MANIFEST} {flags} {}", golden::MODEL);
        dir.run(&run).arg("--input-window").arg(window)
    };
    let out = verify(&input_flags(200), &window()).stdout();
    assert!(out.contains("input: ok"), "{out}");
    verify(&input_flags(300), &window()).fails("PROVENANCE.INPUT_COMMITMENT_MISMATCH", 8);
    verify("--edit-chrom 1", "ACGT").fails("INPUT.GENERIC", 2);
    let out = verify(&format!("{} --rerun", input_flags(200)), &window()).stdout();
    assert!(out.contains("rerun: ok"), "{out}");
}

#[test]
fn one_variant_has_one_receipt() {
    let dir = scored();
    let reference = genome::base(1, 200);
    let alternate = genome::other(reference);
    let run = format!(
        "score --variant 1:200:{reference}:{alternate} --fasta ref.fa {} --receipt one.json",
        golden::MODEL
    );
    let row = dir.run(&run).stdout();
    let rows = golden::json_lines(&row);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["pos"], 200);
    dir.run(&format!("verify one.json {MANIFEST}")).ok();
    let receipt = &golden::json_lines(&dir.text("one.json"))[0];
    assert_eq!(receipt["provenance"]["details"]["scope"], "single_variant");
    let of_file = &golden::json_lines(&dir.text("out.jsonl.receipts.jsonl"))[0];
    assert_eq!(receipt["input_commitment"], of_file["input_commitment"]);
    let again = format!(
        "score --variant 1:200:{reference}:{alternate} --window {} {}",
        window(),
        golden::MODEL
    );
    assert_eq!(dir.run(&again).stdout(), row);
}

#[test]
fn garbage_is_no_receipt() {
    let dir = scored();
    dir.create("empty.json", "");
    dir.create("text.json", "not json");
    dir.create("other.json", "{\"schema_version\":\"9.0.0\"}");
    for name in ["empty.json", "text.json", "other.json"] {
        let finished = dir.run(&format!("verify {name} {MANIFEST}")).finish();
        assert!(matches!(finished.status(), Some(2 | 8)), "{finished}");
    }
}
