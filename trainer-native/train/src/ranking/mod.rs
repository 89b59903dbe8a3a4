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
mod pass;
mod pools;
mod settings;
mod sites;
mod validation;

pub use settings::Settings;

use super::encoder::{Base, read_config};
use super::encoder_dir;
use super::optimizer::{MatrixOptimizer, Optimizer};
use super::replicas::Replicas;
use super::run::{Progress, StopFlag};
use super::run_dir::{DataFile, RunDir, RunPlan, json_text};
use super::schedule::Schedule;
use super::step::{export, host};
use batch::Batch;
use genolewm::encoder::LlamaConfig;
use genolewm_core::Result;
use heads::Ranked;
use pass::Losses;
use serde::Serialize;
use sites::Sites;
use validation::Validation;

/// A line of `metrics.jsonl`.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Line {
    step: u64,
    #[serde(flatten)]
    losses: Losses,
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
    let devices = settings.compute.training_ops(settings.accumulation)?;
    let plan = plan(settings, &config)?;
    let resumed = plan.resume(warn)?;
    let mut run = RunDir::begin(plan, resumed.as_ref(), &data(settings)?, quiet)?;
    let sites = Sites::open(settings)?;
    let validation = sites.validation(settings)?;
    let mut optimizer = Optimizer::new(MatrixOptimizer::Muon, 0.05);
    let (replicas, step) = Replicas::open(devices, resumed, &mut optimizer, |ops, saved| {
        let base = Base::open(ops, &settings.init, &config, saved)?;
        Ok(Ranked::new(base, settings))
    })?;
    let mut trainer = Trainer {
        settings,
        replicas,
        optimizer,
        step,
    };
    let progress = Progress::new(settings.steps, step, quiet);
    while trainer.step < settings.steps && !stop.is_set() {
        let mut line = run.timed(|| trainer.train_step(&sites))?;
        progress.step(trainer.step, line.losses.ranking_loss);
        let last = trainer.step == settings.steps;
        let measured = last || trainer.step.is_multiple_of(settings.validate_every);
        if measured || run.is_logged(trainer.step) {
            line.steps_per_second = progress.rate(trainer.step).1;
            line.validation = measured.then(|| trainer.validate(&validation));
            run.monitor().loss(line.losses.ranking_loss);
            run.log(&line)?;
        }
        if trainer.step.is_multiple_of(settings.checkpoint_every) {
            trainer.save(&mut run)?;
        }
    }
    progress.finish();
    trainer.save(&mut run)?;
    let weights = export(&mut trainer.replicas.first.base.llama);
    encoder_dir::write(&settings.output.join("encoder"), &config, &weights)?;
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
    replicas: Replicas<Ranked<'a>>,
    optimizer: Optimizer,
    step: u64,
}

impl Trainer<'_> {
    fn train_step(&mut self, sites: &Sites) -> Result<Line> {
        let settings = self.settings;
        let numbers = settings.accumulation.batches(self.step);
        let (losses, gradients) = self
            .replicas
            .gradients(numbers, |number| sites.draw(settings, self.step, number))?;
        let rate = settings.learning_rate
            * Schedule::Wsd.factor(self.step, settings.steps, settings.warmup_steps);
        let mut line = Line {
            losses: Losses::mean(&losses),
            ..Line::default()
        };
        line.gradient_norm = self
            .replicas
            .apply(gradients, &mut self.optimizer, &|_| rate, 1.0)?;
        self.step += 1;
        line.step = self.step;
        Ok(line)
    }

    fn validate(&self, batches: &[Batch]) -> Validation {
        let model = &self.replicas.first;
        let (mut lengths, mut consequences) = (Vec::new(), Vec::new());
        let mut elements = (0, 0);
        for batch in batches {
            let (hidden, moved) = model.shifts(batch);
            let (right, known) = model.right_elements(&hidden, batch);
            elements = (elements.0 + right, elements.1 + known);
            lengths.extend(host(moved.inner().into_data()));
            consequences.extend_from_slice(&batch.consequences);
        }
        Validation::of(&lengths, &consequences, elements)
    }

    fn save(&mut self, run: &mut RunDir) -> Result<()> {
        let weights = export(&mut self.replicas.first);
        run.save(self.step, weights, self.optimizer.export())
    }
}
