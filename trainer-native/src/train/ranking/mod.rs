//! Shift ranking: the encoder's state is taught to move where annotation expects harm.
//!
//! Each step draws substitutions from annotated transcripts and trains the length of the state's
//! change to say how severe they are: binary cross-entropy of `a · ln‖Δs‖ + b` against a severity
//! from annotation alone (splice sites, stops, BLOSUM62). No clinical label is used; a surprise of
//! a model trained so is partly distilled from annotation, and its model card must say so. With
//! `--element-weight` a head beside it learns what each six-mer is part of (exon by reading frame,
//! intron, splice site), so that what a substitution breaks is in the state to begin with. The
//! language-model loss on the reference windows is kept, so that the encoder stays one.

mod batch;
mod heads;
mod pools;
mod settings;
mod sites;
mod validation;

pub use settings::Settings;

use super::encoder::{open_model, read_config};
use super::encoder_dir::{self, SPECIALS, VOCABULARY};
use super::lm_loss::{LmLoss, lm_loss};
use super::optimizer::{MatrixOptimizer, Optimizer};
use super::run::{Progress, StopFlag};
use super::run_dir::{DataFile, RunDir, RunPlan, json_text};
use super::schedule::Schedule;
use super::step::{Collected, export, host, track};
use batch::Batch;
use burn::tensor::{Tensor, TensorData, activation};
use genolewm_model::encoder::LlamaConfig;
use genolewm_model::ops::Ops;
use genolewm_shared::Result;
use heads::Ranked;
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
    /// Mean cross-entropy of what the six-mers are part of, in nats.
    element_nats: f64,
    six_mer_nats: f64,
    gradient_norm: f64,
    steps_per_second: f64,
    #[serde(flatten)]
    validation: Option<Validation>,
}

impl Line {
    /// Adds the share of one of `batches` batches.
    fn add(&mut self, batch: &Self, batches: f64) {
        self.ranking_loss += batch.ranking_loss / batches;
        self.pair_loss += batch.pair_loss / batches;
        self.element_nats += batch.element_nats / batches;
        self.six_mer_nats += batch.six_mer_nats / batches;
    }
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
    let ops = settings.compute.training_ops()?;
    let plan = plan(settings, &config)?;
    let resumed = plan.resume(warn)?;
    let mut run = RunDir::begin(plan, resumed.as_ref(), &data(settings)?, quiet)?;
    let sites = Sites::open(settings)?;
    let validation = sites.validation(settings)?;
    let mut optimizer = Optimizer::new(MatrixOptimizer::Muon, 0.05);
    let (base, step) = open_model(ops, &settings.init, config, resumed, &mut optimizer)?;
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
        let last = trainer.step == settings.steps;
        let measured = last || trainer.step.is_multiple_of(settings.validate_every);
        if measured || run.is_logged(trainer.step) {
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

struct Trainer<'a> {
    settings: &'a Settings,
    model: Ranked,
    optimizer: Optimizer,
    step: u64,
}

impl Trainer<'_> {
    fn train_step(&mut self, sites: &Sites) -> Result<Line> {
        let settings = self.settings;
        let mut collected = Collected::default();
        let mut line = Line::default();
        for number in settings.accumulation.batches(self.step) {
            let batch = sites.draw(settings, self.step, number)?;
            let (of_batch, loss) = self.forward(&batch);
            line.add(&of_batch, settings.accumulation.accumulate as f64);
            collected.add(&mut self.model, &mut loss.backward());
        }
        let rate = settings.learning_rate
            * Schedule::Wsd.factor(self.step, settings.steps, settings.warmup_steps);
        line.gradient_norm =
            collected.apply(&mut self.model, &mut self.optimizer, &|_| rate, 1.0)?;
        self.step += 1;
        line.step = self.step;
        Ok(line)
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
        let elements = self.model.element_loss(&hidden, batch);
        let line = Line {
            ranking_loss: scalar(&loss),
            pair_loss,
            element_nats: elements.as_ref().map_or(0.0, scalar),
            six_mer_nats: nats,
            ..Line::default()
        };
        let loss = loss + language.mul_scalar(self.settings.language_weight);
        let weighted = [
            (pairs, self.settings.pair_weight),
            (elements, self.settings.element_weight),
        ];
        let loss = weighted
            .into_iter()
            .filter_map(|(part, weight)| Some(part?.mul_scalar(weight)))
            .fold(loss, |loss, part| loss + part);
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
        let mut elements = (0, 0);
        for batch in batches {
            let (hidden, moved) = self.shifts(batch);
            let (right, known) = self.model.right_elements(&hidden, batch);
            elements = (elements.0 + right, elements.1 + known);
            lengths.extend(host(moved.inner().into_data()));
            consequences.extend_from_slice(&batch.consequences);
        }
        Validation::of(&lengths, &consequences, elements)
    }

    /// Cross-entropy of the reference windows: its value in nats, and a scalar with its gradient.
    fn language(&self, hidden: &Tensor<2>, batch: &Batch) -> (f64, Tensor<2>) {
        let rows: Vec<usize> = batch.language_rows();
        let base = &self.model.base;
        let embedding = base.llama.embedding.clone().transpose();
        let hidden = base.ops.gather(hidden, &rows);
        let logits = base.ops.precision().product(hidden, embedding);
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
