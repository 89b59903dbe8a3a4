//! Encoder and predictor together in the training loop, and the collapse monitor.

use super::JointSettings;
use super::batch::TupleBatch;
use super::draws::TupleDraws;
use super::export::write_encoder;
use super::lora::TARGETS;
use super::model::{JointFigures, JointModel, JointRates, LORA};
use crate::assemble::{ModelParts, assemble};
use crate::collapse::{CollapseFigures, CollapseWatch};
use crate::driver::{Trainer, TrainingSession};
use crate::networks::{split, surprises};
use crate::optimizer::MatrixOptimizer;
use crate::pairs::PairSources;
use crate::python::peft::LoraAdapters;
use crate::replicas::Replicas;
use crate::run::StepProgress;
use crate::serialize::{Tensors, take};
use burn::tensor::TensorData;
use genolewm::collapse::CollapseCheck;
use genolewm::weights::NamedTensor;
use genolewm_core::{Error, Result};
use safetensors::tensor::Dtype;
use serde::Serialize;
use std::collections::BTreeMap;

/// The entry of a checkpoint that holds the watch's first distance of two predictions.
const INITIAL_DISTANCE: &str = "collapse.initial_distance";

/// A line of `metrics.jsonl`.
#[derive(Debug, Serialize)]
struct JointLine {
    step: u64,
    #[serde(flatten)]
    figures: JointFigures,
    steps_per_second: f64,
    #[serde(flatten)]
    collapse: Option<CollapseFigures>,
}

/// A run between two steps.
pub(super) struct JointTrainer<'a> {
    settings: &'a JointSettings,
    draws: TupleDraws<'a>,
    replicas: Replicas<JointModel>,
    validation: Vec<TupleBatch>,
    watch: CollapseWatch,
    /// Of the last step.
    figures: JointFigures,
}

impl<'a> JointTrainer<'a> {
    /// Opens the model directory and goes on from a checkpoint, if there is one; looks at the model
    /// that training starts from, by which later looks are judged.
    ///
    /// # Errors
    /// As [`JointModel::open`].
    pub(super) fn open(
        settings: &'a JointSettings,
        sources: &'a PairSources,
        session: &mut TrainingSession<'_, '_>,
    ) -> Result<Self> {
        let mut watch = CollapseWatch::new(&settings.collapse);
        let resumed = session.resumed.as_mut();
        let initial = resumed.and_then(|checkpoint| checkpoint.weights.remove(INITIAL_DISTANCE));
        if let Some(&distance) = initial.as_ref().and_then(|kept| kept.values.first()) {
            watch.restore(distance);
        }
        let open = |ops, saved| JointModel::open(settings, ops, saved);
        let replicas = session.replicas(MatrixOptimizer::Adamw, settings.update, open)?;
        let draws = TupleDraws {
            settings,
            sources,
            window_bp: replicas.first.config.window_bp,
        };
        let mut trainer = Self {
            settings,
            draws,
            replicas,
            validation: draws.validation()?,
            watch,
            figures: JointFigures::default(),
        };
        if trainer.replicas.step == 0 && trainer.watch.is_due(0) {
            trainer.look(session)?;
        }
        Ok(trainer)
    }

    /// Lets the watch look at the validation windows.
    fn look(&mut self, session: &mut TrainingSession<'_, '_>) -> Result<CollapseCheck> {
        let measured = self.replicas.first.measure(&self.validation)?;
        let (predicted, targets): (Vec<_>, Vec<_>) = measured.into_iter().unzip();
        let seen = (predicted.concat(), targets.concat());
        let width = self.replicas.first.encoder.d_state();
        let monitor = session.run.monitor();
        self.watch
            .look((&seen.0, &seen.1), width, monitor, session.host.warn)
    }

    /// Writes `model/`, `lora.safetensors` and `adapter_config.json`.
    ///
    /// # Errors
    /// As [`write_encoder`] and [`assemble`].
    pub(super) fn export(&mut self) -> Result<()> {
        let surprises = self.surprises()?;
        let mut tensors = self.replicas.weights();
        let lora = take(&mut tensors, LORA);
        let (predictor, action) = split(tensors);
        let (settings, model) = (self.settings, &mut self.replicas.first);
        let adapters = &model.trained.adapters;
        let about = LoraAdapters {
            rank: settings.lora_rank,
            alpha: settings.lora_alpha,
            layers: &adapters.layers(),
            targets: &TARGETS,
        };
        about.write(&settings.run.output, lora)?;
        let directory = settings.run.output.join("model");
        let encoder = directory.join("encoder");
        let merged = adapters.merged(&mut model.encoder.llama);
        write_encoder(&settings.encoder(), &encoder, merged)?;
        let parts = ModelParts {
            name: &settings.model_name,
            version: &settings.model_version,
            config: &model.config,
            encoder: &encoder,
            predictor,
            action,
            surprises,
            data: &settings.data.named_files(),
        };
        assemble(&directory, parts, Dtype::F16)
    }

    /// The surprise of each validation item of one edit and the window that it lies in. The adapters
    /// are applied after it.
    fn surprises(&mut self) -> Result<Vec<(String, f64)>> {
        let width = self.replicas.first.encoder.d_state();
        let measured = self.replicas.first.measure(&self.validation)?;
        let of_batch = |(batch, (predicted, targets)): (&TupleBatch, &(Vec<f32>, Vec<f32>))| {
            // Items of one edit come first, one row each.
            let single = batch.items.iter().filter(|item| item.edits.len() == 1);
            let windows = single.map(|item| batch.windows[item.window].as_str());
            surprises(windows, (predicted, targets), width)
        };
        let batches = self.validation.iter().zip(&measured);
        Ok(batches.flat_map(of_batch).collect())
    }
}

impl Trainer for JointTrainer<'_> {
    type Network = JointModel;

    fn replicas(&mut self) -> &mut Replicas<JointModel> {
        &mut self.replicas
    }

    fn train_step(&mut self) -> Result<f64> {
        let (settings, step) = (self.settings, self.replicas.step);
        let factor = settings.run.rate_factor(settings.update.schedule, step);
        let rates = JointRates {
            adapters: settings.lora_learning_rate * factor,
            others: settings.run.learning_rate * factor,
        };
        let draw = |number| self.draws.batch(step, number);
        let rate = |name: &str| rates.of(name);
        let (figures, norm) = self
            .replicas
            .update(&settings.run, &rate, draw, |batch| batch.loss)?;
        self.figures = JointFigures {
            gradient_norm: norm,
            learning_rate: rates.others,
            lora_learning_rate: rates.adapters,
            ..JointFigures::mean(&figures)
        };
        Ok(self.figures.loss)
    }

    fn log(
        &mut self,
        session: &mut TrainingSession<'_, '_>,
        progress: &StepProgress,
    ) -> Result<Option<Error>> {
        let (figures, step) = (self.figures, self.replicas.step);
        let check = match self.watch.is_due(step) {
            true => Some(self.look(session)?),
            false => None,
        };
        if check.is_some() || session.run.is_logged(step) {
            session.run.monitor().loss(figures.prediction_loss);
            session.run.monitor().regulariser(figures.kl);
            session.run.log(&JointLine {
                step,
                figures,
                steps_per_second: progress.rate(step),
                collapse: check.as_ref().map(CollapseFigures::from),
            })?;
        }
        Ok(check.and_then(|check| self.watch.end(&check, step)))
    }

    fn complete(&self, weights: &mut Tensors, _: &mut BTreeMap<String, TensorData>) {
        if let Some(distance) = self.watch.initial_distance() {
            let tensor = NamedTensor {
                shape: vec![1],
                values: vec![distance],
            };
            weights.insert(INITIAL_DISTANCE.to_owned(), tensor);
        }
    }
}
