//! Training: the whole route to a model directory, and runs that are killed and resumed.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::{Dir, dir};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const STEPS: u64 = 24;

/// A small corpus: random sequence, of which a part is held out.
fn corpus() -> Dir {
    let dir = dir!();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut base = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ['A', 'C', 'G', 'T'][(state >> 60) as usize % 4]
    };
    let sequence: String = (0..60_000).map(|_| base()).collect();
    dir.create("ref.fa", format!(">chr1\n{sequence}\n"));
    dir.create("corpus.tsv", "ref.fa\t1\trecord\n");
    dir.create("holdout.bed", "chr1\t50000\t60000\n");
    dir
}

fn encoder_command(output: &str) -> String {
    format!(
        "train encoder --corpus corpus.tsv --holdout holdout.bed --output {output} --steps {STEPS} \
         --checkpoint-every 3 --log-every 1 --hidden-size 16 --intermediate-size 32 --layers 1 \
         --heads 2 --kv-heads 1 --window-tokens 12 --batch-tokens 48 --long-every 5 \
         --long-window-tokens 30 --cross-entropy-steps 12 --warmup-steps 4 --train-seed 7"
    )
}

/// Starts the encoder's training, waits for its first checkpoint and kills it.
fn train_and_kill(dir: &Dir, output: &str) {
    let mut run = dir
        .run(&encoder_command(output))
        .into_command()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let checkpoint = dir.path(output).join("checkpoint.safetensors");
    let started = Instant::now();
    while !checkpoint.exists() {
        let ended = run.try_wait().expect("the program can be watched");
        assert!(ended.is_none(), "training ended without a checkpoint");
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "no checkpoint in two minutes"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    // It may have ended by itself by now.
    let _ = run.kill();
    run.wait().expect("the program ends");
}

#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    let dir = corpus();
    dir.run(&encoder_command("whole")).ok();
    train_and_kill(&dir, "killed");
    dir.run(&encoder_command("killed")).ok();
    for file in ["checkpoint.safetensors", "encoder/model.safetensors"] {
        let (whole, killed) = (
            dir.bytes(&format!("whole/{file}")),
            dir.bytes(&format!("killed/{file}")),
        );
        assert!(whole == killed, "{file} differs after a resumed run");
    }
    let losses = |run: &str| -> Vec<String> {
        let metrics = dir.text(&format!("{run}/metrics.jsonl"));
        metrics
            .lines()
            .map(|line| {
                line.split("\"steps_per_second\"")
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    };
    assert_eq!(losses("whole").len() as u64, STEPS);
    assert_eq!(losses("whole"), losses("killed"));
}

/// A kill between a checkpoint and its line in the metrics lost the line: it has to come first. The
/// system ends this run where it writes its first checkpoint, after the third of its steps.
#[test]
fn a_step_is_logged_before_its_checkpoint() {
    let dir = corpus();
    let run = dir.run(&encoder_command("run")).into_command();
    let ended = Command::new("sh")
        .args(["-c", "ulimit -f 32 && exec \"$0\" \"$@\""])
        .arg(run.get_program())
        .args(run.get_args())
        .current_dir(dir.path("."))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the program starts");
    assert!(!ended.success(), "files were not limited");
    assert!(!dir.path("run/checkpoint.safetensors").exists());
    assert_eq!(dir.text("run/metrics.jsonl").lines().count(), 3);
}

#[test]
fn a_run_directory_refuses_other_settings() {
    let dir = corpus();
    dir.run(&encoder_command("run")).ok();
    let other = encoder_command("run").replace("--warmup-steps 4", "--warmup-steps 5");
    dir.run(&other).fails("CONFIG.GENERIC", 3);
}

#[test]
fn a_trained_model_scores_and_its_receipts_verify() {
    let dir = corpus();
    dir.run(&encoder_command("lm")).ok();
    dir.run(
        "train predictor --encoder lm/encoder --corpus corpus.tsv --holdout holdout.bed \
         --output predictor --windows 20 --steps 10 --batch 16 --d-hidden 16 --d-action 8 \
         --n-heads 2 --log-every 5 --fallback gnomad_common=synthetic_snv",
    )
    .ok();
    let sequence = dir.text("ref.fa");
    let reference = sequence
        .lines()
        .nth(1)
        .and_then(|bases| bases.chars().nth(54_999))
        .expect("a base");
    let alternate = if reference == 'A' { 'C' } else { 'A' };
    dir.create(
        "in.vcf",
        format!(
            "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n\
             chr1\t55000\t.\t{reference}\t{alternate}\t.\tPASS\t.\n"
        ),
    );
    dir.run("score --vcf in.vcf --fasta ref.fa --model-dir predictor/model --output out.jsonl")
        .ok();
    assert_eq!(dir.text("out.jsonl").lines().count(), 1);
    dir.run("verify out.jsonl.receipts.jsonl --manifest predictor/model/manifest.json")
        .ok();
}
