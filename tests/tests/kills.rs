//! Runs that are killed again and again, at any point, and resumed: they end in the same bytes as a
//! run that nobody disturbed.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::corpus::{EXONS, random_corpus};
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

fn corpus() -> Dir {
    random_corpus(dir!())
}

const ENCODER: &str = "train encoder --corpus corpus.tsv --holdout holdout.bed --output OUT --steps 200 \
    --checkpoint-every 2 --log-every 1 --hidden-size 16 --intermediate-size 32 --layers 1 --heads 2 \
    --kv-heads 1 --window-tokens 12 --batch-tokens 48 --long-every 0 --cross-entropy-steps 100 \
    --warmup-steps 4 --accumulate 2";

const PREDICTOR: &str = "train predictor --encoder lm/encoder --corpus corpus.tsv --holdout holdout.bed \
    --output OUT --steps 200 --checkpoint-every 2 --log-every 1 --collapse-every 7 \
    --generation-windows 2 --generation-steps 7 --generations 3 --validation-windows 2 --batch 4 \
    --accumulate 2 --balance --d-hidden 16 --d-action 8 --n-heads 2 --warmup-steps 4 \
    --fallback gnomad_common=synthetic_snv";

const JOINT: &str = "train joint --model-dir first/model --corpus corpus.tsv --holdout holdout.bed \
    --output OUT --steps 60 --windows 2 --validation-windows 2 --checkpoint-every 2 --log-every 1 \
    --collapse-every 7 --lora-rank 4 --warmup-steps 4 --curriculum --accumulate 2 \
    --fallback gnomad_common=synthetic_snv";

const RANKING: &str = "train ranking --corpus corpus.tsv --holdout holdout.bed --exons exons.tsv \
    --init lm/encoder --output OUT --steps 100 --windows 4 --context-tokens 8 10 --element-weight 0.5 \
    --pair-weight 0.5 --accumulate 2 --checkpoint-every 2 --log-every 1 --validation-share 0 \
    --warmup-steps 4";

/// Lines of metrics that a run has written so far.
fn lines(dir: &Dir, output: &str) -> u64 {
    let metrics = std::fs::read(dir.path(output).join("metrics.jsonl")).unwrap_or_default();
    metrics.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Runs the command again and again, killed soon after one to three further lines of metrics, and
/// the last time to its end.
fn with_kills(dir: &Dir, command: &str, output: &str) {
    let mut numbers = Numbers(11);
    for kill in 0..KILLS {
        let until = lines(dir, output) + 1 + numbers.next() % 3;
        let mut run = dir
            .run(command)
            .into_command()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let started = Instant::now();
        while lines(dir, output) < until {
            let ended = run.try_wait().expect("the program can be watched");
            assert!(ended.is_none(), "it ended by itself before kill {kill}");
            assert!(started.elapsed() < Duration::from_secs(120), "no progress");
            std::thread::sleep(Duration::from_micros(500));
        }
        std::thread::sleep(Duration::from_micros(numbers.next() % 5_000));
        // It may have ended by itself by now.
        let _ = run.kill();
        run.wait().expect("the program ends");
    }
    dir.run(command).ok();
}

fn survives(dir: &Dir, command: &str, weights: &[&str]) {
    dir.run(&command.replace("OUT", "whole")).ok();
    with_kills(dir, &command.replace("OUT", "killed"), "killed");
    for file in weights.iter().chain(&["metrics.jsonl"]) {
        let (whole, resumed) = (
            dir.bytes(&format!("whole/{file}")),
            dir.bytes(&format!("killed/{file}")),
        );
        assert!(whole == resumed, "{file} differs after {KILLS} kills");
    }
}

#[test]
fn an_encoder_survives_twenty_kills() {
    let weights = [
        "checkpoints/step_00000200.safetensors",
        "encoder/model.safetensors",
    ];
    survives(&corpus(), ENCODER, &weights);
}

#[test]
fn a_predictor_survives_twenty_kills() {
    let dir = corpus();
    dir.run(&ENCODER.replace("OUT", "lm")).ok();
    let weights = [
        "checkpoints/step_00000200.safetensors",
        "model/predictor.safetensors",
        "model/action_encoder.safetensors",
        "model/calibration.parquet",
    ];
    survives(&dir, PREDICTOR, &weights);
}

#[test]
fn a_joint_run_survives_twenty_kills() {
    let dir = corpus();
    dir.run(
        &ENCODER
            .replace("OUT", "lm")
            .replace("--layers 1", "--layers 2"),
    )
    .ok();
    let first = PREDICTOR.replace("OUT", "first");
    dir.run(&first.replace("--steps 200", "--steps 4")).ok();
    let weights = [
        "checkpoints/step_00000060.safetensors",
        "lora.safetensors",
        "model/encoder/model.safetensors",
        "model/predictor.safetensors",
        "model/action_encoder.safetensors",
    ];
    survives(&dir, JOINT, &weights);
}

#[test]
fn a_ranking_run_survives_twenty_kills() {
    let dir = corpus();
    dir.create("exons.tsv", EXONS);
    dir.run(&ENCODER.replace("OUT", "lm")).ok();
    let weights = [
        "checkpoints/step_00000100.safetensors",
        "encoder/model.safetensors",
    ];
    survives(&dir, RANKING, &weights);
}

#[test]
fn two_runs_in_one_directory_are_not_mixed() {
    let dir = corpus();
    let command = ENCODER
        .replace("OUT", "run")
        .replace("--steps 200", "--steps 100000");
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
    let other = command.replace("--steps 100000", "--steps 5000");
    dir.run(&other).fails("CONFIG.GENERIC", 3);
}
