//! The fixture's training: a whole training in seconds, and the same one twice.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::corpus::{random_bases, random_corpus};
use genolewm_tests::{Dir, dir};
use serde_json::Value;
use std::time::Instant;

const COMMAND: &str = "train --fixture-smoke --run-dir run";

fn report(dir: &Dir, flags: &str) -> Value {
    let text = dir.run(&format!("{COMMAND} {flags}")).stdout();
    assert_eq!(text.lines().count(), 1, "one line: {text}");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn equal_fixtures_have_equal_bytes_and_their_model_scores() {
    let (one, other) = (dir!(), dir!());
    let started = Instant::now();
    let first = report(&one, "--steps 20 --seed 7");
    println!("a fixture's training took {:.1?}", started.elapsed());
    assert_eq!(report(&other, "--steps 20 --seed 7"), first);
    for file in [
        "data/sequence.fa",
        "encoder/metrics.jsonl",
        "encoder/encoder/model.safetensors",
        "predictor/metrics.jsonl",
        "predictor/checkpoints/step_00000020.safetensors",
        "predictor/model/predictor.safetensors",
        "predictor/model/manifest.json",
    ] {
        let of = |dir: &Dir| dir.bytes(&format!("run/{file}"));
        assert!(of(&one) == of(&other), "{file}");
    }
    one.create(
        "in.vcf",
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n\
         fixture\t20000\t.\tN\t<DEL>\t.\tPASS\t.\nfixture\t20001\t.\tA\tC\t.\tPASS\t.\n\
         fixture\t20001\t.\tC\tG\t.\tPASS\t.\nfixture\t20001\t.\tG\tT\t.\tPASS\t.\n\
         fixture\t20001\t.\tT\tA\t.\tPASS\t.\n",
    );
    let score = "score --vcf in.vcf --fasta run/data/sequence.fa --model-dir run/predictor/model";
    one.run(&format!("{score} --output out.jsonl")).ok();
    let scored = one.text("out.jsonl");
    assert!(scored.contains("\"sigma_raw\":"), "{scored}");
}

#[test]
fn the_report_has_the_fields_of_the_python_package_and_its_files_exist() {
    let dir = dir!();
    let found = report(&dir, "--steps 12");
    let fields: Vec<&String> = found.as_object().expect("an object").keys().collect();
    assert_eq!(
        fields,
        [
            "checkpoint_path",
            "config_path",
            "dataset_manifest_path",
            "final_loss",
            "log_path",
            "metrics_path",
            "resumed_from_step",
            "run_dir",
            "run_id",
            "steps_completed",
            "steps_requested",
            "training_metadata_path",
        ]
    );
    for (field, value) in found.as_object().expect("an object") {
        if let Some(path) = value.as_str().filter(|_| field.ends_with("_path")) {
            assert!(dir.path(path).is_file(), "{field}: {path}");
        }
    }
    assert_eq!(
        (&found["steps_completed"], &found["resumed_from_step"]),
        (&12.into(), &0.into())
    );
    let metrics = dir.text("run/predictor/metrics.jsonl");
    let lines: Vec<Value> = metrics
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 12);
    let number = |value: &Value| value.as_f64().expect("a number");
    assert!((number(&lines[11]["loss"]) - number(&found["final_loss"])).abs() < 1e-12);
    let text = dir.text("run/encoder/metrics.jsonl");
    let nats = |line: Option<&str>| -> f64 {
        let line: Value = serde_json::from_str(line.expect("a line")).expect("JSON");
        line["six_mer_nats"].as_f64().expect("a number")
    };
    let (first, last) = (nats(text.lines().next()), nats(text.lines().last()));
    assert!(last < first - 1.0, "the encoder learns: {first} {last}");
}

/// The same command again finds all of its work done; another seed is another run.
#[test]
fn a_fixture_goes_on_in_its_own_directory_only() {
    let dir = dir!();
    let first = report(&dir, "--steps 6");
    let checkpoint = first["checkpoint_path"].as_str().expect("a path");
    let again = report(&dir, &format!("--steps 6 --resume-from {checkpoint}"));
    assert_eq!(again["resumed_from_step"], 6);
    assert_eq!(again["final_loss"], first["final_loss"]);
    dir.run(&format!("{COMMAND} --steps 6 --seed 1"))
        .fails("CONFIG.GENERIC", 3);
    dir.create("torn.safetensors", "torn");
    dir.run(&format!(
        "{COMMAND} --steps 6 --resume-from torn.safetensors"
    ))
    .fails("DEPLOY.EXPORT_FORMAT", 7);
}

#[test]
fn modes_exclude_each_other_and_subcommands() {
    let dir = dir!();
    for args in [
        "train",
        "train --steps 3",
        "train --fixture-smoke --carbon-train",
        "train --carbon-preflight --carbon-train",
        "train --carbon-preflight",
        "train --fixture-smoke --training-config x.yaml",
        "train --fixture-smoke manifest model",
        "train --run-dir x manifest model",
    ] {
        dir.run(args).fails("INPUT.GENERIC", 2);
    }
    // Each flag of the modes, before a subcommand and without its mode.
    for flag in [
        "--fixture-smoke",
        "--carbon-preflight",
        "--carbon-train",
        "--run-dir x",
        "--steps 3",
        "--resume-from x",
        "--dataset-dir x",
        "--carbon-model-dir x",
        "--training-config x.yaml",
        "--preflight-output x.json",
        "--allow-fixture-dataset",
        "--require-native-runtime",
        "--no-require-native-runtime",
        "--require-accelerator",
        "--no-require-accelerator",
        "--min-cuda-vram-gb 4",
        "--package-release-run",
    ] {
        dir.run(&format!("train {flag} manifest model"))
            .fails("INPUT.GENERIC", 2);
        if flag != "--fixture-smoke" {
            dir.run(&format!("train {flag}")).fails("INPUT.GENERIC", 2);
        }
    }
    for flag in ["--carbon-model-dir x", "--preflight-output x.json"] {
        dir.run(&format!("train --fixture-smoke {flag}"))
            .fails("INPUT.GENERIC", 2);
    }
    assert!(dir.names().is_empty(), "{:?}", dir.names());
}

/// The flags of the Python package's trainer on one of its dataset packages.
#[test]
fn a_dataset_package_is_trained_on_by_the_packages_flags() {
    let dir = random_corpus(dir!());
    dir.run(
        "train encoder --corpus corpus.tsv --holdout holdout.bed --output lm --steps 4 \
         --hidden-size 16 --intermediate-size 32 --layers 1 --heads 2 --kv-heads 1 \
         --window-tokens 12 --batch-tokens 48 --long-every 0 --warmup-steps 2",
    )
    .ok();
    let bases = random_bases(60_000);
    let window = |start: usize| {
        let sequence = &bases[start..start + 5_000];
        format!(
            "{{\"record_id\": \"w{start}\", \"source\": \"mrna\", \"chrom\": \"chr1\", \
             \"start_bp\": {start}, \"sequence\": \"{sequence}\"}}\n"
        )
    };
    let windows: String = (0..30_000).step_by(5_000).map(window).collect();
    std::fs::create_dir_all(dir.path("package/placed")).expect("a directory");
    dir.create("package/placed/train.jsonl", windows);
    dir.create(
        "package/dataset_manifest.json",
        "{\"snapshot_id\": \"s\", \"files\": [{\"path\": \"placed/train.jsonl\", \"split\": \"train\"}]}",
    );
    let row = |at: usize| {
        let reference = &bases[at..=at];
        let alternate = if reference == "A" { "C" } else { "A" };
        format!(
            "chr1\t{}\t.\t{reference}\t{alternate}\t.\tPASS\tAF=0.3\n",
            at + 1
        )
    };
    let rows: String = (0..30_000).step_by(25).map(row).collect();
    dir.create(
        "in.vcf",
        format!("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n{rows}"),
    );
    dir.run("prepare-gnomad --input-vcf in.vcf --output package")
        .ok();
    dir.create(
        "config.yaml",
        "schema_version: 1.0.0\ntraining: {max_steps: 4}\ndata: {batch_size: 8}\n\
         optimizer: {warmup_steps: 2}\npredictor: {n_heads: 2, d_action: 8}\n",
    );
    let command = "train --carbon-train --run-dir run --dataset-dir package \
                   --carbon-model-dir lm/encoder --training-config config.yaml";
    let report: Value = serde_json::from_str(&dir.run(command).stdout()).expect("JSON");
    assert_eq!(report["steps_completed"], 4, "{report}");
    let data = dir.text("run/dataset_manifest.json");
    assert!(data.contains("variants.parquet"), "{data}");
    assert!(dir.path("run/model/manifest.json").is_file());
    let run = "--no-require-accelerator --no-require-native-runtime --package-release-run";
    let report = dir.run(&format!("{command} {run}")).ok().stdout();
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(
        report["training_run_package"]["files"]
            .as_u64()
            .map(|files| files > 5),
        Some(true)
    );
    assert_listed(&dir);
    // No device of these builds counts as an accelerator.
    dir.run(&format!(
        "{command} --require-accelerator --min-cuda-vram-gb 40"
    ))
    .fails("RESOURCE.RUNTIME_SETUP", 4);
    dir.run(&format!("{command} --min-cuda-vram-gb 40"))
        .fails("INPUT.GENERIC", 2);
    a_package_that_calls_itself_a_fixture_needs_a_word(&dir, command);
}

/// The run's files are listed with the hashes that they have.
fn assert_listed(dir: &Dir) {
    let sums = dir.text("run/SHA256SUMS");
    for file in ["model/manifest.json", "metrics.jsonl", "training_run.json"] {
        let line = sums
            .lines()
            .find(|line| line.ends_with(&format!("  {file}")));
        let sum = line
            .and_then(|line| line.split_once(' '))
            .expect("a listed file")
            .0;
        let found = genolewm_core::provenance::sha256_prefixed(&dir.bytes(&format!("run/{file}")));
        assert_eq!(format!("sha256:{sum}"), found, "{file}");
    }
    assert!(
        !sums.contains("SHA256SUMS") && !sums.contains("CARD"),
        "{sums}"
    );
    let card = dir.text("run/TRAINING_RUN_CARD.md");
    assert!(
        card.contains("4 of 4 steps") && card.contains("not a diagnostic"),
        "{card}"
    );
}

fn a_package_that_calls_itself_a_fixture_needs_a_word(dir: &Dir, command: &str) {
    let manifest = dir.text("package/dataset_manifest.json");
    let named = manifest.replace("\"s\"", "\"smoke-fixture\"");
    assert_ne!(named, manifest);
    dir.create("package/dataset_manifest.json", named);
    let command = command.replace("--run-dir run", "--run-dir other");
    dir.run(&command).fails("INPUT.GENERIC", 2);
    dir.run(&format!("{command} --allow-fixture-dataset")).ok();
}
