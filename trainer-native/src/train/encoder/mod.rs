//! Pre-training of the encoder: a causal six-mer language model.

mod settings;
mod start;

pub use settings::Settings;
pub(super) use start::{Base, open_model, read_config};

use super::encoder_dir::{self, DNA, SPECIALS, VOCABULARY, six_mer_code};
use super::lm_loss::{LmLoss, lm_loss};
use super::optimizer::Optimizer;
use super::run::{Progress, StopFlag};
use super::run_dir::{Checkpoint, DataFile, RunDir, RunPlan, json_text};
use super::step::{Collected, export, host, not_a_number, track};
use crate::dataset::corpus::{Corpus, Window};
use burn::tensor::{Tensor, TensorData};
use genolewm_model::encoder::{Llama, LlamaConfig, Sequence};
use genolewm_model::ops::BurnOps;
use genolewm_model::weights::Weights;
use genolewm_shared::Result;
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

/// Figures of one pass over a batch.
#[derive(Debug, Clone, Copy)]
struct Figures {
    kind: LmLoss,
    loss: f64,
    six_mer_nats: f64,
    base_accuracy: f64,
}

impl Figures {
    const fn zero(kind: LmLoss) -> Self {
        Self {
            kind,
            loss: 0.0,
            six_mer_nats: 0.0,
            base_accuracy: 0.0,
        }
    }

    /// Adds the share of one of `batches` batches.
    fn add(&mut self, batch: &Self, batches: f64) {
        self.loss += batch.loss / batches;
        self.six_mer_nats += batch.six_mer_nats / batches;
        self.base_accuracy += batch.base_accuracy / batches;
    }
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
    let weights = export(&mut trainer.model);
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
    ops: BurnOps,
    config: LlamaConfig,
    model: Llama<Tensor<2>>,
    optimizer: Optimizer,
    step: u64,
    tokens_seen: u64,
    gradient_norm: f64,
}

impl<'a> Trainer<'a> {
    fn open(settings: &'a Settings, resumed: Option<Checkpoint>) -> Result<Self> {
        let ops = settings.compute.training_ops()?;
        let config = config(settings);
        let mut optimizer = Optimizer::new(settings.optimizer, settings.weight_decay);
        let (weights, step) = if let Some(checkpoint) = resumed {
            optimizer.import(checkpoint.state, checkpoint.step, ops.device());
            (
                Weights::from_tensors("checkpoint", checkpoint.weights),
                checkpoint.step,
            )
        } else if let Some(init) = &settings.init {
            (read_weights(init)?, 0)
        } else {
            (
                Weights::from_tensors("initial weights", initial(&config, settings.seed)),
                0,
            )
        };
        let vocabulary: Vec<u32> = (0..VOCABULARY as u32).collect();
        let mut model = Llama::load(
            &ops,
            config.clone(),
            weights,
            &vocabulary,
            settings.long_window_tokens + 2,
        )?;
        track(&mut model);
        let tokens_seen = (0..step).map(|step| tokens_of(settings, step)).sum();
        Ok(Self {
            settings,
            ops,
            config,
            model,
            optimizer,
            step,
            tokens_seen,
            gradient_norm: 0.0,
        })
    }

    fn train_step(&mut self, corpus: &Corpus) -> Result<Figures> {
        let settings = self.settings;
        let window_tokens = settings.window_tokens_of(self.step);
        let mut collected = Collected::default();
        let mut figures = Figures::zero(self.loss_kind());
        for number in settings.accumulation.batches(self.step) {
            let batch = sample(
                corpus,
                settings.seed,
                number,
                window_tokens,
                settings.batch_tokens,
            )?;
            let (of_batch, surrogate) = self.forward(&batch, self.loss_kind());
            if !of_batch.loss.is_finite() {
                return Err(not_a_number(self.step + 1));
            }
            figures.add(&of_batch, settings.accumulation.accumulate as f64);
            collected.add(&mut self.model, &mut surrogate.backward());
        }
        let rate = settings.learning_rate
            * settings
                .schedule
                .factor(self.step, settings.steps, settings.warmup_steps);
        self.gradient_norm = collected.apply(
            &mut self.model,
            &mut self.optimizer,
            &|_| rate,
            settings.clip,
        )?;
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

    /// Figures of a batch, and a scalar whose gradient is the loss's: the inner product of the
    /// logits with the gradient that [`lm_loss`] gives.
    fn forward(&self, batch: &[Vec<u32>], kind: LmLoss) -> (Figures, Tensor<2>) {
        // The last token is a target only.
        let sequences: Vec<Sequence<'_>> = batch
            .iter()
            .map(|tokens| Sequence::whole(&tokens[..tokens.len() - 1]))
            .collect();
        let hidden = self.model.hidden(&self.ops, &sequences, self.config.layers);
        let embedding = self.model.embedding.clone().transpose();
        let logits = self.ops.precision().product(hidden, embedding);
        let targets: Vec<u16> = batch
            .iter()
            .flat_map(|tokens| {
                tokens[1..]
                    .iter()
                    .map(|&id| id as u16 - SPECIALS.len() as u16)
            })
            .collect();
        let values = host(logits.clone().inner().into_data());
        let step = lm_loss(&values, &targets, SPECIALS.len(), VOCABULARY, kind);
        let rows = targets.len();
        let gradient: Tensor<2> = Tensor::from_data(
            TensorData::new(step.gradient, [rows, VOCABULARY]),
            self.ops.device(),
        );
        let figures = Figures {
            kind,
            loss: step.loss / rows as f64,
            six_mer_nats: step.six_mer_nats / rows as f64,
            base_accuracy: step.right_bases as f64 / (6 * rows) as f64,
        };
        (figures, (logits * gradient).sum_dim(1).sum_dim(0))
    }

    fn validation_batch(&self) -> Result<Option<Vec<Vec<u32>>>> {
        let Some(path) = &self.settings.validation else {
            return Ok(None);
        };
        let nothing = tempfile::NamedTempFile::new()
            .map_err(|error| crate::output::io_error("temporary file", &error))?;
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
            .map(|batch| self.forward(batch, LmLoss::CrossEntropy).0);
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
        run.save(self.step, export(&mut self.model), self.optimizer.export())
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
    let tokens = |window: Window| {
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
) -> Result<Vec<Window>> {
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
