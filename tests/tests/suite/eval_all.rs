//! Figures of many files in one, and the report on them.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_tests::{Dir, dir};
use serde_json::{Value, json};
use std::path::Path;

const IDENTITY: &str = "--model-id sha256:00 --model-release r1 --dataset-snapshot d1 --commit c1 \
    --hardware cpu --checkpoint c.safetensors --config-artifact train_config.yaml \
    --dataset-manifest d.json --efficiency-report e.json";
const ALL: &str = "eval-all --output-metrics all.json --output-report all.md --html all.html";

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Metrics of scores with curves, and of rollouts, of one release.
fn measure(dir: &Dir) {
    for name in ["scores.jsonl", "baseline.jsonl", "labels.jsonl"] {
        dir.create(name, file(&format!("fixtures/eval/{name}")));
    }
    dir.create("states.jsonl", file("fixtures/rollout/states.jsonl"));
    let eval = "eval --scores-jsonl scores.jsonl --labels-jsonl labels.jsonl --curves \
        --bootstrap-resamples 200 --baseline-scores-jsonl baseline.jsonl --baseline-name \
        carbon_zero_shot --baseline-score-field carbon_zero_shot_score --compare sigma_raw";
    dir.run(&format!("{eval} {IDENTITY} -o eval.json")).ok();
    let rollout = "rollout --states-jsonl states.jsonl --recall-k 3";
    dir.run(&format!("{rollout} {IDENTITY} -o rollout.json"))
        .ok();
}

fn names(document: &Value) -> Vec<(String, String)> {
    let rows = document["metrics"].as_array().expect("metrics").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.map(|row| (text(&row["split"]), text(&row["name"])))
        .collect()
}

#[test]
fn figures_of_a_release_come_together() {
    let dir = dir!();
    measure(&dir);
    let flags = "--metrics-json eval.json --metrics-json rollout.json --require-v02-vep-metrics \
        --require-v02-rollout-metrics";
    let summary = parse(&dir.run(&format!("{ALL} {flags}")).ok().stdout());
    let all = parse(&dir.text("all.json"));
    let [eval, rollout] = ["eval.json", "rollout.json"].map(|name| parse(&dir.text(name)));
    assert_eq!(names(&all), [names(&eval), names(&rollout)].concat());
    assert_eq!(summary["metrics"], json!(10));
    assert_eq!(all["generated_by"], "geno-lewm-eval-all");
    assert_eq!(
        all["generated_at"],
        eval["generated_at"]
            .clone()
            .max_of(&rollout["generated_at"])
    );
    assert_eq!(
        all["rollout_stratification"],
        rollout["rollout_stratification"]
    );
    assert_eq!(all["curves"][0]["roc"], eval["curves"]["roc"]);
    for (role, path) in [
        ("checkpoint", "c.safetensors"),
        ("input_1.scores", "scores.jsonl"),
        ("input_2.rollout_states", "states.jsonl"),
        ("metrics_input_2", "rollout.json"),
    ] {
        assert_eq!(all["artifacts"][role], path, "{role}");
    }
    let html = dir.text("all.html");
    assert_eq!(
        html.matches("<svg").count(),
        3 + 6,
        "curves, reliability and rollouts"
    );
    assert!(html.contains("research tool, not a diagnostic"));
    assert!(
        dir.text("all.md")
            .contains("research tool, not a diagnostic")
    );
    // Once more, and once more of itself: the same report, whose figures are only counted anew.
    let bytes = dir.bytes("all.html");
    dir.run(&format!("{ALL} {flags}")).ok();
    assert_eq!(dir.bytes("all.html"), bytes);
    dir.create("first.json", dir.text("all.json"));
    dir.run(&format!("{ALL} --metrics-json first.json")).ok();
    let again = parse(&dir.text("all.json"));
    for key in [
        "metrics",
        "curves",
        "comparisons",
        "limitations",
        "negative_findings",
    ] {
        assert_eq!(again[key], all[key], "{key}");
    }
}

trait MaxOf {
    fn max_of(self, other: &Value) -> Value;
}

impl MaxOf for Value {
    /// The later of two moments.
    fn max_of(self, other: &Value) -> Value {
        if self.as_str() >= other.as_str() {
            self
        } else {
            other.clone()
        }
    }
}

#[test]
fn findings_are_worked_out() {
    let dir = dir!();
    let row = |name: &str, value: f64, more: Value| {
        let mut row = json!({"name": name, "split": "s", "value": value, "n": 9});
        let members = row.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        row
    };
    let metrics = |rows: Vec<Value>| json!({"schema_version": "1.0.0", "generated_by": "geno-lewm-eval", "metrics": rows});
    let good = row("auroc", 0.8, json!({"ci_low": 0.6, "ci_high": 0.9}));
    let closer = json!({"higher_is_better": false, "baseline": "b", "baseline_value": 3.0});
    let good = metrics(vec![good, row("l2", 1.0, closer)]);
    dir.create("m.json", good.to_string());
    let findings = || {
        dir.run(&format!("{ALL} --metrics-json m.json")).ok();
        let all = parse(&dir.text("all.json"));
        let findings = all["negative_findings"]
            .as_array()
            .expect("findings")
            .iter();
        let texts = findings.map(|text| text.as_str().unwrap_or_default().to_owned());
        texts.collect::<Vec<_>>()
    };
    assert_eq!(findings(), Vec::<String>::new());
    let chance = row("auroc", 0.7, json!({"ci_low": 0.5, "ci_high": 0.9}));
    let farther = json!({"higher_is_better": false, "baseline": "b", "baseline_value": 1.0});
    let equal = json!({"baseline": "c", "baseline_value": 0.2});
    let bad = metrics(vec![
        chance,
        row("l2", 1.5, farther),
        row("average_precision", 0.2, equal),
    ]);
    dir.create("m.json", bad.to_string());
    assert_eq!(
        findings(),
        [
            "s: auroc is 0.7; its interval, 0.5 to 0.9, holds chance.",
            "s: l2 is 1.5, no better than b with 1.",
            "s: average_precision is 0.2, no better than c with 0.2.",
        ]
    );
}

#[test]
fn the_builtin_models_figures_are_read() {
    let dir = dir!();
    dir.create("evaluate.json", file("../models/builtin/eval_metrics.json"));
    let evaluation = parse(&dir.text("evaluate.json"));
    dir.run(&format!("{ALL} --metrics-json evaluate.json")).ok();
    let all = parse(&dir.text("all.json"));
    assert_eq!(all["model_id"], evaluation["model_id"]);
    let found = |split: &str, name: &str| {
        let rows = all["metrics"].as_array().expect("metrics").iter();
        let mut rows = rows.filter(|row| row["split"] == split && row["name"] == name);
        rows.next()
            .unwrap_or_else(|| panic!("no {name} of {split}"))
            .clone()
    };
    let perplexity = found("held_out_sequence", "six_mer_perplexity");
    assert_eq!(
        perplexity["value"],
        evaluation["language"]["six_mer_perplexity"]
    );
    assert_eq!(perplexity["baseline"], "markov");
    let class = &evaluation["clinvar"]["classes"][0];
    let surprise = found("clinvar/all", "auroc_surprise");
    assert_eq!(surprise["value"], class["auroc"]["surprise"]["auroc"]);
    assert_eq!(surprise["ci_low"], class["auroc"]["surprise"]["low"]);
    let html = dir.text("all.html");
    assert!(html.contains("AUROC by class: clinvar") && html.contains("splice region variant"));
}

/// What an aborted or refused run would destroy.
#[test]
fn faults_keep_the_old_report() {
    let dir = dir!();
    measure(&dir);
    for name in ["all.json", "all.md", "all.html"] {
        dir.create(name, "old");
    }
    let run = |flags: &str| dir.run(&format!("{ALL} {flags}"));
    let twice = "--metrics-json eval.json --metrics-json eval.json";
    let finished = run(twice).fails("EVAL.GENERIC", 6);
    assert!(finished.stderr().contains("eval_clinvar"), "{finished}");
    for (key, value) in [("model_id", "sha256:01"), ("dataset_snapshot", "d2")] {
        let mut other = parse(&dir.text("rollout.json"));
        other[key] = value.into();
        dir.create("other.json", other.to_string());
        let finished = run("--metrics-json eval.json --metrics-json other.json");
        let finished = finished.fails("EVAL.GENERIC", 6);
        assert!(finished.stderr().contains(key), "{finished}");
    }
    let mut other = parse(&dir.text("rollout.json"));
    other["artifacts"]["checkpoint"] = "another".into();
    dir.create("other.json", other.to_string());
    run("--metrics-json eval.json --metrics-json other.json").fails("EVAL.GENERIC", 6);
    let missing = "--metrics-json eval.json --require-v02-rollout-metrics";
    let finished = run(missing).fails("EVAL.GENERIC", 6);
    assert!(finished.stderr().contains("recall_at_k"), "{finished}");
    run("--metrics-json rollout.json --require-v02-vep-metrics").fails("EVAL.GENERIC", 6);
    dir.create(
        "other.json",
        r#"{"generated_by": "somebody", "schema_version": "1.0.0"}"#,
    );
    run("--metrics-json other.json").fails("INPUT.GENERIC", 2);
    let eval = dir.text("eval.json");
    dir.create("other.json", &eval[..eval.len() / 2]);
    run("--metrics-json other.json").fails("INPUT.GENERIC", 2);
    dir.create("other.json", eval.replace("\"1.0.0\"", "\"2.0.0\""));
    run("--metrics-json other.json").fails("INPUT.GENERIC", 2);
    dir.create(
        "other.json",
        eval.replace("\"labels.jsonl\"", "\"/etc/passwd\""),
    );
    run("--metrics-json other.json").fails("INPUT.GENERIC", 2);
    run("--metrics-json absent.json").fails("RESOURCE.GENERIC", 4);
    for name in ["all.json", "all.md", "all.html"] {
        assert_eq!(dir.text(name), "old");
    }
}
