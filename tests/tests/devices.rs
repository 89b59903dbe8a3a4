//! Training on several devices. The processor may be named more than once, which is how this is tested
//! without a GPU: each name gets a replica and a thread of its own.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::dir;
use genolewm_tests::stages::{ENCODER, JOINT, PREDICTOR, RANKING, Stage};

const STEPS: u64 = 6;

/// Three batches a step, so that with two devices one of them has nothing to do at its end.
fn devices_change_nothing(stage: Stage, dir: genolewm_tests::Dir) {
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
