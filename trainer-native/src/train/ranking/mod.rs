//! Shift ranking: the encoder's state is taught to move where annotation expects harm.
//!
//! Each step draws substitutions from annotated transcripts and trains the length of the state's
//! change to say how severe they are: binary cross-entropy of `a · ln‖Δs‖ + b` against a severity
//! from annotation alone (splice sites, stops, BLOSUM62). No clinical label is used; a surprise of
//! a model trained so is partly distilled from annotation, and its model card must say so. The
//! language-model loss on the reference windows is kept, so that the encoder stays one.

mod batch;
mod settings;
mod sites;

pub use settings::Settings;

use super::encoder::{Base, open_model};
use super::encoder_dir::{self, SPECIALS, VOCABULARY};
use super::lm_loss::{LmLoss, lm_loss};
use super::optimizer::{MatrixOptimizer, Optimizer};
use super::run::{Progress, RunDir, StopFlag};
use super::schedule::Schedule;
use super::step::{export, host, track, update};
use batch::Batch;
use burn::tensor::{Tensor, TensorData, activation};
use genolewm_model::ops::Ops;
use genolewm_model::parameters::{Parameters, Role, Visitor};
use genolewm_shared::{Error, ErrorCode, Result};
use serde::Serialize;
use sites::Sites;

/// A line of `metrics.jsonl`.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Line {
    step: u64,
    /// Mean binary cross-entropy of the severities.
    ranking_loss: f64,
    /// AUROC of the shift's length: severity of at least 0.9 against at most 0.05.
    severe_auroc: f64,
    six_mer_nats: f64,
    gradient_norm: f64,
    steps_per_second: f64,
}

/// Trains until `settings.steps` or until `stop`; resumes from the directory's checkpoint.
///
/// # Errors
/// As [`super::encoder::run`].
pub fn run(settings: &Settings, stop: &StopFlag, quiet: bool) -> Result<()> {
    let sites = Sites::open(settings)?;
    let text = serde_json::to_string_pretty(settings)
        .map_err(|error| Error::new(ErrorCode::InternalGeneric, error.to_string()))?;
    let mut optimizer = Optimizer::new(MatrixOptimizer::Muon, 0.05);
    let (base, step) = open_model(&settings.init, &settings.output, &mut optimizer)?;
    let mut trainer = Trainer {
        settings,
        model: Ranked::new(base),
        optimizer,
        step,
    };
    track(&mut trainer.model);
    let mut run = RunDir::open(&settings.output, &text, step)?;
    let progress = Progress::new(settings.steps, step, quiet);
    while trainer.step < settings.steps && !stop.is_set() {
        let mut line = trainer.train_step(&sites)?;
        progress.step(trainer.step, line.ranking_loss);
        if trainer.step.is_multiple_of(settings.log_every) {
            line.steps_per_second = progress.rate(trainer.step).1;
            run.log(&line)?;
        }
        if trainer.step.is_multiple_of(settings.checkpoint_every) {
            trainer.save(&run, &text)?;
        }
    }
    progress.finish();
    trainer.save(&run, &text)?;
    let weights = export(&mut trainer.model.base.llama);
    encoder_dir::write(
        &settings.output.join("encoder"),
        &trainer.model.base.llama.config,
        &weights,
    )
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

    fn forward(&self, batch: &Batch) -> (Line, Tensor<2>) {
        let ops = &self.model.base.ops;
        let (sequences, rows) = batch.sequences(self.settings.pool_radius);
        let hidden =
            self.model
                .base
                .llama
                .hidden(ops, &sequences, self.model.base.llama.layers.len());
        let states = ops.normalize_rows(&ops.mean_rows(&hidden, &rows.spans));
        let moved = ops.gather(&states, &rows.edited) - ops.gather(&states, &rows.reference);
        let length = moved.square().sum_dim(1).add_scalar(1e-12).sqrt();
        let slope = self.model.line.clone().narrow(1, 0, 1);
        let offset = self.model.line.clone().narrow(1, 1, 1);
        let logit = length.clone().log() * slope + offset;
        let severity = ops.matrix(batch.severities.clone(), batch.severities.len(), 1);
        let loss = activation::softplus(logit.clone(), 1.0) - logit * severity;
        let loss = loss.mean_dim(0);
        let lengths = host(length.inner().into_data());
        let (nats, language) = self.language(&hidden, batch);
        let line = Line {
            ranking_loss: f64::from(
                host(loss.clone().inner().into_data())
                    .first()
                    .copied()
                    .unwrap_or(f32::NAN),
            ),
            severe_auroc: severe_auroc(&lengths, &batch.severities),
            six_mer_nats: nats,
            ..Line::default()
        };
        (
            line,
            loss + language.mul_scalar(self.settings.language_weight),
        )
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

    fn save(&mut self, run: &RunDir, settings: &str) -> Result<()> {
        super::checkpoint::Checkpoint {
            step: self.step,
            settings: settings.to_owned(),
            weights: export(&mut self.model),
            state: self.optimizer.export(),
        }
        .save(&run.file("checkpoint.safetensors"))
    }
}

fn severe_auroc(lengths: &[f32], severities: &[f32]) -> f64 {
    let pairs = || lengths.iter().zip(severities);
    let severe: Vec<f32> = pairs()
        .filter(|(_, s)| **s >= 0.9)
        .map(|(l, _)| *l)
        .collect();
    let mild: Vec<f32> = pairs()
        .filter(|(_, s)| **s <= 0.05)
        .map(|(l, _)| *l)
        .collect();
    let wins: f64 = severe
        .iter()
        .flat_map(|a| {
            mild.iter().map(move |b| {
                if a > b {
                    1.0
                } else if a < b {
                    0.0
                } else {
                    0.5
                }
            })
        })
        .sum();
    wins / (severe.len() * mild.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auroc_counts_won_pairs() {
        assert_eq!(
            severe_auroc(&[3.0, 1.0, 2.0, 9.0], &[1.0, 0.02, 0.0, 0.4]),
            1.0
        );
    }
}
