//! What a receipt says: every field, line and row of it is compared.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use super::identity::{MANIFEST, RECEIPTS, alter, rerun, scored};
use genolewm_core::provenance::{Json, sha256_prefixed};
use genolewm_tests::{dir, genome, golden};
use serde_json::{Value, json};

#[test]
fn every_field_of_a_receipt_could_be_false() {
    let dir = scored();
    let details = |key: &'static str| ["provenance", "details", key];
    let changes: Vec<(Vec<&str>, Value)> = vec![
        (vec!["output", "confidence"], json!(0.25)),
        (vec!["output", "low_confidence"], json!(true)),
        (vec!["output", "bucket_id"], json!("coding|low|none")),
        (vec!["output", "sigma_calibrated"], json!(0.999)),
        (vec!["output", "sigma_raw"], json!(1.25)),
        (vec!["runtime", "backend"], json!("webgpu")),
        (vec!["runtime", "device"], json!("cpu/quantum")),
        (vec!["runtime", "geno_lewm_version"], json!("9.9.9")),
        (vec!["runtime", "carbon_revision"], json!("other")),
        (vec!["timestamp"], json!("2999-01-01T00:00:00Z")),
        (vec!["timestamp"], json!("2026-02-31T00:00:00Z")),
        (vec!["timestamp"], json!("yesterday")),
        (
            [&details("pooling_config")[..], &["state_layer"]].concat(),
            json!(1),
        ),
        (
            [&details("pooling_config")[..], &["pool_type"]].concat(),
            json!("global_mean"),
        ),
        (
            [&details("pooling_config")[..], &["pool_radius"]].concat(),
            json!(7),
        ),
        (
            [&details("pooling_config")[..], &["normalize"]].concat(),
            json!(true),
        ),
        (
            [&details("dtype_config")[..], &["encoder_dtype"]].concat(),
            json!("int4"),
        ),
        (
            [&details("dtype_config")[..], &["predictor_dtype"]].concat(),
            json!("fp64"),
        ),
        (details("input_commitment_schema").to_vec(), json!("v9")),
        (details("window_start_bp").to_vec(), json!(12)),
        (
            details("state_contract_version").to_vec(),
            json!("l2_normalized_v2"),
        ),
        (details("row_index").to_vec(), json!(9)),
        (details("scope").to_vec(), json!("single_variant")),
        (details("receipt_stream").to_vec(), json!("other")),
        (
            [&details("model_files")[..], &["sealed"]].concat(),
            json!(true),
        ),
        (
            [&details("model_files")[..], &["files"]].concat(),
            json!([]),
        ),
        (vec!["input_commitment"], json!(sha256_prefixed(b"other"))),
        (vec!["calibration_hash"], json!(sha256_prefixed(b"other"))),
        (vec!["model_id"], json!(sha256_prefixed(b"other"))),
    ];
    for (path, value) in changes {
        alter(&dir, |index, receipt| {
            if index != 1 {
                return;
            }
            let field = path.iter().fold(&mut *receipt, |at, key| &mut at[*key]);
            assert!(!field.is_null() && *field != value, "{path:?}");
            *field = value.clone();
            // Whoever changes figures can hash them, too.
            let output = Json::from(&receipt["output"]).sha256().expect("a hash");
            receipt["output_commitment"] = output.into();
        });
        let finished = dir.run(&rerun("altered.jsonl")).finish();
        assert_eq!(finished.status(), Some(8), "{path:?} {value}\n{finished}");
        assert!(
            finished.stderr().contains("altered.jsonl:2"),
            "{path:?}\n{finished}"
        );
    }
}

#[test]
fn lines_of_receipts_were_lost_doubled_and_reordered() {
    let dir = scored();
    let text = dir.text(RECEIPTS);
    let lines: Vec<&str> = text.lines().collect();
    for (what, order, with_scores) in [
        ("lost", vec![0, 2], false),
        ("the first is lost", vec![1, 2], false),
        ("doubled", vec![0, 1, 1, 2], false),
        ("reordered", vec![0, 2, 1], false),
        ("the last is lost", vec![0, 1], true),
    ] {
        let chosen: String = order
            .iter()
            .map(|&line| format!("{}\n", lines[line]))
            .collect();
        dir.create("altered.jsonl", chosen);
        let scores = if with_scores {
            "--scores out.jsonl"
        } else {
            ""
        };
        let run = format!("verify altered.jsonl {MANIFEST} {scores}");
        let failed = dir.run(&run).fails("PROVENANCE.GENERIC", 8);
        assert!(!failed.stderr().is_empty(), "{what}");
    }
    // Without the scores nobody can know that the last one is lost, and this is said.
    dir.create("altered.jsonl", format!("{}\n{}\n", lines[0], lines[1]));
    let out = dir
        .run(&format!("verify altered.jsonl {MANIFEST}"))
        .stdout();
    assert!(out.contains("rows: not checked"), "{out}");
    dir.run(&format!("verify {RECEIPTS} {MANIFEST} --scores out.jsonl"))
        .ok();
    let rows = dir.text("out.jsonl");
    let rows: Vec<&str> = rows.lines().collect();
    dir.create(
        "out.jsonl",
        format!("{}\n{}\n{}\n", rows[1], rows[0], rows[2]),
    );
    dir.run(&format!("verify {RECEIPTS} {MANIFEST} --scores out.jsonl"))
        .fails("PROVENANCE.GENERIC", 8);
}

#[test]
fn rows_of_most_formats_could_not_be_verified() {
    let dir = scored();
    let model = golden::MODEL;
    for name in [
        "s.jsonl",
        "s.tsv",
        "s.csv",
        "s.parquet",
        "s.vcf",
        "s.vcf.gz",
    ] {
        let score = format!("score --vcf in.vcf --fasta ref.fa {model} -o {name}");
        dir.run(&score).ok();
        let verify = format!("verify {name}.receipts.jsonl {MANIFEST} --rerun --fasta ref.fa");
        let out = dir
            .run(&format!("{verify} --scores {name} {model}"))
            .stdout();
        assert!(out.contains("rows: ok"), "{name}: {out}");
        assert!(out.contains("rerun: ok"), "{name}: {out}");
        assert!(out.contains("not checked: the date"), "{name}: {out}");
    }
    // A percentile that is another, in each format that can be altered by hand.
    for name in ["s.jsonl", "s.tsv", "s.csv", "s.vcf"] {
        let text = dir.text(name);
        let receipts = golden::json_lines(&dir.text(&format!("{name}.receipts.jsonl")));
        let raw = receipts[1]["output"]["sigma_raw"].as_f64().expect("sigma");
        let (written, other) = match name {
            "s.vcf" => (format!("GLW_RAW={}", raw as f32), "GLW_RAW=1.5".to_owned()),
            _ => (raw.to_string(), "1.5".to_owned()),
        };
        assert!(text.contains(&written), "{name} lacks {written}: {text}");
        dir.create(name, text.replacen(&written, &other, 1));
        let verify = format!("verify {name}.receipts.jsonl {MANIFEST} --scores {name}");
        let failed = dir.run(&verify).fails("PROVENANCE.GENERIC", 8);
        assert!(failed.stderr().contains("other figures"), "{failed}");
    }
    dir.create("s.csv", "chrom,pos\n1,5\n");
    let verify = format!("verify s.csv.receipts.jsonl {MANIFEST} --scores s.csv");
    let failed = dir.run(&verify).fails("INPUT.GENERIC", 2);
    assert!(failed.stderr().contains("s.csv:2"), "{failed}");
}

/// In tables such names stand behind `'`, so that no spreadsheet calculates them.
#[test]
fn a_contig_of_a_formula_was_another_in_a_table() {
    let dir = dir!();
    golden::lay_out(&dir);
    let bases = genome::contig(1);
    dir.create("ref.fa", format!(">=c\n{bases}\n"));
    let reference = genome::base(1, 200);
    let alternate = genome::other(reference);
    dir.create(
        "in.vcf",
        format!(
            "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n\
             =c\t200\t.\t{reference}\t{alternate}\t.\t.\t.\n"
        ),
    );
    let model = golden::MODEL;
    for name in ["s.tsv", "s.csv", "s.parquet"] {
        dir.run(&format!(
            "score --vcf in.vcf --fasta ref.fa {model} -o {name}"
        ))
        .ok();
        let verify = format!("verify {name}.receipts.jsonl {MANIFEST} --rerun --fasta ref.fa");
        let out = dir
            .run(&format!("{verify} --scores {name} {model}"))
            .stdout();
        assert!(out.contains("rerun: ok"), "{name}: {out}");
    }
    assert!(dir.text("s.tsv").contains("\n'=c\t200"));
}

#[test]
fn what_was_not_checked_is_said() {
    let dir = scored();
    let out = dir.run(&format!("verify {RECEIPTS} {MANIFEST}")).stdout();
    for line in [
        "input: not checked",
        "rows: not checked",
        "model files: not checked",
        "rerun: not checked",
        "not checked: backend",
        "not checked: the date",
    ] {
        assert!(out.contains(line), "{line}\n{out}");
    }
    alter(&dir, |_, receipt| {
        receipt["runtime"]["device"] = "cpu/another".into()
    });
    dir.run(&rerun("altered.jsonl"))
        .fails("PROVENANCE.GENERIC", 8);
    let out = dir
        .run(&format!("{} --other-machine", rerun("altered.jsonl")))
        .stdout();
    assert!(out.contains("not checked: runtime.device"), "{out}");
    // A receipt of the Python package names no files of the encoder.
    alter(&dir, |_, receipt| {
        let details = receipt["provenance"]["details"]
            .as_object_mut()
            .expect("details");
        details.remove("model_files").expect("what we add");
    });
    let out = dir.run(&rerun("altered.jsonl")).stdout();
    assert!(
        out.contains("not checked: configuration and tokenizer"),
        "{out}"
    );
}
