//! Training of predictor and encoder together: a run's bytes, its end, and the model that it leaves.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::corpus::random_corpus;
use genolewm_tests::{Dir, dir};
use serde_json::Value;

const JOINT: &str = "train joint --model-dir first/model --corpus corpus.tsv --holdout holdout.bed \
    --steps 8 --windows 2 --validation-windows 3 --checkpoint-every 1 --keep 9 --log-every 2 \
    --collapse-every 4 --lora-rank 4 --warmup-steps 2 --curriculum \
    --fallback gnomad_common=synthetic_snv --train-seed 7";

/// A small corpus, of which a part is held out, and a model of `train predictor`.
fn model() -> Dir {
    let dir = random_corpus(dir!());
    dir.run(
        "train encoder --corpus corpus.tsv --holdout holdout.bed --output lm --steps 6 \
         --hidden-size 16 --intermediate-size 32 --layers 2 --heads 2 --kv-heads 1 \
         --window-tokens 12 --batch-tokens 48 --long-window-tokens 30 --warmup-steps 2",
    )
    .ok();
    dir.run(
        "train predictor --encoder lm/encoder --corpus corpus.tsv --holdout holdout.bed \
         --output first --generation-windows 4 --validation-windows 4 --steps 4 --batch 16 --d-hidden 16 --d-action 8 --n-heads 2 \
         --fallback gnomad_common=synthetic_snv",
    )
    .ok();
    dir
}

fn joint(output: &str) -> String {
    format!("{JOINT} --output {output}")
}

fn json(dir: &Dir, file: &str) -> Value {
    serde_json::from_str(&dir.text(file)).expect("JSON")
}

/// The tensors' names and shapes in a safetensors file.
fn shapes(bytes: &[u8]) -> serde_json::Map<String, Value> {
    let length = bytes[..8].try_into().map(u64::from_le_bytes);
    let header = &bytes[8..8 + length.expect("a length") as usize];
    let header: Value = serde_json::from_slice(header).expect("a header");
    header.as_object().expect("an object").clone()
}

/// What equal runs have equal bytes of.
fn assert_same_run(dir: &Dir, one: &str, other: &str) {
    let checkpoints = (1..=8).map(|step| format!("checkpoints/step_{step:08}.safetensors"));
    let others = [
        "metrics.jsonl",
        "config.resolved.yaml",
        "lora.safetensors",
        "adapter_config.json",
        "model/manifest.json",
        "model/encoder/model.safetensors",
        "model/predictor.safetensors",
        "model/action_encoder.safetensors",
        "model/calibration.parquet",
        "model/self_check.json",
    ];
    for file in checkpoints.chain(others.map(str::to_owned)) {
        let (a, b) = (
            dir.bytes(&format!("{one}/{file}")),
            dir.bytes(&format!("{other}/{file}")),
        );
        assert!(a == b, "{file} differs between {one} and {other}");
    }
}

#[test]
fn equal_runs_have_equal_bytes_killed_or_not() {
    let dir = model();
    dir.run(&joint("whole")).ok();
    dir.run(&joint("again")).ok();
    assert_same_run(&dir, "whole", "again");
    let third = dir.path("killed/checkpoints/step_00000003.safetensors");
    dir.run(&joint("killed")).kill_when(|| third.exists());
    dir.run(&joint("killed")).ok();
    assert_same_run(&dir, "whole", "killed");
    let from = json(&dir, "killed/training_run.json")["resumed_from_step"].as_u64();
    assert!(from >= Some(3), "{from:?}");
}

#[test]
fn the_model_scores_with_its_adapters_and_its_receipts_verify() {
    let dir = model();
    dir.run(&joint("run")).ok();
    let weights = |model: &str| dir.bytes(&format!("{model}/encoder/model.safetensors"));
    let (before, after) = (weights("first/model"), weights("run/model"));
    assert!(before != after, "the adapters are not merged");
    assert_eq!(shapes(&before), shapes(&after));
    let adapters = shapes(&dir.bytes("run/lora.safetensors"));
    let prefix = "base_model.model.model.layers.1.self_attn.k_proj";
    assert_eq!(
        adapters[&format!("{prefix}.lora_A.weight")]["shape"],
        Value::from(vec![4, 16])
    );
    assert_eq!(
        adapters[&format!("{prefix}.lora_B.weight")]["shape"],
        Value::from(vec![8, 4])
    );
    let config = json(&dir, "run/adapter_config.json");
    assert_eq!(config["r"], 4);
    assert_eq!(config["layers_to_transform"], Value::from(vec![0, 1]));
    let sequence = dir.text("ref.fa");
    let bases = sequence.lines().nth(1).expect("bases");
    let reference = bases.chars().nth(54_999).expect("a base");
    let alternate = if reference == 'A' { 'C' } else { 'A' };
    dir.create(
        "in.vcf",
        format!(
            "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n\
             chr1\t55000\t.\t{reference}\t{alternate}\t.\tPASS\t.\n"
        ),
    );
    dir.run("score --vcf in.vcf --fasta ref.fa --model-dir run/model --output out.jsonl")
        .ok();
    assert_eq!(dir.text("out.jsonl").lines().count(), 1);
    dir.run("verify out.jsonl.receipts.jsonl --manifest run/model/manifest.json")
        .ok();
}

#[test]
fn a_run_that_diverges_names_a_checkpoint_that_is_whole() {
    let dir = model();
    let command = joint("run") + " --learning-rate 1e30 --lora-learning-rate 1e30";
    let failed = dir.run(&command).fails("TRAINING.NAN_LOSS", 5);
    let named = "run/checkpoints/step_00000001.safetensors";
    assert!(failed.stderr().contains(named), "{failed}");
    let saved = dir.bytes(named);
    assert_eq!(json(&dir, "run/training_run.json")["status"], "failed");
    // It is read again, by its checksum, and left as it is.
    let again = dir.run(&command).fails("TRAINING.NAN_LOSS", 5);
    assert!(!again.stderr().contains("checksum"), "{again}");
    assert!(dir.bytes(named) == saved);
    assert_eq!(json(&dir, "run/training_run.json")["resumed_from_step"], 1);
}

/// States of length 1 are far from a normal distribution, so the regulariser always gives an alert.
#[test]
fn a_collapse_ends_the_run_where_it_is_to_and_is_told_of_elsewhere() {
    let dir = model();
    let stopping = joint("run") + " --stop-on-collapse";
    let failed = dir
        .run(&stopping)
        .fails("TRAINING.COLLAPSE_DETECTED", 5)
        .stderr();
    assert!(
        failed.contains("kl_reg") && failed.contains("step_00000004"),
        "{failed}"
    );
    let told = dir.run(&joint("run")).ok().stderr();
    assert!(told.contains("warning: collapse monitor: kl_reg"), "{told}");
    dir.run(&joint("whole")).ok();
    assert_same_run(&dir, "whole", "run");
    let figures = dir.text("run/metrics.jsonl");
    assert!(figures.contains("\"collapse_alerts\":[\"kl_reg\"]"));
    let quiet = joint("quiet") + " --collapse-kl-max 1e6 --stop-on-collapse";
    dir.run(&quiet).ok();
}
