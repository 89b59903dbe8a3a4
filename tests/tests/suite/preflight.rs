//! The look before a long run: what it finds, and that it leaves nothing behind.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::corpus::{EXONS, random_bases, random_corpus};
use genolewm_tests::{Dir, dir};
use serde_json::Value;

const ENCODER: &str = "train encoder --corpus corpus.tsv --holdout holdout.bed --output lm \
    --steps 40 --checkpoint-every 10 --hidden-size 16 --intermediate-size 32 --layers 1 --heads 2 \
    --kv-heads 1 --window-tokens 12 --batch-tokens 48 --long-every 4 --long-window-tokens 30 \
    --warmup-steps 4 --cross-entropy-steps 4";
const PREDICTOR: &str = "train predictor --encoder lm/encoder --corpus corpus.tsv \
    --holdout holdout.bed --output run --generation-windows 6 --generation-steps 16 --validation-windows 2 --steps 30 --checkpoint-every 10 --batch 16 \
    --d-hidden 16 --d-action 8 --n-heads 2 --fallback gnomad_common=synthetic_snv";

/// A corpus of which a part is held out.
fn corpus() -> Dir {
    random_corpus(dir!())
}

fn look(dir: &Dir, command: &str) -> Value {
    let text = dir.run(&format!("{command} --preflight")).stdout();
    serde_json::from_str(&text).expect("JSON")
}

/// What a look that finds something reports: its issues' codes.
fn issues(dir: &Dir, command: &str, code: &str, status: i32) -> Vec<String> {
    let finished = dir
        .run(&format!("{command} --preflight"))
        .fails(code, status);
    let report: Value = serde_json::from_str(&finished.stdout()).expect("JSON");
    assert_eq!(report["ok"], false);
    let issues = report["issues"].as_array().expect("a list").iter();
    issues
        .map(|issue| issue["code"].as_str().expect("text").to_owned())
        .collect()
}

#[test]
fn a_look_tells_time_room_and_memory_and_leaves_nothing() {
    let dir = corpus();
    let before = dir.names();
    let report = look(&dir, &format!("{ENCODER} --preflight-output report.json"));
    let written: Value = serde_json::from_str(&dir.text("report.json")).expect("JSON");
    assert_eq!(written, report);
    assert_eq!(
        (&report["ok"], &report["stage"]),
        (&true.into(), &"encoder".into())
    );
    let expected = [&before[..], &["report.json".to_owned()]].concat();
    assert_eq!(dir.names().len(), expected.len(), "{:?}", dir.names());
    let number = |pointer: &str| {
        report
            .pointer(pointer)
            .and_then(Value::as_f64)
            .expect("a number")
    };
    // Three steps of four draw four windows of 12 six-mers, the fourth one of 30.
    assert_eq!(number("/dataset/windows_checked"), 130.0);
    assert_eq!(number("/dataset/corpus_bp"), 50_000.0);
    assert_eq!(number("/dataset/holdout_bp_checked"), 10_000.0);
    assert_eq!(number("/dataset/leaks"), 0.0);
    assert!(number("/time/total_seconds") >= 40.0 * number("/time/step_seconds") - 1e-9);
    assert!(number("/disk/free_bytes") > number("/disk/needed_bytes"));
    assert!(number("/memory/peak_bytes") > 1e6);
    assert!(report["training_config"]["resolved"]["hidden_size"] == 16);
    // What the run itself then is.
    dir.run(ENCODER).ok();
    let manifest: Value =
        serde_json::from_str(&dir.text("lm/dataset_manifest.json")).expect("JSON");
    assert_eq!(manifest["snapshot_id"], report["dataset_snapshot_id"]);
    let checkpoint = dir.bytes("lm/checkpoints/step_00000040.safetensors").len() as f64;
    let estimate = number("/disk/checkpoint_bytes");
    assert!(
        (checkpoint / estimate - 1.0).abs() < 0.01,
        "{checkpoint} {estimate}"
    );
}

#[test]
fn the_predictor_is_looked_at_with_its_edits() {
    let dir = corpus();
    dir.run(ENCODER).ok();
    // Pathogenic variants within the hold-outs and beside them.
    let mut vcf =
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n".to_owned();
    let bases = random_bases(60_000);
    for pos in (100..60_000).step_by(100) {
        let reference = &bases[pos - 1..pos];
        let alternate = if reference == "A" { "C" } else { "A" };
        vcf += &format!("chr1\t{pos}\t.\t{reference}\t{alternate}\t.\t.\tCLNSIG=Pathogenic\n");
    }
    dir.create("clinvar.vcf", vcf);
    let command = format!("{PREDICTOR} --clinvar clinvar.vcf");
    let report = look(&dir, &command);
    let number = |pointer: &str| {
        report
            .pointer(pointer)
            .and_then(Value::as_u64)
            .expect("a number")
    };
    assert_eq!(number("/dataset/windows_checked"), 12);
    // Eight items a window, of one to three edits.
    assert!(number("/dataset/edits_checked") >= 96);
    // Positions 50,100, 50,200 … 59,900.
    assert_eq!(number("/dataset/held_out_variants"), 99);
    assert_eq!(number("/dataset/leaks"), 0);
    assert!(!dir.path("run").exists());
    let none = command.replace("--n-heads 2", "--n-heads 3");
    assert_eq!(issues(&dir, &none, "CONFIG.GENERIC", 3), ["CONFIG.GENERIC"]);
}

#[test]
fn hold_outs_that_name_a_contig_in_another_way_are_found() {
    let dir = corpus();
    dir.create("holdout.bed", "1\t50000\t60000\n");
    assert_eq!(
        issues(&dir, ENCODER, "TRAINING.GENERIC", 5),
        ["holdout.contig_alias"]
    );
    dir.create("holdout.bed", "chr7\t50000\t60000\n");
    let report = look(&dir, ENCODER);
    assert_eq!(report["issues"][0]["code"], "holdout.contig_unknown");
    assert_eq!(report["issues"][0]["severity"], "warning");
    dir.create("holdout.bed", "");
    assert_eq!(look(&dir, ENCODER)["issues"][0]["code"], "holdout.empty");
}

#[test]
fn what_stops_a_run_stops_the_look_too() {
    let dir = corpus();
    dir.run(ENCODER).ok();
    let other = ENCODER.replace("--warmup-steps 4", "--warmup-steps 5");
    assert_eq!(
        issues(&dir, &other, "CONFIG.GENERIC", 3),
        ["CONFIG.GENERIC"]
    );
    let diverging = format!(
        "{} --learning-rate 1e30",
        ENCODER.replace("--output lm", "--output new")
    );
    assert_eq!(
        issues(&dir, &diverging, "TRAINING.GENERIC", 5),
        ["TRAINING.NAN_LOSS"]
    );
    dir.create("corpus.tsv", "missing.fa\t1\trecord\n");
    assert_eq!(
        issues(&dir, ENCODER, "TRAINING.GENERIC", 5),
        ["RESOURCE.GENERIC"]
    );
    assert!(!dir.path("new").exists());
}

#[test]
fn a_ranking_run_is_looked_at_too() {
    let dir = corpus();
    dir.create("exons.tsv", EXONS);
    dir.run(ENCODER).ok();
    let report = look(
        &dir,
        "train ranking --corpus corpus.tsv --holdout holdout.bed --exons exons.tsv \
         --init lm/encoder --output rank --steps 50 --windows 4 --context-tokens 8 10 --validation-share 0",
    );
    assert_eq!(
        (&report["ok"], &report["stage"]),
        (&true.into(), &"ranking".into())
    );
    assert_eq!(report["dataset"]["holdout_bp_checked"], 10_000);
    assert!(!dir.path("rank").exists());
}

#[test]
fn configurations_that_the_trainer_cannot_follow_are_refused() {
    let dir = dir!();
    std::fs::create_dir_all(dir.path("package/placed")).expect("a directory");
    let window = random_bases(5_000);
    dir.create(
        "package/placed/train.jsonl",
        format!(
            "{{\"record_id\":\"a\",\"chrom\":\"chr1\",\"start_bp\":0,\"sequence\":\"{window}\"}}\n"
        ),
    );
    let command = "train --carbon-preflight --run-dir run --dataset-dir package \
                   --carbon-model-dir lm --training-config config.yaml";
    for (config, code) in [
        ("schema_version: 1.0.0\nphase: phase2\n", "CONFIG.GENERIC"),
        (
            "schema_version: 1.0.0\noptimizer: {name: sgd-momentum}\n",
            "CONFIG.GENERIC",
        ),
        (
            "schema_version: 1.0.0\ncolour: red\n",
            "CONFIG.UNKNOWN_TOP_LEVEL_KEY",
        ),
        ("schema_version: 2.0.0\n", "CONFIG.SCHEMA_INCOMPAT"),
        ("schema_version: 1.2.0\n", "CONFIG.SCHEMA_INCOMPAT"),
    ] {
        dir.create("config.yaml", config);
        dir.run(command).fails(code, 3);
        assert!(!dir.path("run").exists(), "nothing is written for {config}");
    }
    // One that it can: then the report says what else is wrong, here that there is no encoder.
    dir.create(
        "config.yaml",
        "schema_version: 1.0.0\ntraining: {max_steps: 300}\n",
    );
    dir.run(command).fails("TRAINING.GENERIC", 5);
    let report: Value =
        serde_json::from_str(&dir.text("run/training_preflight_report.json")).expect("JSON");
    assert_eq!(report["training_config"]["path"], "config.yaml");
    assert_eq!(report["training_config"]["resolved"]["steps"], 300);
    assert_eq!(report["training_config"]["resolved"]["window_bp"], 4_096);
    assert_eq!(report["ok"], false);
}
