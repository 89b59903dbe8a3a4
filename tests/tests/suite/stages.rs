//! What all stages of training share: configurations, the seed, and `--deterministic`.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::dir;
use genolewm_tests::stages::{JOINT, Stage};
use serde_json::Value;

const STEPS: u64 = 4;

#[test]
fn a_printed_configuration_trains_the_same() {
    for stage in Stage::ALL {
        let dir = stage.prepared(dir!());
        let command = stage.command("typed", STEPS) + " --train-seed 3";
        let printed = dir.run(&format!("{command} --print-config")).stdout();
        dir.create("c.yaml", &printed);
        dir.run(&command).ok();
        let name = stage.name();
        dir.run(&format!("train {name} --config c.yaml --output printed"))
            .ok();
        stage.assert_same(&dir, ("typed", "printed"), STEPS);
        let again = format!("train {name} --config c.yaml --print-config");
        assert_eq!(dir.run(&again).stdout(), printed);
    }
}

#[test]
fn a_seed_reaches_every_stage_however_it_is_given() {
    for stage in Stage::ALL {
        let dir = stage.prepared(dir!());
        let command = |output| stage.command(output, STEPS);
        dir.create("seed.yaml", "seed: 3\n");
        dir.run(&(command("own") + " --train-seed 3")).ok();
        dir.run(&(command("shared") + " --seed 3")).ok();
        dir.run(&(command("top") + " --config seed.yaml")).ok();
        dir.run(&(command("both") + " --seed 4 --train-seed 3"))
            .ok();
        let before = command("before").replacen("train", "--seed 3 train", 1);
        dir.run(&before).ok();
        for run in ["shared", "top", "both", "before"] {
            stage.assert_same(&dir, ("own", run), STEPS);
        }
        dir.run(&command("none")).ok();
        let metrics = |run: &str| dir.text(&format!("{run}/metrics.jsonl"));
        assert!(
            metrics("none") != metrics("own"),
            "the seed changes nothing"
        );
    }
}

#[test]
fn what_is_to_be_deterministic_trains_on_no_gpu() {
    for stage in Stage::ALL {
        let dir = dir!();
        let command = stage.command("run", STEPS) + " --deterministic --device cpu,cuda:1";
        let refused = dir.run(&command).fails("CONFIG.GENERIC", 3);
        assert!(refused.stderr().contains("--deterministic"), "{refused}");
        assert!(dir.names().is_empty(), "{:?}", dir.names());
    }
    let dir = dir!();
    dir.run("score --vcf in.vcf --fasta ref.fa --backend wgpu --deterministic")
        .fails("CONFIG.GENERIC", 3);
}

#[test]
fn a_joint_run_is_looked_at_before_it_starts() {
    let dir = JOINT.prepared(dir!());
    let command = JOINT.command("run", 30) + " --preflight";
    let report: Value = serde_json::from_str(&dir.run(&command).stdout()).expect("JSON");
    assert_eq!(
        (&report["ok"], &report["stage"]),
        (&true.into(), &"joint".into())
    );
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64);
    // Two windows a step, of eight items of one to three edits.
    assert_eq!(number("/dataset/windows_checked"), Some(60));
    assert!(number("/dataset/edits_checked") >= Some(480), "{report}");
    assert_eq!(number("/dataset/holdout_bp_checked"), Some(10_000));
    assert_eq!(number("/dataset/leaks"), Some(0));
    assert!(number("/disk/checkpoint_bytes") > Some(0), "{report}");
    assert!(!dir.path("run").exists());
    // What stops the run stops the look, too.
    dir.create("first/model/manifest.json", "{}");
    dir.run(&command).finish().expect_status(5);
}
