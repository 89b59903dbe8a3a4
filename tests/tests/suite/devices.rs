//! Where a stage trains, in which numbers, and from how many batches a step.
//!
//! The processor may be named more than once, which is how training on several devices is tested
//! without a GPU: each name gets a replica and a thread of its own.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::stages::{ENCODER, JOINT, PREDICTOR, RANKING, Stage};
use genolewm_tests::{Dir, dir, golden};
use serde_json::Value;

const STEPS: u64 = 6;

/// Three batches a step, so that with two devices one of them has nothing to do at its end.
fn devices_change_nothing(stage: Stage, dir: Dir) {
    let dir = stage.prepared(dir);
    let command = |output| stage.command(output, STEPS) + " --accumulate 3";
    dir.run(&command("one")).ok();
    for devices in ["cpu,cpu", "cpu,cpu,cpu"] {
        dir.run(&(command(devices) + " --device " + devices)).ok();
        stage.assert_same(&dir, ("one", devices), STEPS);
    }
}

#[test]
fn an_encoder_trains_the_same_on_several_devices() {
    devices_change_nothing(ENCODER, dir!());
}

#[test]
fn a_predictor_trains_the_same_on_several_devices() {
    devices_change_nothing(PREDICTOR, dir!());
}

#[test]
fn encoder_and_predictor_train_the_same_on_several_devices() {
    devices_change_nothing(JOINT, dir!());
}

#[test]
fn a_ranking_trains_the_same_on_several_devices() {
    devices_change_nothing(RANKING, dir!());
}

#[test]
fn a_run_goes_on_on_other_devices() {
    let dir = JOINT.prepared(dir!());
    let command = |output| JOINT.command(output, STEPS) + " --accumulate 3";
    dir.run(&command("one")).ok();
    dir.run(&(command("two") + " --device cpu,cpu")).ok();
    // As if it had been killed before its last checkpoint was whole.
    dir.create("two/checkpoints/step_00000006.safetensors", "torn");
    dir.run(&command("two")).ok();
    JOINT.assert_same(&dir, ("one", "two"), STEPS);
}

#[test]
fn a_device_that_no_batch_would_reach_is_refused() {
    for stage in Stage::ALL {
        let dir = stage.prepared(dir!());
        let refused = dir
            .run(&(stage.command("run", STEPS) + " --device cpu,cpu"))
            .fails("CONFIG.GENERIC", 3);
        assert!(refused.stderr().contains("--accumulate 2"), "{refused}");
    }
}

#[test]
fn a_device_that_the_program_was_built_without_is_refused() {
    for stage in Stage::ALL {
        let dir = stage.prepared(dir!());
        let refused = dir
            .run(&(stage.command("run", STEPS) + " --device wgpu"))
            .fails("CONFIG.GENERIC", 3);
        assert!(refused.stderr().contains("built without wgpu"), "{refused}");
    }
}

/// A figure of the last step of a run.
fn last(dir: &Dir, run: &str, figure: &str) -> f64 {
    let metrics = dir.text(&format!("{run}/metrics.jsonl"));
    let line: Value = serde_json::from_str(metrics.lines().last().expect("a line")).expect("JSON");
    line[figure].as_f64().expect("a number")
}

#[test]
fn accumulated_batches_count_as_one() {
    let dir = ENCODER.prepared(dir!());
    let command = |output, batches| {
        let command = ENCODER.command(output, STEPS);
        format!("{command} --accumulate {batches}")
    };
    dir.run(&command("one", 1)).ok();
    dir.run(&command("two", 2)).ok();
    dir.run(&command("again", 2)).ok();
    ENCODER.assert_same(&dir, ("two", "again"), STEPS);
    let tokens = |run| last(&dir, run, "tokens_seen");
    assert_eq!(tokens("two"), 2.0 * tokens("one"));
    let weights = |run: &str| dir.bytes(&format!("{run}/encoder/model.safetensors"));
    assert!(weights("two") != weights("one"));
}

/// bf16 has 8 bits: its losses are near those of f32 and not the same.
#[test]
fn an_encoder_trains_in_bf16() {
    let dir = ENCODER.prepared(dir!());
    let narrow = |output| ENCODER.command(output, STEPS) + " --precision bf16";
    dir.run(&ENCODER.command("wide", STEPS)).ok();
    dir.run(&narrow("narrow")).ok();
    dir.run(&narrow("again")).ok();
    ENCODER.assert_same(&dir, ("narrow", "again"), STEPS);
    let (wide, narrow) = (last(&dir, "wide", "loss"), last(&dir, "narrow", "loss"));
    assert!(
        wide != narrow && (wide - narrow).abs() < 0.05,
        "{wide} {narrow}"
    );
    dir.run(&ENCODER.command("narrow", STEPS))
        .fails("CONFIG.GENERIC", 3);
}

/// Figures of measured models were made on the processor alone; a software adapter serves as a GPU here.
#[test]
fn a_model_was_measured_on_the_processor_alone() {
    let dir = dir!();
    golden::lay_out(&dir);
    dir.create("corpus.tsv", "golden/ref.fa\t1\trecord\n");
    dir.create("holdout.bed", "chr1\t0\t20000\n");
    let evaluate = format!(
        "evaluate {} --corpus corpus.tsv --holdout holdout.bed --evaluation corpus.tsv --windows 2 \
         --markov-bp 10000",
        golden::MODEL
    );
    let figures = |backend: &str| -> Value {
        let file = format!("{backend}.json");
        dir.run(&format!(
            "{evaluate} --no-gate --backend {backend} -o {file}"
        ))
        .ok();
        serde_json::from_str(&dir.text(&file)).expect("JSON")
    };
    let (processor, gpu) = (figures("cpu"), figures("wgpu"));
    // Nobody trained this predictor: it is measured, written down, and refused.
    let gated = dir.run(&format!("{evaluate} --backend cpu -o gated.json"));
    let told = gated.fails("EVAL.REGRESSION", 6).stderr();
    assert!(told.contains("--no-gate"), "{told}");
    assert_eq!(dir.text("gated.json"), dir.text("cpu.json"));
    for place in [
        "/language/bits_per_base",
        "/prediction/synthetic_snv/prediction_cosine",
        "/prediction/synthetic_indel/unchanged_l2",
    ] {
        let [one, other] =
            [&processor, &gpu].map(|of| of.pointer(place).and_then(Value::as_f64).expect(place));
        assert!(
            (one - other).abs() < 1e-4 * one.abs(),
            "{place}: {one} {other}"
        );
    }
}
