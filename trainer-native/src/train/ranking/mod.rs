//! Shift ranking: the encoder's state is taught to move where annotation expects harm.
//!
//! Each step draws substitutions from annotated transcripts and trains the length of the state's
//! change to say how severe they are: binary cross-entropy of `a · ln‖Δs‖ + b` against a severity
//! from annotation alone (splice sites, stops, BLOSUM62). No clinical label is used; a surprise of
//! a model trained so is partly distilled from annotation, and its model card must say so. The
//! language-model loss on the reference windows is kept, so that the encoder stays one.

mod batch;
mod pools;
mod settings;
mod sites;
mod validation;

pub use settings::Settings;

use super::encoder::{Base, open_model, read_config};
use super::encoder_dir::{self, SPECIALS, VOCABULARY};
use super::lm_loss::{LmLoss, lm_loss};
use super::optimizer::{MatrixOptimizer, Optimizer};
use super::run::{Progress, StopFlag};
use super::run_dir::{DataFile, RunDir, RunPlan, json_text};
use super::schedule::Schedule;
use super::step::{export, host, track, update};
use batch::Batch;
use burn::tensor::{Tensor, TensorData, activation};
use genolewm_model::encoder::LlamaConfig;
use genolewm_model::ops::Ops;
use genolewm_model::parameters::{Parameters, Role, Visitor};
use genolewm_shared::Result;
use serde::Serialize;
use sites::Sites;
use validation::Validation;

/// A line of `metrics.jsonl`.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Line {
    step: u64,
    /// Mean binary cross-entropy of the severities.
    ranking_loss: f64,
    /// Mean of `ln(1 + e^-d)` over the ranked pairs of a window, `d` the difference of their logits.
    pair_loss: f64,
    six_mer_nats: f64,
    gradient_norm: f64,
    steps_per_second: f64,
    #[serde(flatten)]
    validation: Option<Validation>,
}

/// Trains until `settings.steps` or until `stop`; goes on from the directory's newest checkpoint.
///
/// # Errors
/// As [`super::encoder::run`].
pub fn run(
    settings: &Settings,
    stop: &StopFlag,
    quiet: bool,
    warn: &mut dyn FnMut(&str),
) -> Result<()> {
    let config = read_config(&settings.init)?;
    let plan = plan(settings, &config)?;
    let resumed = plan.resume(warn)?;
    let mut run = RunDir::begin(plan, resumed.as_ref(), &data(settings)?, quiet)?;
    let sites = Sites::open(settings)?;
    let validation = sites.validation(settings)?;
    let mut optimizer = Optimizer::new(MatrixOptimizer::Muon, 0.05);
    let (base, step) = open_model(&settings.init, config, resumed, &mut optimizer)?;
    let mut trainer = Trainer {
        settings,
        model: Ranked::new(base),
        optimizer,
        step,
    };
    track(&mut trainer.model);
    let progress = Progress::new(settings.steps, step, quiet);
    while trainer.step < settings.steps && !stop.is_set() {
        let mut line = run.timed(|| trainer.train_step(&sites))?;
        progress.step(trainer.step, line.ranking_loss);
        let measured = trainer.step.is_multiple_of(settings.validate_every);
        if measured || trainer.step.is_multiple_of(settings.log_every) {
            line.steps_per_second = progress.rate(trainer.step).1;
            line.validation = measured.then(|| trainer.validate(&validation));
            run.monitor().loss(line.ranking_loss);
            run.log(&line)?;
        }
        if trainer.step.is_multiple_of(settings.checkpoint_every) {
            trainer.save(&mut run)?;
        }
    }
    progress.finish();
    trainer.save(&mut run)?;
    let weights = export(&mut trainer.model.base.llama);
    encoder_dir::write(
        &settings.output.join("encoder"),
        &trainer.model.base.llama.config,
        &weights,
    )?;
    run.finish(stop.is_set())
}

fn plan(settings: &Settings, config: &LlamaConfig) -> Result<RunPlan> {
    Ok(RunPlan {
        stage: "ranking",
        directory: settings.output.clone(),
        settings: json_text(settings)?,
        architecture: encoder_dir::config_json(config).to_string(),
        seed: settings.seed,
        steps: settings.steps,
        checkpoint_every: settings.checkpoint_every,
        log_every: settings.log_every,
        collapse_every: None,
        retention: settings.retention,
        curves: &["ranking_loss", "severe_auroc"],
    })
}

fn data(settings: &Settings) -> Result<Vec<DataFile>> {
    let mut files = DataFile::corpus("corpus", &settings.corpus)?;
    files.push(DataFile::holdout(&settings.holdout));
    let exons = settings.exons.iter();
    files.extend(exons.map(|table| DataFile::new("exons", table)));
    files.extend(DataFile::encoder(&settings.init));
    Ok(files)
}

/// The encoder and the line from the shift's length to the severity.
struct Ranked {
    base: Base,
    /// `[slope, offset]`, one row.
    line: Tensor<2>,
}

impl Ranked {
    fn new(mut base: Base) -> Self {
        let start = base
            .extra
            .remove("ranking.line")
            .unwrap_or_else(|| vec![1.0, 1.0]);
        let line = base.ops.matrix(start, 1, 2);
        Self { base, line }
    }
}

impl Parameters<Tensor<2>> for Ranked {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        self.base.llama.visit(prefix, visit);
        visit("ranking.line", Role::Row, &mut self.line);
    }
}

struct Trainer<'a> {
    settings: &'a Settings,
    model: Ranked,
    optimizer: Optimizer,
    step: u64,
}

impl Trainer<'_> {
    fn train_step(&mut self, sites: &Sites) -> Result<Line> {
        let settings = self.settings;
        let batch = sites.draw(settings, self.step)?;
        let (line, loss) = self.forward(&batch);
        let mut gradients = loss.backward();
        let rate = settings.learning_rate
            * Schedule::Wsd.factor(self.step, settings.steps, settings.warmup_steps);
        let norm = update(
            &mut self.model,
            &mut gradients,
            &mut self.optimizer,
            rate,
            1.0,
        )?;
        self.step += 1;
        Ok(Line {
            step: self.step,
            gradient_norm: norm,
            ..line
        })
    }

    /// Figures of the batch and its loss.
    fn forward(&self, batch: &Batch) -> (Line, Tensor<2>) {
        let (hidden, length) = self.shifts(batch);
        let slope = self.model.line.clone().narrow(1, 0, 1);
        let offset = self.model.line.clone().narrow(1, 1, 1);
        let logit = length.log() * slope + offset;
        let (pair_loss, pairs) = self.pairs(&logit, batch);
        let severity = self
            .model
            .base
            .ops
            .matrix(batch.severities(), batch.consequences.len(), 1);
        let loss = activation::softplus(logit.clone(), 1.0) - logit * severity;
        let loss = loss.mean_dim(0);
        let (nats, language) = self.language(&hidden, batch);
        let line = Line {
            ranking_loss: scalar(&loss),
            pair_loss,
            six_mer_nats: nats,
            ..Line::default()
        };
        let loss = loss + language.mul_scalar(self.settings.language_weight);
        let loss = match pairs {
            Some(pairs) => loss + pairs.mul_scalar(self.settings.pair_weight),
            None => loss,
        };
        (line, loss)
    }

    /// The hidden rows, and how far each edit moves the state: `[edits, 1]`.
    fn shifts(&self, batch: &Batch) -> (Tensor<2>, Tensor<2>) {
        let base = &self.model.base;
        let (sequences, rows) = batch.sequences(self.settings.pool_radius);
        let hidden = base
            .llama
            .hidden(&base.ops, &sequences, base.llama.layers.len());
        let states = base
            .ops
            .normalize_rows(&base.ops.mean_rows(&hidden, &rows.spans));
        let moved =
            base.ops.gather(&states, &rows.edited) - base.ops.gather(&states, &rows.reference);
        let length = moved.square().sum_dim(1).add_scalar(1e-12).sqrt();
        (hidden, length)
    }

    /// How well the edits of each window are ranked against each other; nothing without a weight
    /// or without pairs.
    fn pairs(&self, logit: &Tensor<2>, batch: &Batch) -> (f64, Option<Tensor<2>>) {
        let (worse, milder): (Vec<usize>, Vec<usize>) = batch.ranked_pairs().into_iter().unzip();
        if self.settings.pair_weight == 0.0 || worse.is_empty() {
            return (0.0, None);
        }
        let ops = &self.model.base.ops;
        let behind = ops.gather(logit, &milder) - ops.gather(logit, &worse);
        let loss = activation::softplus(behind, 1.0).mean_dim(0);
        (scalar(&loss), Some(loss))
    }

    fn validate(&self, batches: &[Batch]) -> Validation {
        let (mut lengths, mut consequences) = (Vec::new(), Vec::new());
        for batch in batches {
            lengths.extend(host(self.shifts(batch).1.inner().into_data()));
            consequences.extend_from_slice(&batch.consequences);
        }
        Validation::of(&lengths, &consequences)
    }

    /// Cross-entropy of the reference windows: its value in nats, and a scalar with its gradient.
    fn language(&self, hidden: &Tensor<2>, batch: &Batch) -> (f64, Tensor<2>) {
        let rows: Vec<usize> = batch.language_rows();
        let base = &self.model.base;
        let logits = base
            .ops
            .gather(hidden, &rows)
            .matmul(base.llama.embedding.clone().transpose());
        let targets = batch.language_targets();
        let values = host(logits.clone().inner().into_data());
        let step = lm_loss(
            &values,
            &targets,
            SPECIALS.len(),
            VOCABULARY,
            LmLoss::CrossEntropy,
        );
        let gradient: Tensor<2> = Tensor::from_data(
            TensorData::new(step.gradient, [rows.len(), VOCABULARY]),
            base.ops.device(),
        );
        (
            step.six_mer_nats / rows.len() as f64,
            (logits * gradient).sum_dim(1).sum_dim(0),
        )
    }

    fn save(&mut self, run: &mut RunDir) -> Result<()> {
        run.save(self.step, export(&mut self.model), self.optimizer.export())
    }
}

/// The one value of a tensor.
fn scalar(value: &Tensor<2>) -> f64 {
    let values = host(value.clone().inner().into_data());
    f64::from(values.first().copied().unwrap_or(f32::NAN))
}
