//! Training: the whole route to a model directory, and runs that are killed and resumed.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::corpus::{EXONS, random_bases, random_corpus};
use genolewm_tests::{Dir, dir};
use serde_json::Value;
use std::process::{Command, Stdio};

const STEPS: u64 = 24;

/// A small corpus: random sequence, of which a part is held out.
fn corpus() -> Dir {
    random_corpus(dir!())
}

fn encoder_command(output: &str) -> String {
    format!(
        "train encoder --corpus corpus.tsv --holdout holdout.bed --output {output} --steps {STEPS} \
         --checkpoint-every 3 --log-every 1 --hidden-size 16 --intermediate-size 32 --layers 1 \
         --heads 2 --kv-heads 1 --window-tokens 12 --batch-tokens 48 --long-every 5 \
         --long-window-tokens 30 --cross-entropy-steps 12 --warmup-steps 4 --train-seed 7"
    )
}

/// File names of a run's checkpoints, sorted.
fn checkpoints(dir: &Dir, output: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir.path(output).join("checkpoints")) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with("step_") && name.ends_with(".safetensors"))
        .collect();
    names.sort();
    names
}

fn json(dir: &Dir, file: &str) -> Value {
    serde_json::from_str(&dir.text(file)).expect("JSON")
}

/// What equal runs have equal bytes of.
fn assert_same_run(dir: &Dir, one: &str, other: &str) {
    assert_eq!(checkpoints(dir, one), checkpoints(dir, other));
    let saved = checkpoints(dir, one);
    let saved = saved.iter().map(|name| format!("checkpoints/{name}"));
    let others = [
        "encoder/model.safetensors",
        "metrics.jsonl",
        "curves.svg",
        "dataset_manifest.json",
        "config.resolved.yaml",
    ];
    for file in saved.chain(others.map(str::to_owned)) {
        let (a, b) = (
            dir.bytes(&format!("{one}/{file}")),
            dir.bytes(&format!("{other}/{file}")),
        );
        assert!(a == b, "{file} differs between {one} and {other}");
    }
}

const PREDICTOR: &str = "train predictor --encoder lm/encoder --corpus corpus.tsv \
    --holdout holdout.bed --output OUT --generation-windows 8 --generation-steps 4 \
    --validation-windows 4 --steps 10 --batch 16 --d-hidden 16 --d-action 8 --n-heads 2 \
    --log-every 5 --fallback gnomad_common=synthetic_snv";

#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    let dir = corpus();
    dir.run(&encoder_command("whole")).ok();
    let first = || !checkpoints(&dir, "killed").is_empty();
    dir.run(&encoder_command("killed")).kill_when(first);
    dir.run(&encoder_command("killed")).ok();
    assert_same_run(&dir, "whole", "killed");
    for file in ["metrics.jsonl", "timing.jsonl"] {
        let lines = dir.text(&format!("killed/{file}"));
        assert_eq!(lines.lines().count() as u64, STEPS, "{file}");
    }
    let resumed = json(&dir, "killed/training_run.json");
    let from = resumed["resumed_from_step"].as_u64().expect("a step");
    assert!(from > 0 && from.is_multiple_of(3), "{resumed}");
    let events = std::fs::read_dir(dir.path("killed/tb")).expect("events");
    assert_eq!(events.count(), 2, "the resumed run writes a further file");
}

#[test]
fn a_run_leaves_its_directory() {
    let dir = corpus();
    let command = encoder_command("run") + " --keep 2 --keep-every 9";
    dir.run(&command).ok();
    let kept = [9, 18, 21, 24].map(|step| format!("step_{step:08}.safetensors"));
    assert_eq!(checkpoints(&dir, "run"), kept);
    let about = json(&dir, "run/training_run.json");
    assert_eq!(about["status"], "completed");
    assert_eq!(about["steps_completed"], STEPS);
    assert_eq!(
        about["checkpoint_files"],
        Value::from(kept.map(|name| format!("checkpoints/{name}")).to_vec())
    );
    let data = json(&dir, "run/dataset_manifest.json");
    assert_eq!(about["dataset_snapshot_id"], data["snapshot_id"]);
    let files = data["files"].as_array().expect("files");
    let role = |file: &Value| file["role"].as_str().map(str::to_owned);
    let roles: Vec<_> = files.iter().filter_map(role).collect();
    assert_eq!(roles, ["corpus", "corpus_table", "holdout"]);
    assert_eq!(files[2]["bytes"], dir.bytes("holdout.bed").len());
    let hash = files[2]["sha256"].as_str().expect("a hash");
    assert_eq!(data["holdout_sha256"], format!("sha256:{hash}"));
    let figures = dir.text("run/metrics.prom");
    let steps = format!("geno_lewm_training_step_duration_count {STEPS}\n");
    assert!(figures.contains(&steps), "{figures}");
    assert!(figures.contains("\ngeno_lewm_training_loss_pred "));
    assert!(dir.text("run/curves.svg").contains("six_mer_nats"));
    let events = std::fs::read_dir(dir.path("run/tb")).expect("events");
    let events: Vec<_> = events
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(events.len(), 1);
    let events = std::fs::read(&events[0]).expect("events");
    let loss = |window: &&[u8]| *window == b"six_mer_nats";
    assert_eq!(events.windows(12).filter(loss).count() as u64, STEPS);
}

#[test]
fn a_runs_settings_repeat_it() {
    let dir = corpus();
    dir.run(&encoder_command("run")).ok();
    dir.run("train encoder --config run/config.resolved.yaml --output again")
        .ok();
    assert_same_run(&dir, "run", "again");
}

#[test]
fn a_torn_checkpoint_gives_way_to_the_one_before() {
    let dir = corpus();
    dir.run(&encoder_command("whole")).ok();
    dir.run(&encoder_command("torn")).ok();
    let newest = format!("torn/checkpoints/step_{STEPS:08}.safetensors");
    let bytes = dir.bytes(&newest);
    dir.create(&newest, &bytes[..bytes.len() - 100]);
    let finished = dir.run(&encoder_command("torn")).ok();
    let told = finished.stderr();
    assert!(
        told.contains("warning:") && told.contains("goes on from step 21"),
        "{told}"
    );
    assert_same_run(&dir, "whole", "torn");
    assert_eq!(
        json(&dir, "torn/training_run.json")["resumed_from_step"],
        21
    );
}

/// A kill between a checkpoint and its line in the metrics lost the line: it has to come first. This
/// run fails where it writes its first checkpoint, after the third of its steps: no file may be so long.
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
    assert!(checkpoints(&dir, "run").is_empty());
    assert_eq!(json(&dir, "run/training_run.json")["status"], "failed");
    assert_eq!(dir.text("run/metrics.jsonl").lines().count(), 3);
}

/// Before any data is read: they are gone here.
#[test]
fn a_run_directory_refuses_another_network_and_other_settings() {
    let dir = corpus();
    dir.run(&encoder_command("run")).ok();
    std::fs::remove_file(dir.path("corpus.tsv")).expect("the table goes");
    for (flag, other, named) in [
        (
            "--warmup-steps 4",
            "--warmup-steps 5",
            "settings: warmup_steps is 4 there and 5 here",
        ),
        (
            "--layers 1",
            "--layers 2",
            "architecture: num_hidden_layers is 1 there and 2 here",
        ),
    ] {
        let command = encoder_command("run").replace(flag, other);
        let finished = dir.run(&command).fails("CONFIG.GENERIC", 3);
        assert!(finished.stderr().contains(named), "{finished}");
    }
}

#[test]
fn a_run_directory_refuses_other_data() {
    let dir = corpus();
    dir.run(&encoder_command("run")).ok();
    let before = dir.bytes("run/metrics.jsonl");
    dir.create("holdout.bed", "chr1\t40000\t60000\n");
    let finished = dir.run(&encoder_command("run")).fails("CONFIG.GENERIC", 3);
    assert!(
        finished.stderr().contains("holdout.bed (holdout)"),
        "{finished}"
    );
    assert!(
        dir.bytes("run/metrics.jsonl") == before,
        "a refused run changes nothing"
    );
}

#[test]
fn a_run_that_diverges_says_so_and_keeps_its_checkpoints() {
    let dir = corpus();
    let command = encoder_command("run") + " --learning-rate 1e30";
    dir.run(&command).fails("TRAINING.NAN_LOSS", 5);
    assert_eq!(json(&dir, "run/training_run.json")["status"], "failed");
}

#[test]
fn a_predictor_that_diverges_says_so_and_keeps_its_checkpoints() {
    let dir = corpus();
    dir.run(&encoder_command("lm")).ok();
    let command = PREDICTOR.replace("OUT", "run") + " --checkpoint-every 1 --learning-rate 1e30";
    dir.run(&command).fails("TRAINING.NAN_LOSS", 5);
    assert_eq!(json(&dir, "run/training_run.json")["status"], "failed");
    assert!(
        dir.path("run/checkpoints/step_00000001.safetensors")
            .exists()
    );
}

#[test]
fn a_window_that_cannot_be_scored_is_refused_before_training() {
    let dir = corpus();
    dir.run(&encoder_command("lm")).ok();
    let command = PREDICTOR.replace("OUT", "run") + " --window-bp 95";
    let refused = dir.run(&command).fails("CONFIG.GENERIC", 3);
    assert!(refused.stderr().contains("least: 96"), "{refused}");
    assert!(!dir.path("run").exists());
}

#[test]
fn a_trained_model_scores_and_its_receipts_verify() {
    let dir = corpus();
    dir.run(&encoder_command("lm")).ok();
    dir.run(&PREDICTOR.replace("OUT", "predictor")).ok();
    assert_eq!(
        checkpoints(&dir, "predictor"),
        ["step_00000010.safetensors"]
    );
    let about = json(&dir, "predictor/training_run.json");
    assert_eq!(about["status"], "completed");
    let metrics = dir.text("predictor/metrics.jsonl");
    assert_eq!(metrics.lines().count(), 2);
    assert!(metrics.contains("\"validation_cosine\":"));
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

/// A corpus with annotation, and an encoder.
fn annotated() -> Dir {
    let dir = corpus();
    dir.create("exons.tsv", EXONS);
    dir.run(&encoder_command("lm")).ok();
    dir
}

const RANKING: &str = "train ranking --corpus corpus.tsv --holdout holdout.bed --exons exons.tsv \
    --init lm/encoder --output rank --steps 4 --windows 4 --context-tokens 8 10 \
    --checkpoint-every 2 --log-every 1 --keep 1 --validation-share 0";

/// The run in `rank` again, from the settings that it resolved.
fn assert_repeats(dir: &Dir) {
    dir.run("train ranking --config rank/config.resolved.yaml --output again")
        .ok();
    for file in ["checkpoints/step_00000004.safetensors", "metrics.jsonl"] {
        let (first, again) = (format!("rank/{file}"), format!("again/{file}"));
        assert!(dir.bytes(&first) == dir.bytes(&again), "{file}");
    }
}

#[test]
fn a_ranking_run_has_a_directory_too() {
    let dir = annotated();
    dir.run(RANKING).ok();
    assert_eq!(checkpoints(&dir, "rank"), ["step_00000004.safetensors"]);
    let checkpoint = dir.bytes("rank/checkpoints/step_00000004.safetensors");
    assert_eq!(json(&dir, "rank/training_run.json")["status"], "completed");
    let roles = json(&dir, "rank/dataset_manifest.json").to_string();
    assert!(roles.contains("\"exons\"") && roles.contains("\"encoder\""));
    dir.run(&RANKING.replace("--steps 4", "--steps 5"))
        .fails("CONFIG.GENERIC", 3);
    dir.run(RANKING).ok();
    assert!(dir.bytes("rank/checkpoints/step_00000004.safetensors") == checkpoint);
}

#[test]
fn a_ranking_run_with_all_of_its_losses_repeats_from_its_resolved_settings() {
    let dir = annotated();
    let all = " --element-weight 0.5 --pair-weight 0.5 --accumulate 2 --long-every 2 \
               --long-context-tokens 20";
    dir.run(&format!("{RANKING}{all}")).ok();
    assert_repeats(&dir);
    let metrics = dir.text("rank/metrics.jsonl");
    let first = metrics.lines().next().expect("a line");
    let line: Value = serde_json::from_str(first).expect("JSON");
    dir.run(
        "train ranking --config rank/config.resolved.yaml --output other --context-tokens 8 9 --steps 1",
    )
    .ok();
    assert!(
        dir.text("other/config.resolved.yaml")
            .contains("context_tokens:\n    - 8\n    - 9\n")
    );
    // Fifteen elements, and a head that knows nothing yet.
    let nats = line["element_nats"].as_f64().expect("a number");
    assert!((nats - 15f64.ln()).abs() < 1e-3, "{nats}");
}

/// What damages was to move the state, whether that could be foreseen or not: a predictor that was good
/// erased what its surprise should have told.
#[test]
fn ranking_acted_on_the_shift_alone() {
    let dir = annotated();
    let apart: String = random_bases(4_000).chars().rev().collect();
    dir.create("apart.fa", format!(">apart\n{apart}\n"));
    dir.create("validation.tsv", "apart.fa\t1\trecord\n");
    let predictor = "train predictor --corpus corpus.tsv --holdout holdout.bed --validation validation.tsv \
                     --window-bp 96 --views=+0,-2 --pool-radius 0 --steps 4 --generation-windows 8 \
                     --generations 2 --validation-windows 2 --batch 4 --d-hidden 16 --d-action 8 --n-heads 2 \
                     --fallback gnomad_common=synthetic_snv";
    dir.run(&format!("{predictor} --encoder lm/encoder --output first"))
        .ok();
    let before = dir.bytes("first/model/predictor.safetensors");
    let residual = format!("{RANKING} --predictor first/model --language-weight 0");
    dir.run(&residual).ok();
    assert_repeats(&dir);
    // A predictor of a few steps says what was there before: all of the change is unexplained, nearly.
    let metrics = dir.text("rank/metrics.jsonl");
    let line: Value = serde_json::from_str(metrics.lines().next().expect("a line")).expect("JSON");
    let unexplained = line["unexplained"].as_f64().expect("a number");
    assert!((0.5..2.0).contains(&unexplained), "{unexplained}");
    assert_eq!(line["six_mer_nats"], 0.0);
    assert!(dir.bytes("first/model/predictor.safetensors") == before);
    let roles = json(&dir, "rank/dataset_manifest.json").to_string();
    assert!(roles.contains("\"predictor\"") && roles.contains("\"action_encoder\""));
    // What it was made of is another encoder now.
    let other = residual.replace(
        "--init lm/encoder --output rank",
        "--init rank/encoder --output other",
    );
    dir.run(&other)
        .fails("PROVENANCE.MANIFEST_HASH_MISMATCH", 8);
    dir.assert_no_output(&["other/encoder"]);
    // The same predictor on the encoder that follows it, and trained on there.
    let on = format!("{predictor} --encoder rank/encoder --init first/model");
    let as_it_is = on.replace("--steps 4", "--steps 0");
    dir.run(&format!("{as_it_is} --output same")).ok();
    assert!(dir.bytes("same/model/predictor.safetensors") == before);
    assert!(
        dir.bytes("same/model/encoder/model.safetensors")
            == dir.bytes("rank/encoder/model.safetensors")
    );
    dir.run(&format!("{on} --output further")).ok();
    assert!(dir.bytes("further/model/predictor.safetensors") != before);
    let roles = json(&dir, "further/dataset_manifest.json").to_string();
    assert!(roles.contains("\"predictor\"") && roles.contains("\"action_encoder\""));
    for other in [
        on.replace("--d-hidden 16", "--d-hidden 24"),
        on.replace("--n-heads 2", "--n-heads 4"),
    ] {
        dir.run(&format!("{other} --output refused"))
            .fails("CONFIG.GENERIC", 3);
    }
    // Anew on the encoder that follows it, by the other optimiser.
    let anew = format!("{predictor} --encoder rank/encoder --optimizer muon --output second");
    dir.run(&anew).ok();
    dir.run(&anew.replace("--optimizer muon ", ""))
        .fails("CONFIG.GENERIC", 3);
}

/// A cache was filled by `cache-windows`, and nobody read it.
#[test]
fn training_encoded_what_the_window_cache_had() {
    let dir = corpus();
    dir.run(&encoder_command("lm")).ok();
    let train = |output: &str, flags: &str| {
        let run = dir.run(&format!("{} {flags}", PREDICTOR.replace("OUT", output)));
        run.ok().stderr()
    };
    train("none", "");
    let told = train("first", "--cache-dir cache");
    assert!(told.contains("window cache: 0 of "), "{told}");
    // Shards are found without an index, too.
    std::fs::remove_file(dir.path("cache/embeddings/index.sqlite")).expect("an index");
    let told = train("second", "--cache-dir cache");
    let counts = told.split("window cache: ").nth(1).expect("a count");
    let (found, asked) = counts.split_once(" of ").expect("two counts");
    assert!(
        found == asked.split(' ').next().expect("a count") && found != "0",
        "{told}"
    );
    let weights = |output: &str| dir.bytes(&format!("{output}/model/predictor.safetensors"));
    assert!(
        weights("first") == weights("second"),
        "found states are those that were kept"
    );
    assert!(
        weights("none") == weights("first"),
        "a run that went on with another cache, or none, ended in the bytes of neither"
    );
    // Another encoder's states are not these.
    let other = encoder_command("other").replace("--train-seed 7", "--train-seed 8");
    dir.run(&other).ok();
    let command = PREDICTOR
        .replace("OUT", "third")
        .replace("lm/encoder", "other/encoder");
    let told = dir
        .run(&format!("{command} --cache-dir cache"))
        .ok()
        .stderr();
    assert!(told.contains("window cache: 0 of "), "{told}");
}
