//! The fixture (`--fixture-smoke`): a whole training in seconds, to show that an installation works.
//!
//! The trainers are those of every run, with tiny sizes; the model that comes out scores, and is of
//! no use.

use super::driver::train;
use super::encoder::EncoderSettings;
use super::files::{read, unreadable};
use super::predictor::PredictorSettings;
use super::resume::adopt;
use super::run::TrainingHost;
use super::run_dir::{CHECKPOINTS, CheckpointFolder};
use super::typed::{flag, flags, settings as typed};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::bases::{below, decode};
use genolewm_data::corpus::table::DATA_DIRECTORY_VARIABLE;
use genolewm_report::metrics::{read_metrics, series};
use genolewm_report::output::write_atomically;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use serde::Serialize;
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Steps of the predictor where none are named.
pub const DEFAULT_STEPS: u64 = 50;
/// The made-up contig, in its file and in the hold-outs.
const CONTIG: &str = "fixture";
/// Its length; the last part of it is held out.
const SEQUENCE_BP: usize = 48_000;
const HELD_OUT_BP: usize = 8_000;
/// The sequence repeats words, since noise teaches nothing.
const WORDS: usize = 8;
const WORD_BP: usize = 36;

const ENCODER_FLAGS: &str = "--steps 120 --hidden-size 16 --intermediate-size 32 --layers 1 --heads 2 \
    --kv-heads 1 --window-tokens 16 --batch-tokens 128 --long-every 0 --cross-entropy-steps 60 \
    --warmup-steps 4 --learning-rate 0.01 --checkpoint-every 120 --log-every 1";
const PREDICTOR_FLAGS: &str = "--generation-windows 8 --validation-windows 2 --window-bp 4096 --d-hidden 16 --d-action 8 --n-heads 2 \
    --batch 32 --learning-rate 0.01 --warmup-steps 4 --log-every 1 --fallback gnomad_common=synthetic_snv \
    --model-name geno-lewm-fixture";

/// What is trained, and where.
#[derive(Debug, Clone)]
pub struct FixtureSettings {
    /// The directory that data, encoder and predictor go to.
    pub run_dir: PathBuf,
    /// Steps of the predictor; its checkpoint is written at the end.
    pub steps: u64,
    /// Seed of sequence, weights and data.
    pub seed: u64,
    /// A checkpoint of the predictor to go on from.
    pub resume_from: Option<PathBuf>,
}

/// How a fixture's training ended. Its fields are those of the Python package, in the order of
/// their names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FixtureTrainingReport {
    /// The newest checkpoint.
    pub checkpoint_path: PathBuf,
    /// The settings.
    pub config_path: PathBuf,
    /// The data, by hash.
    pub dataset_manifest_path: PathBuf,
    /// The predictor's loss at its last step.
    pub final_loss: f64,
    /// The figures that depend on the machine.
    pub log_path: PathBuf,
    /// The figures, line by line.
    pub metrics_path: PathBuf,
    /// Steps that were done when the training took over.
    pub resumed_from_step: u64,
    /// The directory of all of this.
    pub run_dir: PathBuf,
    /// The run's name.
    pub run_id: String,
    /// Steps in the newest checkpoint.
    pub steps_completed: u64,
    /// Steps that were asked for.
    pub steps_requested: u64,
    /// How the run was made.
    pub training_metadata_path: PathBuf,
}

/// Trains an encoder and a predictor; `None` where the host stopped it. The same settings give the
/// same bytes.
///
/// # Errors
/// As [`train`] and [`adopt`].
pub fn run_fixture_training(
    settings: &FixtureSettings,
    host: &mut TrainingHost<'_>,
) -> Result<Option<FixtureTrainingReport>> {
    let root = &settings.run_dir;
    let data = write_data(settings)?;
    let shared = |output: &Path| -> Vec<OsString> {
        let paths = [
            flag("corpus", data.join("corpus.tsv")),
            flag("holdout", data.join("holdout.bed")),
            flag("output", output),
        ];
        let seed = flag("train-seed", settings.seed.to_string());
        paths.into_iter().chain([seed]).flatten().collect()
    };
    let (lm, output) = (root.join("encoder"), root.join("predictor"));
    let words = flags(ENCODER_FLAGS).chain(shared(&lm));
    train::<EncoderSettings>(&typed(words)?, host)?;
    if host.stop.is_set() {
        return Ok(None);
    }
    if let Some(checkpoint) = &settings.resume_from {
        adopt(checkpoint, &output)?;
    }
    let steps = settings.steps.to_string();
    let own = [
        flag("encoder", lm.join("encoder")),
        flag("steps", &steps),
        flag("checkpoint-every", &steps),
    ];
    let words = flags(PREDICTOR_FLAGS)
        .chain(shared(&output))
        .chain(own.into_iter().flatten());
    train::<PredictorSettings>(&typed(words)?, host)?;
    if host.stop.is_set() {
        return Ok(None);
    }
    report(root, &output, settings.steps).map(Some)
}

/// Writes sequence, corpus table and hold-outs; returns their directory.
fn write_data(settings: &FixtureSettings) -> Result<PathBuf> {
    let data = settings.run_dir.join("data");
    let fasta = "sequence.fa";
    // Relative to the table, unless the environment has relative paths start elsewhere: equal runs
    // in different places then have equal tables.
    let named = match std::env::var_os(DATA_DIRECTORY_VARIABLE) {
        None => PathBuf::from(fasta),
        Some(_) => {
            std::path::absolute(data.join(fasta)).map_err(|error| unreadable(&data, &error))?
        }
    };
    let held = format!(
        "{CONTIG}\t{}\t{SEQUENCE_BP}\tfixture\n",
        SEQUENCE_BP - HELD_OUT_BP
    );
    for (name, text) in [
        (fasta, format!(">{CONTIG}\n{}\n", sequence(settings.seed))),
        ("corpus.tsv", format!("{}\t1\trecord\n", named.display())),
        ("holdout.bed", held),
    ] {
        write_atomically(&data.join(name), text.as_bytes())?;
    }
    Ok(data)
}

/// Words in random order.
fn sequence(seed: u64) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let words: Vec<Vec<u8>> = (0..WORDS)
        .map(|_| (0..WORD_BP).map(|_| below(&mut rng, 4) as u8).collect())
        .collect();
    let mut codes = Vec::with_capacity(SEQUENCE_BP + WORD_BP);
    while codes.len() < SEQUENCE_BP {
        codes.extend_from_slice(&words[below(&mut rng, WORDS as u64) as usize]);
    }
    codes.truncate(SEQUENCE_BP);
    decode(&codes)
}

/// How a finished run of `train predictor` in `output` ended, as part of what `run_dir` holds.
///
/// # Errors
/// `RESOURCE.GENERIC` when its files cannot be read.
pub fn report(run_dir: &Path, output: &Path, steps: u64) -> Result<FixtureTrainingReport> {
    let file = |name: &str| output.join(name);
    let (metrics_path, training_metadata_path) = (file("metrics.jsonl"), file("training_run.json"));
    let losses = series(&read_metrics(&metrics_path)?, "step", "loss");
    let about: Value = serde_json::from_slice(&read(&training_metadata_path)?)
        .map_err(|error| incomplete(&error.to_string()))?;
    let number = |name: &str| about[name].as_u64().ok_or_else(|| incomplete(name));
    let newest = CheckpointFolder::of(output).steps()?.pop();
    let newest = newest.ok_or_else(|| incomplete(CHECKPOINTS))?;
    Ok(FixtureTrainingReport {
        checkpoint_path: CheckpointFolder::of(output).file(newest),
        config_path: file("config.resolved.yaml"),
        dataset_manifest_path: file("dataset_manifest.json"),
        final_loss: losses.last().ok_or_else(|| incomplete("loss"))?.1,
        log_path: file("timing.jsonl"),
        resumed_from_step: number("resumed_from_step")?,
        run_dir: run_dir.to_owned(),
        run_id: about["run_id"].as_str().unwrap_or_default().to_owned(),
        steps_completed: number("steps_completed")?,
        steps_requested: steps,
        metrics_path,
        training_metadata_path,
    })
}

fn incomplete(what: &str) -> Error {
    Error::new(
        ErrorCode::InternalInvariantViolation,
        format!("the finished run does not tell: {what}"),
    )
}
