//! Logs and metrics: what every command leaves, that it changes no result, and that nobody is in it.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_tests::golden::{self, json_lines};
use genolewm_tests::{Dir, dir, genome};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const LOG: &str = "--log-dir logs --run-id r --log-level debug";
/// Bases in a row that would give a place away.
const TELLING_BASES: usize = 8;

fn score(flags: &str) -> String {
    format!("score --fasta ref.fa {} {flags}", golden::MODEL)
}

fn events(dir: &Dir) -> Vec<Value> {
    json_lines(&dir.text("logs/r.jsonl"))
}

/// The lines of the metrics that a run left.
fn metrics(dir: &Dir) -> String {
    dir.text("logs/metrics.prom")
}

fn figure(text: &str, name: &str) -> f64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}"))
        .parse()
        .expect("a number")
}

#[test]
fn scores_were_other_bytes_with_a_log() {
    let (plain, logged) = (dir!(), dir!());
    for (dir, flags) in [(&plain, ""), (&logged, LOG)] {
        golden::lay_out(dir);
        genome::write_reference(dir);
        dir.create("in.vcf", genome::vcf((100..400).step_by(7)));
        for output in ["out.jsonl", "out.vcf", "out.tsv"] {
            dir.run(&score(&format!("--vcf in.vcf -o {output} {flags}")))
                .ok();
        }
    }
    for output in ["out.jsonl", "out.vcf", "out.tsv"] {
        assert!(plain.bytes(output) == logged.bytes(output), "{output}");
    }
    assert!(!plain.path("logs").exists());
    let records = events(&logged);
    let of = |name: &str| {
        records
            .iter()
            .filter(|record| record["event"] == name)
            .count()
    };
    assert_eq!(of("inference.score.end"), 3 * 43);
    assert_eq!((of("provenance.receipt.write"), of("error")), (3, 0));
    assert!(
        records
            .iter()
            .all(|record| record["run_id"] == "r" && record["component"] == "score")
    );
    let traces: BTreeSet<&str> = records
        .iter()
        .filter_map(|record| record["trace_id"].as_str())
        .collect();
    assert_eq!(
        traces.len(),
        3,
        "one for each run, whichever thread does it"
    );
    // Events of worker threads were outside of the command's span.
    let spans: BTreeSet<&str> = records
        .iter()
        .filter_map(|record| record["span_id"].as_str())
        .collect();
    assert_eq!(spans.len(), 3);
    let text = metrics(&logged);
    assert_eq!(
        figure(&text, "geno_lewm_inference_score_duration_count"),
        43.0
    );
    assert!(figure(&text, "geno_lewm_inference_batch_throughput") > 0.0);
    assert_eq!(
        cfg!(target_os = "linux"),
        text.contains("geno_lewm_inference_memory_peak_bytes")
    );
}

/// Every event of the registry happens, and redaction holds back no field that the program itself means.
#[test]
fn an_event_of_the_registry_never_happened() {
    let dir = golden::prepared(dir!(), genome::vcf([100, 200]));
    let run = |command: &str| dir.run(&format!("{command} {LOG}"));
    run(&score("--vcf in.vcf -o s.jsonl")).ok();
    let verify = "verify s.jsonl.receipts.jsonl --manifest";
    run(&format!("{verify} golden/model/manifest.json")).ok();
    assert!(figure(&metrics(&dir), "geno_lewm_provenance_verify_duration_count") == 1.0);
    let receipts = dir.text("s.jsonl.receipts.jsonl");
    dir.create(
        "s.jsonl.receipts.jsonl",
        receipts.replace("\"sigma_raw\":", "\"sigma_raw\":1"),
    );
    run(&format!("{verify} golden/model/manifest.json"))
        .fails("PROVENANCE.OUTPUT_COMMITMENT_MISMATCH", 8);
    run("doctor").ok();
    run("train --fixture-smoke --run-dir run --steps 12").ok();
    run("train predictor --encoder run/encoder/encoder --corpus run/data/corpus.tsv --holdout run/data/holdout.bed \
         --output p --steps 4 --checkpoint-every 2 --log-every 1 --batch 8 --d-hidden 16 --d-action 8 --n-heads 2 \
         --generation-windows 6 --generation-steps 4 --validation-windows 2 --fallback gnomad_common=synthetic_snv \
         --collapse-every 2 --collapse-kl-max 0").ok();
    for name in ["scores.jsonl", "labels.jsonl"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/eval")
            .join(name);
        dir.create(name, fs::read(file).expect("a fixture"));
    }
    run("eval --scores-jsonl scores.jsonl --labels-jsonl labels.jsonl --bootstrap-resamples 0 -o m.json --require auroc=1.5")
        .fails("EVAL.REGRESSION", 6);
    dir.create("corpus.tsv", "ref.fa\t1\trecord\n");
    for _ in 0..2 {
        run("cache-windows --build --cache-dir cache --encoder-dir golden/encoder --corpus corpus.tsv \
             --window-bp 192 --margin 12 --stride 48 --shard-windows 8").ok();
    }
    assert!(figure(&metrics(&dir), "geno_lewm_data_cache_hit") > 0.0);
    let registry = include_str!("../../fixtures/observability/events.tsv");
    let named: BTreeSet<&str> = registry
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    let records = events(&dir);
    let happened: BTreeSet<&str> = records
        .iter()
        .filter_map(|record| record["event"].as_str())
        .collect();
    assert_eq!(happened, named);
    // What happened says something.
    for record in &records {
        let data = record["data"].as_object().expect("an object");
        assert!(!data.is_empty(), "{record}");
    }
}

/// Whoever has the reference tries every edit of a window until its hash fits.
#[test]
fn a_fingerprint_of_a_variant_was_in_a_log() {
    let dir = golden::prepared(dir!(), genome::vcf([100]));
    dir.run(&score("--vcf in.vcf -o s.jsonl")).ok();
    let receipt = dir.text("s.jsonl.receipts.jsonl");
    let manifest = dir.text("golden/model/manifest.json");
    let version = "\"model_version\":\"";
    dir.create(
        "other.json",
        manifest.replacen(version, &format!("{version}9"), 1),
    );
    dir.create(
        "changed.json",
        receipt.replace("\"sigma_raw\":", "\"sigma_raw\":1"),
    );
    let (window, reference) = (genome::contig(1), genome::base(1, 300));
    let edit = format!(
        "--edit-chrom 1 --edit-pos 300 --edit-ref {reference} --edit-alt {}",
        genome::other(reference)
    );
    for (receipt, flags, code) in [
        (
            "changed.json",
            "--manifest golden/model/manifest.json".to_owned(),
            "OUTPUT_COMMITMENT",
        ),
        (
            "s.jsonl.receipts.jsonl",
            format!("--manifest golden/model/manifest.json {edit} --input-window {window}"),
            "INPUT_COMMITMENT",
        ),
        (
            "s.jsonl.receipts.jsonl",
            "--manifest other.json".to_owned(),
            "MANIFEST_HASH",
        ),
    ] {
        dir.run(&format!("verify {receipt} {flags} {LOG}"))
            .fails(&format!("PROVENANCE.{code}_MISMATCH"), 8);
    }
    let records = events(&dir);
    let mismatches: Vec<&Value> = records
        .iter()
        .filter(|record| record["event"] == "provenance.verify.mismatch")
        .map(|record| &record["data"])
        .collect();
    let [output, input, model] = mismatches[..] else {
        panic!("{mismatches:?}")
    };
    assert_eq!(*output, json!({"kind": "output_commitment"}));
    assert_eq!(*input, json!({"kind": "input_commitment"}));
    let hash = |key: &str| model[key].as_str().expect("a hash");
    assert!(hash("expected") != hash("got"), "{model}");
}

/// They were asked for again before they were written. Their hashes say what somebody's windows are.
#[test]
fn a_cached_window_was_named_and_missed_twice() {
    let dir = golden::prepared(dir!(), "");
    dir.create("corpus.tsv", "ref.fa\t1\trecord\n");
    let build =
        "cache-windows --build --cache-dir cache --encoder-dir golden/encoder --corpus corpus.tsv";
    for _ in 0..2 {
        let flags = "--window-bp 192 --margin 12 --stride 48 --shard-windows 8";
        dir.run(&format!("{build} {flags} {LOG}")).ok();
    }
    let records = events(&dir);
    let of = |name: &str| -> Vec<&Value> {
        let named = records.iter().filter(|record| record["event"] == name);
        named.map(|record| &record["data"]).collect()
    };
    let (hits, misses) = (of("data.cache.hit"), of("data.cache.miss"));
    assert!(!hits.is_empty() && hits == misses, "{hits:?} {misses:?}");
    assert_eq!(hits[0], &json!({"shard_id": "windows"}));
    let hit = figure(&metrics(&dir), "geno_lewm_data_cache_hit");
    assert_eq!(hit, hits.len() as f64);
    let shards = of("data.shard.write");
    assert!(shards.len() > 1 && shards.iter().all(|one| one["shard_id"] == "windows"));
}

/// It tries a connection on purpose.
#[test]
fn a_healthy_doctor_logged_an_error() {
    let dir = golden::prepared(dir!(), "");
    dir.run(&format!("doctor {} {LOG}", golden::MODEL)).ok();
    let records = events(&dir);
    let names: Vec<&Value> = records.iter().map(|record| &record["event"]).collect();
    let blocked: &[&str] = match cfg!(target_os = "linux") {
        true => &["inference.network.blocked"],
        false => &[],
    };
    assert_eq!(names, blocked);
    assert!(!metrics(&dir).contains("\ngeno_lewm_errors_raised "));
}

#[test]
fn planning_left_no_metrics() {
    let dir = dir!();
    let bases = &genome::contig(7)[..480];
    dir.create("w.fa", format!(">w\n{bases}\n"));
    dir.create(
        "t.fa",
        format!(">t\n{}{}\n", &bases[..240], &genome::contig(8)[..240]),
    );
    dir.run(&format!("plan --window-fasta w.fa --target-fasta t.fa --horizon 2 --samples 20 --elite 4 --iterations 2 \
        --stopping-eps 0 -o plan.json {LOG}")).ok();
    let text = metrics(&dir);
    assert_eq!(
        figure(&text, "geno_lewm_planning_cem_iter_duration_count"),
        2.0
    );
    assert_eq!(figure(&text, "geno_lewm_planning_cem_calls"), 80.0);
    assert_eq!(events(&dir).len(), 1, "a receipt");
}

/// Every file of a folder, and of those in it.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// That nothing of an input is in any log.
fn assert_nobody(dir: &Dir, input: &str) {
    let samples = input
        .lines()
        .filter(|line| line.starts_with("#CHROM"))
        .flat_map(|line| line.split('\t').skip(9));
    let mut secrets: BTreeSet<&str> = samples.collect();
    let cells = input.split(|c: char| c.is_whitespace() || ",;\"".contains(c));
    let telling = |cell: &&str| {
        let cell = cell.to_lowercase();
        let number = cell
            .strip_prefix("rs")
            .or(cell.strip_prefix("chr"))
            .unwrap_or(&cell);
        number.len() > 4 && number.bytes().all(|c| c.is_ascii_digit())
            || cell.contains("0/1")
            || cell.contains("0|1")
    };
    secrets.extend(cells.filter(telling));
    secrets.extend(["NA_SECRET_42", "anna", "hostile", "0/1", "1/1"]);
    let is_dna = |c: char| matches!(c, 'A' | 'C' | 'G' | 'T');
    let found = files_below(&dir.path("logs"));
    assert!(
        found.iter().any(|path| path.ends_with("r.jsonl")),
        "{found:?}"
    );
    for path in found {
        let text = fs::read_to_string(&path).expect("a log");
        let words: BTreeSet<&str> = text
            .split(|c: char| c.is_whitespace() || "\",:{}[]".contains(c))
            .collect();
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            // A number may be that of something else, but for itself.
            let within = !secret.bytes().all(|c| c.is_ascii_digit());
            let is_there = if within {
                text.contains(*secret)
            } else {
                words.contains(secret)
            };
            assert!(!is_there, "{secret:?} in {}\n{text}", path.display());
        }
        let longest = text.split(|c| !is_dna(c)).map(str::len).max().unwrap_or(0);
        assert!(
            longest < TELLING_BASES,
            "{longest} bases in {}\n{text}",
            path.display()
        );
    }
}

/// The hostile files lie in somebody's folder under a name that says who that is.
#[test]
fn somebody_was_in_a_log() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut inputs = files_below(&cases.join("files"));
    inputs.extend(files_below(&cases.join("hostile")));
    inputs.retain(|path| path.extension().is_none_or(|end| end != "yaml"));
    assert!(inputs.len() > 30, "{}", inputs.len());
    let mut own = genome::vcf([100, 200]);
    own.push_str(&format!(
        "1\t300\trs123456\t{}\tA\t.\t.\t.\tGT\t0/1\n",
        &genome::contig(1)[299..340]
    ));
    own.push_str("not a record at all\t0/1\n");
    let dir = golden::prepared(dir!(), &own);
    fs::create_dir_all(dir.path("home/anna")).expect("a folder");
    let home = dir.path("home/anna");
    let try_one = |bytes: &[u8], name: &str, strict: &str| {
        let input = home.join(format!("NA_SECRET_42.{name}"));
        fs::write(&input, bytes).expect("an input");
        let input = input.display();
        let score_on = format!("score --vcf in.vcf --fasta {input} {}", golden::MODEL);
        for command in [
            score(&format!(
                "--vcf {input} -o {input}.jsonl --skipped {input}.tsv"
            )),
            format!("import {input} --fasta ref.fa --strict -o {input}.vcf"),
            score_on,
        ] {
            let mut command = dir.run(&format!("{command} {LOG} {strict}")).into_command();
            command.env("HOME", &home);
            command.output().expect("the program runs");
        }
    };
    for path in inputs {
        let bytes = fs::read(&path).expect("a case");
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        try_one(&bytes, &name, "");
        assert_nobody(&dir, &String::from_utf8_lossy(&bytes));
    }
    try_one(own.as_bytes(), "vcf", "");
    assert_nobody(&dir, &own);
    let errors = events(&dir)
        .iter()
        .filter(|record| record["event"] == "error")
        .count();
    assert!(errors > 100, "{errors}");
    // Less strictly: names and messages, but no folder of anybody, and no sequence.
    fs::remove_file(dir.path("logs/r.jsonl")).expect("a log");
    try_one(own.as_bytes(), "vcf", "--redaction-strict=false");
    let text = dir.text("logs/r.jsonl");
    assert!(
        text.contains("[home]") && !text.contains("home/anna"),
        "{text}"
    );
}

#[test]
fn a_log_was_written_over_an_input_or_outside_of_its_folder() {
    let dir = golden::prepared(dir!(), genome::vcf([100]));
    dir.create("in.jsonl", "{}\n");
    for (flags, code, status) in [
        ("--run-id ../x --log-dir .", "run-id", 2),
        ("--run-id .x --log-dir .", "run-id", 2),
        ("--wandb-project mine", "CONFIG.GENERIC", 3),
        ("--log-dir in.vcf", "RESOURCE.GENERIC", 4),
    ] {
        let finished = dir.run(&score(&format!("--vcf in.vcf {flags}"))).finish();
        assert_eq!(finished.status(), Some(status), "{flags}: {finished}");
        assert!(finished.stderr().contains(code), "{finished}");
    }
    dir.run("eval --scores-jsonl in.jsonl --labels-jsonl in.vcf -o o --log-dir . --run-id in")
        .fails("INPUT.GENERIC", 2);
    assert_eq!(dir.text("in.jsonl"), "{}\n");
}

#[test]
fn variables_of_the_environment_were_left_alone() {
    let dir = golden::prepared(dir!(), genome::vcf([100, 200]));
    let run = |variables: &[(&str, &str)]| {
        let flags = "--vcf in.vcf -o out.jsonl --quiet --no-banner --encoder-dir golden/encoder";
        let mut command = dir
            .run(&format!("score --fasta ref.fa {flags}"))
            .into_command();
        command
            .envs(variables.iter().copied())
            .env("GENO_LEWM_MODEL_DIR", "golden/model");
        let output = command.output().expect("the program runs");
        String::from_utf8(output.stderr).expect("text")
    };
    let told = run(&[
        ("GENO_LEWM_LOG_FORMAT", "JSON"),
        ("GENO_LEWM_RUN_ID", "mine"),
        ("GENO_LEWM_LOG_LEVEL", "DEBUG"),
    ]);
    let lines: Vec<&str> = told.lines().filter(|line| line.starts_with('{')).collect();
    let records: Vec<Value> = json_lines(&lines.join("\n"));
    assert!(
        records.len() > 5 && records.iter().all(|record| record["run_id"] == "mine"),
        "{told}"
    );
    let told = run(&[
        ("GENO_LEWM_LOG_FORMAT", "pretty"),
        ("GENO_LEWM_REDACTION_STRICT", "0"),
    ]);
    assert!(
        told.contains(" | INFO  | provenance.receipt.write | score | ")
            && told.contains("out.jsonl.receipts.jsonl"),
        "{told}"
    );
    run(&[
        ("GENO_LEWM_LOG_DIR", "logs"),
        ("GENO_LEWM_RUN_ID", "r"),
        ("GENO_LEWM_REDACTION_STRICT", "1"),
    ]);
    assert!(dir.text("logs/r.jsonl").contains("[path].receipts.jsonl"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for name in ["logs/r.jsonl", "logs/metrics.prom"] {
            let mode = fs::metadata(dir.path(name))
                .expect("a log")
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
    }
}
