//! Pre-training of the encoder: a causal six-mer language model.

mod model;
mod settings;
mod start;

pub use settings::Settings;
pub(super) use start::{Base, read_config};

use super::encoder_dir::{self, DNA, SPECIALS, six_mer_code};
use super::lm_loss::LmLoss;
use super::optimizer::Optimizer;
use super::replicas::Replicas;
use super::run::{Progress, StopFlag};
use super::run_dir::{Checkpoint, DataFile, RunDir, RunPlan, json_text};
use super::step::{export, not_a_number};
use genolewm::encoder::LlamaConfig;
use genolewm::weights::Weights;
use genolewm_core::Result;
use genolewm_data::corpus::{Corpus, SampledWindow};
use model::{Batch, Figures, LanguageModel};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use serde::Serialize;
use settings::config;
use start::{initial, read_weights};

/// A line of `metrics.jsonl`. Losses are means over predicted six-mers, in nats.
#[derive(Debug, Serialize)]
struct Line {
    step: u64,
    loss_kind: LmLoss,
    loss: f64,
    six_mer_nats: f64,
    base_accuracy: f64,
    gradient_norm: f64,
    learning_rate: f64,
    steps_per_second: f64,
    tokens_seen: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_six_mer_nats: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_base_accuracy: Option<f64>,
}

/// Trains until `settings.steps` or until `stop`; goes on from the directory's newest checkpoint.
/// What may surprise is told of through `warn`.
///
/// # Errors
/// `TRAINING.NAN_LOSS` when the loss stops being a number (the last checkpoint stays);
/// `CONFIG.GENERIC` when the directory holds a run with another architecture, other settings or
/// other data; `RESOURCE.*` for files.
pub fn run(
    settings: &Settings,
    stop: &StopFlag,
    quiet: bool,
    warn: &mut dyn FnMut(&str),
) -> Result<()> {
    let plan = plan(settings)?;
    let resumed = plan.resume(warn)?;
    let mut run = RunDir::begin(plan, resumed.as_ref(), &data(settings)?, quiet)?;
    let mut trainer = Trainer::open(settings, resumed)?;
    let corpus = Corpus::open(&settings.corpus, &settings.holdout)?;
    let validation = trainer.validation_batch()?;
    let progress = Progress::new(settings.steps, trainer.step, quiet);
    while trainer.step < settings.steps && !stop.is_set() {
        let figures = run.timed(|| trainer.train_step(&corpus))?;
        progress.step(trainer.step, figures.loss);
        // Before the checkpoint: a run killed between the two cuts the line off and writes it
        // again, while a line after the checkpoint would be lost.
        if run.is_logged(trainer.step) {
            run.monitor().loss(figures.loss);
            run.log(&trainer.line(figures, &progress, validation.as_deref()))?;
        }
        if trainer.step.is_multiple_of(settings.checkpoint_every) {
            trainer.save(&mut run)?;
        }
    }
    progress.finish();
    trainer.save(&mut run)?;
    let weights = export(&mut trainer.replicas.first);
    encoder_dir::write(&settings.output.join("encoder"), &trainer.config, &weights)?;
    run.finish(stop.is_set())
}

fn plan(settings: &Settings) -> Result<RunPlan> {
    Ok(RunPlan {
        stage: "encoder",
        directory: settings.output.clone(),
        settings: json_text(settings)?,
        architecture: encoder_dir::config_json(&config(settings)).to_string(),
        seed: settings.seed,
        steps: settings.steps,
        checkpoint_every: settings.checkpoint_every,
        log_every: settings.log_every,
        collapse_every: None,
        retention: settings.retention,
        curves: &["six_mer_nats", "validation_six_mer_nats"],
    })
}

fn data(settings: &Settings) -> Result<Vec<DataFile>> {
    let mut files = DataFile::corpus("corpus", &settings.corpus)?;
    files.push(DataFile::holdout(&settings.holdout));
    if let Some(table) = &settings.validation {
        files.extend(DataFile::corpus("validation", table)?);
    }
    if let Some(init) = &settings.init {
        files.push(DataFile::new("init", &init.join("model.safetensors")));
    }
    Ok(files)
}

struct Trainer<'a> {
    settings: &'a Settings,
    config: LlamaConfig,
    replicas: Replicas<LanguageModel>,
    optimizer: Optimizer,
    step: u64,
    tokens_seen: u64,
    gradient_norm: f64,
}

impl<'a> Trainer<'a> {
    fn open(settings: &'a Settings, resumed: Option<Checkpoint>) -> Result<Self> {
        let devices = settings.compute.training_ops(settings.accumulation)?;
        let config = config(settings);
        let mut optimizer = Optimizer::new(settings.optimizer, settings.weight_decay);
        let (replicas, step) = Replicas::open(devices, resumed, &mut optimizer, |ops, saved| {
            let weights = match (saved, &settings.init) {
                (Some(saved), _) => Weights::from_tensors("checkpoint", saved),
                (None, Some(init)) => read_weights(init)?,
                (None, None) => {
                    Weights::from_tensors("initial weights", initial(&config, settings.seed))
                }
            };
            LanguageModel::load(ops, &config, weights, settings.long_window_tokens + 2)
        })?;
        let tokens_seen = (0..step).map(|step| tokens_of(settings, step)).sum();
        Ok(Self {
            settings,
            config,
            replicas,
            optimizer,
            step,
            tokens_seen,
            gradient_norm: 0.0,
        })
    }

    fn train_step(&mut self, corpus: &Corpus) -> Result<Figures> {
        let settings = self.settings;
        let window_tokens = settings.window_tokens_of(self.step);
        let kind = self.loss_kind();
        let numbers = settings.accumulation.batches(self.step);
        let (of_batches, gradients) = self.replicas.gradients(numbers, |number| {
            let tokens = sample(
                corpus,
                settings.seed,
                number,
                window_tokens,
                settings.batch_tokens,
            )?;
            Ok(Batch { tokens, kind })
        })?;
        let figures = Figures::mean(kind, &of_batches);
        if !figures.loss.is_finite() {
            return Err(not_a_number(self.step + 1));
        }
        let rate = settings.learning_rate
            * settings
                .schedule
                .factor(self.step, settings.steps, settings.warmup_steps);
        self.gradient_norm =
            self.replicas
                .apply(gradients, &mut self.optimizer, &|_| rate, settings.clip)?;
        self.tokens_seen += tokens_of(settings, self.step);
        self.step += 1;
        Ok(figures)
    }

    fn loss_kind(&self) -> LmLoss {
        if self.step < self.settings.cross_entropy_steps {
            LmLoss::CrossEntropy
        } else {
            LmLoss::Factorised
        }
    }

    fn validation_batch(&self) -> Result<Option<Vec<Vec<u32>>>> {
        let Some(path) = &self.settings.validation else {
            return Ok(None);
        };
        let nothing = tempfile::NamedTempFile::new()
            .map_err(|error| genolewm_report::output::io_error("temporary file", &error))?;
        let corpus = Corpus::open(path, nothing.path())?;
        sample(
            &corpus,
            u64::MAX,
            0,
            self.settings.window_tokens,
            64 * self.settings.window_tokens,
        )
        .map(Some)
    }

    fn line(&self, figures: Figures, progress: &Progress, validation: Option<&[Vec<u32>]>) -> Line {
        let due = self.step == self.settings.steps
            || self.step.is_multiple_of(self.settings.log_every * 10);
        let measured = validation
            .filter(|_| due)
            .map(|batch| self.replicas.first.forward(batch, LmLoss::CrossEntropy).0);
        let settings = self.settings;
        Line {
            step: self.step,
            loss_kind: figures.kind,
            loss: figures.loss,
            six_mer_nats: figures.six_mer_nats,
            base_accuracy: figures.base_accuracy,
            gradient_norm: self.gradient_norm,
            learning_rate: settings.learning_rate
                * settings
                    .schedule
                    .factor(self.step, settings.steps, settings.warmup_steps),
            steps_per_second: progress.rate(self.step).1,
            tokens_seen: self.tokens_seen,
            validation_six_mer_nats: measured.map(|m| m.six_mer_nats),
            validation_base_accuracy: measured.map(|m| m.base_accuracy),
        }
    }

    fn save(&mut self, run: &mut RunDir) -> Result<()> {
        let weights = export(&mut self.replicas.first);
        run.save(self.step, weights, self.optimizer.export())
    }
}

/// Tokens that the step after `step` trains on.
fn tokens_of(settings: &Settings, step: u64) -> u64 {
    let window_tokens = settings.window_tokens_of(step);
    let batch = batch_windows(settings.batch_tokens, window_tokens) * window_tokens;
    settings.accumulation.accumulate * batch as u64
}

/// Windows in a batch.
fn batch_windows(batch_tokens: usize, window_tokens: usize) -> usize {
    (batch_tokens / window_tokens).max(1)
}

/// A batch of windows as tokens: `<dna>`, then six-mers. A function of the seed and its number.
fn sample(
    corpus: &Corpus,
    seed: u64,
    number: u64,
    window_tokens: usize,
    batch_tokens: usize,
) -> Result<Vec<Vec<u32>>> {
    let tokens = |window: SampledWindow| {
        let six_mers = window
            .bases
            .chunks_exact(6)
            .map(|chunk| u32::from(six_mer_code(chunk)) + SPECIALS.len() as u32);
        core::iter::once(DNA).chain(six_mers).collect()
    };
    let windows = windows(corpus, seed, number, window_tokens, batch_tokens)?;
    Ok(windows.into_iter().map(tokens).collect())
}

/// The windows of such a batch.
///
/// # Errors
/// As [`Corpus::sample_window`].
pub(super) fn windows(
    corpus: &Corpus,
    seed: u64,
    number: u64,
    window_tokens: usize,
    batch_tokens: usize,
) -> Result<Vec<SampledWindow>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number + 1);
    let mut batch = Vec::new();
    while batch.len() < batch_windows(batch_tokens, window_tokens) {
        let window = corpus.sample_window(&mut rng, window_tokens * 6)?;
        if window.bases.iter().all(|&base| base < 4) {
            batch.push(window);
        }
    }
    Ok(batch)
}
