//! `genolewm carbon-baseline` through the built binary: the package's rows, from one command.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::{dir, genome, golden};
use serde_json::Value;

const BASELINE: &str = "carbon-baseline --vcf golden/baseline.vcf --fasta golden/ref.fa \
                        --carbon-model-dir golden/encoder --output-scores scores.jsonl \
                        --alleles as-given";

#[test]
fn golden_baseline_rows_are_those_of_the_package() {
    let dir = dir!();
    golden::lay_out(&dir);
    dir.run(BASELINE).ok();
    let text = dir.text("scores.jsonl");
    let (got, want) = (
        golden::json_lines(&text),
        golden::rows("expected_baseline.jsonl"),
    );
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(&want) {
        let (got, want) = (
            got.as_object().expect("a row"),
            want.as_object().expect("a row"),
        );
        assert!(got.keys().eq(want.keys()), "{got:?}");
        for (key, wanted) in want {
            match (got[key].as_f64(), wanted.as_f64()) {
                (Some(found), Some(wanted)) if key.starts_with("carbon_") => {
                    // The package adds up in f32, whose steps at this size are 0.002.
                    let error = (found - wanted).abs();
                    assert!(
                        error <= 1e-3 * wanted.abs() + 0.004,
                        "{key}: {found} {wanted}"
                    );
                }
                _ => assert_eq!(&got[key], wanted, "{key}"),
            }
        }
    }
    // Byte for byte as Python lays a row out.
    let first = text.lines().next().expect("a row");
    assert!(
        first.starts_with(r#"{"alt": "C", "alternate_window_sha256": "a1bd0318"#),
        "{first}"
    );
}

#[test]
fn a_cache_spares_what_is_known_and_gives_the_same_bytes() {
    let dir = dir!();
    golden::lay_out(&dir);
    let cached = format!("{BASELINE} --logp-cache-jsonl cache.jsonl --metadata-output meta.json");
    dir.run(&cached).ok();
    let (scores, cache) = (dir.bytes("scores.jsonl"), dir.bytes("cache.jsonl"));
    let first: Value = serde_json::from_str(&dir.text("meta.json")).expect("JSON");
    assert_eq!(first["new_logp_evaluations"], first["logp_cache_entries"]);
    let out = dir.run(&cached).ok().stdout();
    let told: Value = serde_json::from_str(&out).expect("a line of JSON");
    assert_eq!(told["new_logp_evaluations"], 0);
    assert_eq!(told["logp_cache_entries"], first["logp_cache_entries"]);
    assert_eq!(
        told["records"],
        golden::rows("expected_baseline.jsonl").len()
    );
    assert!(dir.bytes("scores.jsonl") == scores && dir.bytes("cache.jsonl") == cache);
    dir.create("cache.jsonl", "{}\n");
    dir.run(&cached).fails("INPUT.GENERIC", 2);
    assert_eq!(dir.text("cache.jsonl"), "{}\n");
}

#[test]
fn a_kill_lost_every_log_likelihood() {
    let dir = golden::prepared(dir!(), genome::vcf(100..1100));
    let run = "carbon-baseline --vcf in.vcf --fasta ref.fa --carbon-model-dir golden/encoder \
               --window-bp 4096 --batch-size 4 --output-scores scores.jsonl \
               --logp-cache-jsonl cache.jsonl";
    let cache = dir.path("cache.jsonl");
    dir.run(run).kill_when(|| cache.exists());
    dir.assert_no_output(&["scores.jsonl"]);
    let kept = golden::json_lines(&dir.text("cache.jsonl"));
    assert!(!kept.is_empty());
    // What is kept is right: the few variants of it are not computed again.
    dir.create("in.vcf", genome::vcf(100..102));
    let told = dir.run(run).ok().stdout();
    let told: Value = serde_json::from_str(&told).expect("a line of JSON");
    assert_eq!(told["new_logp_evaluations"], 0);
}

#[test]
fn alleles_without_a_baseline_are_named_with_their_reasons() {
    let dir = dir!();
    golden::lay_out(&dir);
    let mut vcf = dir.text("golden/baseline.vcf");
    vcf.push_str("1\t7000\t.\tN\t<DEL>\t.\tPASS\t.\nnowhere\t5\t.\tA\tC\t.\tPASS\t.\n");
    dir.create("golden/baseline.vcf", vcf);
    let finished = dir.run(&format!("{BASELINE} --skipped skipped.tsv")).ok();
    assert!(finished.stderr().contains("2 skipped"), "{finished}");
    let skipped = dir.text("skipped.tsv");
    assert!(
        skipped.contains("symbolic") && skipped.contains("contig_unknown"),
        "{skipped}"
    );
    assert_eq!(
        golden::json_lines(&dir.text("scores.jsonl")).len(),
        golden::rows("expected_baseline.jsonl").len()
    );
}

#[test]
fn files_outside_the_package_root_are_refused_before_any_work() {
    let dir = dir!();
    golden::lay_out(&dir);
    dir.run(&format!("{BASELINE} --artifact-root golden"))
        .fails("INPUT.GENERIC", 2);
    dir.assert_no_output(&["scores.jsonl"]);
}

#[test]
fn numbers_and_devices_have_the_packages_names() {
    let dir = dir!();
    golden::lay_out(&dir);
    dir.run(BASELINE).ok();
    let whole = dir.text("scores.jsonl");
    dir.run(&format!("{BASELINE} --dtype fp32 --device cpu"))
        .ok();
    assert_eq!(dir.text("scores.jsonl"), whole);
    for (numbers, instead) in [
        ("fp16", "use --dtype bf16"),
        ("bf16 --device wgpu", "use cpu, or cuda"),
    ] {
        let refused = dir
            .run(&format!("{BASELINE} --dtype {numbers}"))
            .fails("DEPLOY.BACKEND_UNSUPPORTED", 7);
        assert!(refused.stderr().contains(instead), "{refused}");
    }
    assert_eq!(dir.text("scores.jsonl"), whole);
}

/// The processor rounds factors as well as a GPU does; it was refused all the same.
#[test]
fn bf16_was_refused_on_the_processor() {
    let dir = dir!();
    golden::lay_out(&dir);
    let scores = |dtype: &str| -> Vec<f64> {
        dir.run(&format!("{BASELINE} --dtype {dtype}")).ok();
        let rows = golden::json_lines(&dir.text("scores.jsonl"));
        let score = |row: &serde_json::Value| row["carbon_ref_log_likelihood"].as_f64();
        rows.iter().filter_map(score).collect()
    };
    let (wide, narrow) = (scores("fp32"), scores("bf16"));
    assert!(!wide.is_empty() && wide.len() == narrow.len() && wide != narrow);
    for (wide, narrow) in wide.iter().zip(&narrow) {
        assert!((wide - narrow).abs() < 1e-2 * wide.abs(), "{wide} {narrow}");
    }
}
