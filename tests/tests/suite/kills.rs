//! Runs that are killed again and again, at any point, and resumed: they end in the same bytes as a
//! run that nobody disturbed.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::stages::{ENCODER, JOINT, PREDICTOR, RANKING, Stage};
use genolewm_tests::{Dir, dir};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// How often a run is killed.
const KILLS: u64 = 20;

/// A generator of small numbers (a linear congruential one).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

/// Lines of metrics that a run has written so far.
fn lines(dir: &Dir, output: &str) -> u64 {
    let metrics = std::fs::read(dir.path(output).join("metrics.jsonl")).unwrap_or_default();
    metrics.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Runs the command again and again, killed soon after one to three further lines of metrics, and
/// the last time to its end.
fn with_kills(dir: &Dir, command: &str, output: &str) {
    let mut numbers = Numbers(11);
    for _ in 0..KILLS {
        let until = lines(dir, output) + 1 + numbers.next() % 3;
        let pause = Duration::from_micros(numbers.next() % 5_000);
        dir.run(command).kill_when(|| {
            let far = lines(dir, output) >= until;
            if far {
                std::thread::sleep(pause);
            }
            far
        });
    }
    dir.run(command).ok();
}

fn survives(stage: Stage, dir: Dir, steps: u64) {
    let dir = stage.prepared(dir);
    let command = |output| stage.command(output, steps) + " --accumulate 2";
    dir.run(&command("whole")).ok();
    with_kills(&dir, &command("killed"), "killed");
    stage.assert_same(&dir, ("whole", "killed"), steps);
}

#[test]
fn an_encoder_survives_twenty_kills() {
    survives(ENCODER, dir!(), 200);
}

#[test]
fn a_predictor_survives_twenty_kills() {
    survives(PREDICTOR, dir!(), 200);
}

#[test]
fn a_joint_run_survives_twenty_kills() {
    survives(JOINT, dir!(), 60);
}

#[test]
fn a_ranking_run_survives_twenty_kills() {
    survives(RANKING, dir!(), 100);
}

#[test]
fn two_runs_in_one_directory_are_not_mixed() {
    let dir = ENCODER.prepared(dir!());
    let command = ENCODER.command("run", 100_000);
    let mut run = dir
        .run(&command)
        .into_command()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let started = Instant::now();
    // By its sixth line it has a checkpoint.
    while lines(&dir, "run") < 6 {
        assert!(started.elapsed() < Duration::from_secs(120), "no progress");
        std::thread::sleep(Duration::from_millis(1));
    }
    let second = dir.run(&command).fails("RESOURCE.GENERIC", 4);
    run.kill().expect("the first run goes on");
    run.wait().expect("the program ends");
    assert!(second.stderr().contains("another process"), "{second}");
    // The lock went with the process that held it; other settings are what it is refused for now.
    dir.run(&ENCODER.command("run", 5_000))
        .fails("CONFIG.GENERIC", 3);
}
