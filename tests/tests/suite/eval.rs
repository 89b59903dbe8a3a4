//! Score files against label files: the figures of the Python package, and faults.

// All of this file is test code, its helpers too.
#![allow(clippy::panic)]

use genolewm_tests::{Dir, dir};
use serde_json::{Value, json};
use std::path::Path;

const RELEASE: &str = "--scores-jsonl scores.jsonl --labels-jsonl labels.jsonl \
    --bootstrap-resamples 300 --model-id sha256:00 --model-release r1 --dataset-snapshot d1 \
    --commit c1 --hardware cpu --checkpoint c.safetensors --config-artifact train_config.yaml \
    --dataset-manifest d.json --efficiency-report e.json";

/// The flags of a release, but for those that `more` has, and `more`.
fn release(more: &str) -> String {
    let flags: Vec<&str> = RELEASE.split_whitespace().collect();
    let kept = flags.chunks(2).filter(|flag| !more.contains(flag[0]));
    let kept: Vec<String> = kept.map(|flag| flag.join(" ")).collect();
    format!("{} {more}", kept.join(" "))
}
const BASELINE: &str = "--baseline-scores-jsonl baseline.jsonl --baseline-name carbon_zero_shot \
    --baseline-score-field carbon_zero_shot_score";

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/eval")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn lay_out(dir: &Dir) {
    for name in ["scores.jsonl", "baseline.jsonl", "labels.jsonl"] {
        dir.create(name, fixture(name));
    }
}

/// Equal, but for the last digit of a correlation and the moment at which the file was made.
fn assert_same(path: &str, got: &Value, want: &Value) {
    match (got, want) {
        (Value::Object(got), Value::Object(want)) => {
            let keys = |of: &serde_json::Map<String, Value>| of.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(got), keys(want), "{path}");
            for (key, value) in got.iter().filter(|(key, _)| *key != "generated_at") {
                assert_same(&format!("{path}/{key}"), value, &want[key]);
            }
        }
        (Value::Array(got), Value::Array(want)) => {
            assert_eq!(got.len(), want.len(), "{path}");
            for (index, (got, want)) in got.iter().zip(want).enumerate() {
                assert_same(&format!("{path}/{index}"), got, want);
            }
        }
        (Value::Number(got), Value::Number(want)) => {
            let apart = got.as_f64().zip(want.as_f64()).map(|(a, b)| (a - b).abs());
            assert!(apart < Some(1e-14), "{path}: {got} is not {want}");
        }
        _ => assert_eq!(got, want, "{path}"),
    }
}

#[test]
fn metrics_are_those_of_the_python_package() {
    for (name, flags) in [
        ("binary", format!("--threshold 0.55 {BASELINE}")),
        (
            "no_intervals",
            "--bootstrap-resamples 0 --score-field sigma_raw".to_owned(),
        ),
        (
            "spearman",
            format!("--metric-mode spearman --split dms --bootstrap-seed 3 {BASELINE}"),
        ),
    ] {
        let dir = dir!();
        lay_out(&dir);
        let output = format!("{name}.metrics.json");
        let summary = dir
            .run(&format!(
                "eval {} --output-metrics {output}",
                release(&flags)
            ))
            .stdout();
        let (text, want) = (dir.text(&output), fixture(&output));
        assert_same(name, &parse(&text), &parse(&want));
        let summary_name = format!("{name}.summary.json");
        assert_same(
            &summary_name,
            &parse(&summary),
            &parse(&fixture(&summary_name)),
        );
        if name != "spearman" {
            // To the last byte, but for the moment.
            let lines = |text: &str| -> Vec<String> {
                let kept = text.lines().filter(|line| !line.contains("generated_at"));
                kept.map(str::to_owned).collect()
            };
            assert_eq!(lines(&text), lines(&want));
            assert_eq!(summary, fixture(&summary_name));
        }
    }
}

#[test]
fn additions_leave_the_metrics_as_they_are() {
    let dir = dir!();
    lay_out(&dir);
    let flags = format!("{RELEASE} --threshold 0.55 {BASELINE} --compare sigma_raw --curves");
    dir.run(&format!("eval {flags} --output m.json")).ok();
    let got = parse(&dir.text("m.json"));
    let want = parse(&fixture("binary.metrics.json"));
    assert_same("metrics", &got["metrics"], &want["metrics"]);
    let compared: Vec<&Value> = got["comparisons"]
        .as_array()
        .expect("comparisons")
        .iter()
        .map(|row| &row["compared_with"])
        .collect();
    let (raw, carbon) = (json!("sigma_raw"), json!("carbon_zero_shot"));
    assert_eq!(compared, [&raw, &raw, &carbon, &carbon]);
    assert!(got["curves"]["reliability"].is_array());
}

#[test]
fn a_figure_below_its_bound_is_a_regression_and_everything_is_written() {
    let dir = dir!();
    lay_out(&dir);
    let eval = format!("eval {RELEASE} --output m.json --require");
    dir.run(&format!("{eval} auroc=0 --require average_precision=0.01"))
        .ok();
    let written = dir.text("m.json");
    dir.create("m.json", "old");
    dir.run(&format!("{eval} auroc=1.01"))
        .fails("EVAL.REGRESSION", 6);
    assert_eq!(dir.text("m.json").lines().count(), written.lines().count());
    dir.run(&format!("{eval} arouc=0.5"))
        .fails("INPUT.GENERIC", 2);
    dir.run(&format!("{eval} auroc")).fails("INPUT.GENERIC", 2);
}

/// What an aborted or refused run would destroy.
#[test]
fn faults_keep_the_old_metrics() {
    let dir = dir!();
    lay_out(&dir);
    dir.create("m.json", "old");
    let run = |flags: &str| dir.run(&format!("eval {} --output m.json", release(flags)));
    let finished = run("--score-field absent").fails("INPUT.GENERIC", 2);
    assert!(finished.stderr().contains("scores.jsonl:1"), "{finished}");
    let finished = run("--checkpoint /elsewhere/c").fails("INPUT.GENERIC", 2);
    assert!(finished.stderr().contains("checkpoint"), "{finished}");
    dir.create("scores.jsonl", fixture("baseline.jsonl"));
    run("").fails("INPUT.GENERIC", 2);
    let labels = fixture("labels.jsonl");
    let first = labels.lines().next().unwrap_or_default();
    let labels = format!("{labels}{first}");
    dir.create("labels.jsonl", &labels);
    let finished = run("").fails("INPUT.GENERIC", 2);
    assert!(finished.stderr().contains("labels.jsonl:61"), "{finished}");
    run("--labels-jsonl absent.jsonl").fails("RESOURCE.GENERIC", 4);
    assert_eq!(dir.text("m.json"), "old");
    dir.assert_no_output(&["eval_config.effective.yaml"]);
}
