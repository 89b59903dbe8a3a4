//! Rollouts: the Python package's figures of given states, states of a model, and faults.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_tests::builtin::MODEL_0_2_0;
use genolewm_tests::genome::{HEADER, base, other, write_reference};
use genolewm_tests::{Dir, dir};
use serde_json::Value;
use std::path::Path;

const RELEASE: &str = "--recall-k 3 --model-id sha256:00 --model-release r1 --dataset-snapshot d1 \
    --commit c1 --hardware cpu --checkpoint c.safetensors --config-artifact train_config.yaml \
    --dataset-manifest d.json --efficiency-report e.json --rollout-state-rows-report rows.json";
const SYNTHETIC: &str = "rollout --fasta ref.fa --regions chr1,chr2 --windows 5 --max-edits 3 \
    --recall-k 2";

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/rollout")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// All lines but that of the moment.
fn lines(text: &str) -> Vec<&str> {
    let kept = text.lines();
    kept.filter(|line| !line.contains("generated_at")).collect()
}

fn rows(dir: &Dir, name: &str) -> Vec<Value> {
    dir.text(name).lines().map(parse).collect()
}

fn state(row: &Value, field: &str) -> Vec<f64> {
    let values = row[field].as_array().expect("a state").iter();
    values
        .map(|value| value.as_f64().expect("a number"))
        .collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f64>().sqrt()
}

/// A VCF of SNVs on contig 1 with genotypes.
fn phased(variants: &[(usize, &str)]) -> String {
    let record = |&(pos, genotype): &(usize, &str)| {
        let reference = base(1, pos);
        let alternate = other(reference);
        format!("1\t{pos}\t.\t{reference}\t{alternate}\t.\tPASS\t.\tGT\t{genotype}\n")
    };
    format!(
        "{HEADER}{}",
        variants.iter().map(record).collect::<String>()
    )
}

#[test]
fn metrics_are_those_of_the_python_package() {
    let dir = dir!();
    dir.create("states.jsonl", fixture("states.jsonl"));
    let run =
        format!("rollout {RELEASE} --states-jsonl states.jsonl --output-metrics metrics.json");
    let summary = dir.run(&run).ok().stdout();
    assert_eq!(
        lines(&dir.text("metrics.json")),
        lines(&fixture("metrics.json"))
    );
    assert_eq!(summary, fixture("summary.json"));
    assert!(
        dir.text("eval_config.effective.yaml")
            .contains("recall_k: 3")
    );
}

#[test]
fn random_edits_are_followed_step_by_step() {
    let dir = dir!();
    write_reference(&dir);
    let run = format!("{SYNTHETIC} --output-states s.jsonl --output-metrics m.json");
    dir.run(&run).ok();
    let states = rows(&dir, "s.jsonl");
    let steps: Vec<u64> = states.iter().filter_map(|row| row["k"].as_u64()).collect();
    assert_eq!(steps, [1, 2, 3].repeat(5));
    for window in states.chunks(3) {
        let [first, second, third] = window else {
            panic!("three steps");
        };
        for later in [second, third] {
            assert_eq!(first["source_state"], later["source_state"]);
            assert_ne!(first["predicted_state"], later["predicted_state"]);
        }
        assert!(state(first, "target_state") != state(first, "source_state"));
        for row in window {
            assert!(
                (1..=5).contains(&row["target_rank"].as_u64().unwrap_or(0)),
                "{row}"
            );
        }
    }
    // The states give the same figures again.
    let again = "rollout --recall-k 2 --states-jsonl s.jsonl --output-metrics again.json";
    dir.run(again).ok();
    let (metrics, again) = (parse(&dir.text("m.json")), parse(&dir.text("again.json")));
    for key in ["metrics", "rollout_stratification", "conclusions"] {
        assert_eq!(metrics[key], again[key], "{key}");
    }
    assert!(
        metrics["model_id"]
            .as_str()
            .is_some_and(|id| id.starts_with("sha256:"))
    );
    assert!(again["model_id"].is_null());
    // A function of the seed.
    let bytes = dir.bytes("s.jsonl");
    dir.run(&run).ok();
    assert!(
        dir.bytes("s.jsonl") == bytes,
        "the same seed gives other states"
    );
    dir.run(&format!("{run} --seed 1")).ok();
    assert!(
        dir.bytes("s.jsonl") != bytes,
        "another seed gives the same states"
    );
}

#[test]
fn a_single_edit_has_the_raw_surprise_of_score() {
    let dir = dir!();
    write_reference(&dir);
    dir.create("in.vcf", phased(&[(3000, "1|0")]));
    let run = "rollout --vcf in.vcf --fasta ref.fa --output-states s.jsonl -o m.json";
    dir.run(run).ok();
    let states = rows(&dir, "s.jsonl");
    assert_eq!(states.len(), 1);
    let first = &states[0];
    let surprise = distance(
        &state(first, "predicted_state"),
        &state(first, "target_state"),
    );
    let score = "score --vcf in.vcf --fasta ref.fa --views fast --output scores.jsonl --no-receipt";
    dir.run(score).ok();
    let score = parse(dir.text("scores.jsonl").lines().next().unwrap_or_default());
    let raw = score["sigma_raw"].as_f64().expect("a surprise");
    assert!(
        (surprise - raw).abs() < 1e-5 * raw,
        "{surprise} is not {raw}"
    );
}

#[test]
fn genotypes_say_which_variants_lie_together() {
    let dir = dir!();
    write_reference(&dir);
    let variants = [
        (3000, "1|0"),
        (3006, "0|1"),
        (3012, "1|1"),
        (3018, "0/1"),
        (3900, "1|0"),
    ];
    dir.create("in.vcf", phased(&variants));
    let run = |flags: &str| {
        // A model that reads both sides of an edit.
        let run = format!(
            "rollout --vcf in.vcf --fasta ref.fa --output-states s.jsonl -o m.json {flags} {MODEL_0_2_0}"
        );
        let said = dir.run(&run).ok().stderr();
        let rows = rows(&dir, "s.jsonl");
        let positions = |row: &Value| {
            let id = row["id"].as_str().unwrap_or_default().split('#').next();
            let variants = id.unwrap_or_default().split(',');
            let positions = variants.filter_map(|variant| variant.split(':').nth(1)?.parse().ok());
            positions.collect::<Vec<usize>>()
        };
        let mut groups: Vec<Vec<usize>> = rows.iter().map(positions).collect();
        groups.dedup();
        (groups, said)
    };
    let (groups, said) = run("");
    assert_eq!(groups, [vec![3000, 3012], vec![3900], vec![3006, 3012]]);
    assert!(said.contains("1 alleles, unphased"), "{said}");
    let (groups, _) = run("--ignore-genotypes");
    assert_eq!(groups, [vec![3000, 3006, 3012], vec![3018], vec![3900]]);
    let (groups, _) =
        run("--ignore-genotypes --max-edits 9 --regions chr1:3006-3900 --span-bp 2000");
    assert_eq!(groups, [vec![3006, 3012, 3018, 3900]]);
    let missing = "rollout --vcf in.vcf --fasta ref.fa -o m.json --sample nobody";
    dir.run(missing).fails("INPUT.GENERIC", 2);
}

/// What an aborted or refused run would destroy.
#[test]
fn faults_keep_the_old_metrics() {
    let dir = dir!();
    write_reference(&dir);
    dir.create("m.json", "old");
    let states = fixture("states.jsonl");
    let first = states.lines().next().unwrap_or_default();
    dir.create("states.jsonl", format!("{states}{first}\n"));
    let run = |flags: &str| dir.run(&format!("rollout {flags} -o m.json"));
    let finished = run("--states-jsonl states.jsonl").fails("INPUT.GENERIC", 2);
    assert!(finished.stderr().contains("states.jsonl:31"), "{finished}");
    dir.create("states.jsonl", "\n");
    run("--states-jsonl states.jsonl").fails("INPUT.GENERIC", 2);
    run("--states-jsonl absent.jsonl").fails("RESOURCE.GENERIC", 4);
    run("--fasta ref.fa").fails("INPUT.GENERIC", 2);
    run("--fasta ref.fa --regions chr1:1-100").fails("EVAL.DATASET", 6);
    run("--fasta ref.fa --regions chr9").fails("INPUT.GENERIC", 2);
    run("--fasta ref.fa --regions chr1 --max-edits 0").fails("INPUT.GENERIC", 2);
    run("--fasta ref.fa --regions chr1 --span-bp 9999").fails("INPUT.GENERIC", 2);
    dir.create("in.vcf", phased(&[(3000, "0/1")]));
    let finished = run("--vcf in.vcf --fasta ref.fa").fails("EVAL.DATASET", 6);
    assert!(finished.stderr().contains("unphased"), "{finished}");
    assert_eq!(dir.text("m.json"), "old");
    dir.assert_no_output(&["eval_config.effective.yaml"]);
}
