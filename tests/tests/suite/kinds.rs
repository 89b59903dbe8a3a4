//! Percentiles among edits of the same kind, from `calibrate` to `verify`.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use super::contracts::{put, with};
use super::windows::dense;
use genolewm_tests::{Dir, genome, golden};
use serde_json::Value;

const SCORE: &str =
    "score --vcf in.vcf --fasta ref.fa --min-bucket-size 5 --receipt r.jsonl -o out.jsonl";

/// The golden model in windows of 480 bp, with a table that was made of them.
fn calibrated() -> Dir {
    let dir = with(|config| format!("{config}window_bp: 480\n"));
    genome::write_reference(&dir);
    dir.create("in.vcf", dense());
    let told = dir.run(&format!(
        "calibrate --vcf in.vcf --fasta ref.fa {} --min-bucket-size 5 -o table.parquet",
        golden::MODEL
    ));
    let told = told.ok().stdout();
    for bucket in ["\nsnv|other ", "\ndel_1bp ", "\nins_2to5bp|other|mid|none "] {
        assert!(told.contains(bucket), "{bucket:?} in\n{told}");
    }
    put(&dir, "calibration.parquet", &dir.bytes("table.parquet"));
    dir
}

#[test]
fn an_edit_is_ranked_among_those_of_its_kind_and_verified_there() {
    let dir = calibrated();
    let told = dir.run(&format!("{SCORE} {}", golden::MODEL)).ok().stderr();
    assert!(!told.contains("confidence"), "{told}");
    let rows = golden::json_lines(&dir.text("out.jsonl"));
    let mut kinds = [("snv", 0), ("ins_2to5bp", 0), ("del_1bp", 0)];
    for row in &rows {
        let length = |allele: &str| row[allele].as_str().expect("an allele").len();
        let kind = match (length("ref"), length("alt")) {
            (1, 1) => 0,
            (1, 3) => 1,
            _ => 2,
        };
        let bucket = row["bucket_id"].as_str().expect("a bucket");
        assert!(bucket.starts_with(kinds[kind].0), "{row}");
        kinds[kind].1 += 1;
    }
    assert!(kinds.iter().all(|&(_, rows)| rows > 20), "{kinds:?}");
    // Every kind fills the percentiles from end to end by itself.
    for (kind, _) in kinds {
        let of_kind = |row: &&Value| {
            row["bucket_id"]
                .as_str()
                .expect("a bucket")
                .starts_with(kind)
        };
        let of_kind = rows.iter().filter(of_kind);
        let shares = of_kind.map(|row| row["sigma_calibrated"].as_f64().expect("a share"));
        let (mut low, mut high) = (1.0_f64, 0.0_f64);
        shares.for_each(|share| (low, high) = (low.min(share), high.max(share)));
        assert!(low < 0.1 && high > 0.999, "{kind}: {low} to {high}");
    }
    dir.run(&format!(
        "verify r.jsonl --manifest golden/model/manifest.json --rerun --scores out.jsonl --fasta ref.fa {}",
        golden::MODEL
    ))
    .ok();
}

/// A model's windows were changed and its table was not, and nothing said so.
#[test]
fn a_table_of_other_windows_passed_for_the_models_own() {
    for (windows, told) in [
        (
            "window_bp: 480\nviews: ['+0', '-2']",
            "calibrated for the views +0, and",
        ),
        ("window_bp: 960", "of other states than the model's"),
    ] {
        let dir = calibrated();
        let config = dir.text("golden/model/train_config.yaml");
        let config = config.replace("window_bp: 480", windows);
        put(&dir, "train_config.yaml", config.as_bytes());
        let warning = dir.run(&format!("{SCORE} {}", golden::MODEL)).ok().stderr();
        assert!(warning.contains(told), "{warning}");
        for row in golden::json_lines(&dir.text("out.jsonl")) {
            assert_eq!(
                (&row["confidence"], &row["low_confidence"]),
                (&0.0.into(), &true.into())
            );
        }
    }
}
