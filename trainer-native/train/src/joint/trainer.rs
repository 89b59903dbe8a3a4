//! The state of a run and what its steps do.

use super::Settings;
use super::batch::Batch;
use super::draws::Draws;
use super::export;
use super::model::{Figures, Model};
use super::networks::{self, ACTION, LORA, PREDICTOR, Rates, Tensors};
use crate::collapse::CollapseWatch;
use crate::optimizer::{MatrixOptimizer, Optimizer};
use crate::pairs::PairSources;
use crate::replicas::Replicas;
use crate::run_dir::{Checkpoint, Monitor, RunDir};
use crate::step::{export as exported, not_a_number};
use genolewm::action::layers::join_input_projections;
use genolewm::collapse::CollapseCheck;
use genolewm::weights::NamedTensor;
use genolewm_core::surprise::surprise_distance;
use genolewm_core::{Error, ErrorCode, Result};

/// The entry of a checkpoint that holds the watch's first distance of two predictions.
const INITIAL_DISTANCE: &str = "collapse.initial_distance";

/// A run between two steps.
pub(super) struct Trainer<'a> {
    settings: &'a Settings,
    draws: Draws<'a>,
    replicas: Replicas<Model>,
    optimizer: Optimizer,
    validation: Vec<Batch>,
    /// The watch over collapse.
    pub(super) watch: CollapseWatch,
    /// Steps that are done.
    pub(super) step: u64,
}

impl<'a> Trainer<'a> {
    /// Opens the model directory and goes on from a checkpoint, if there is one.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub(super) fn open(
        settings: &'a Settings,
        sources: &'a PairSources,
        mut resumed: Option<Checkpoint>,
    ) -> Result<Self> {
        let devices = settings.compute.training_ops(settings.accumulation)?;
        let mut optimizer = Optimizer::new(MatrixOptimizer::Adamw, settings.weight_decay);
        let mut watch = CollapseWatch::new(&settings.collapse);
        let initial = resumed
            .as_mut()
            .and_then(|checkpoint| checkpoint.weights.remove(INITIAL_DISTANCE));
        if let Some(&distance) = initial.as_ref().and_then(|kept| kept.values.first()) {
            watch.restore(distance);
        }
        let (replicas, step) = Replicas::open(devices, resumed, &mut optimizer, |ops, saved| {
            Model::open(settings, ops, saved)
        })?;
        let draws = Draws {
            settings,
            sources,
            window_bp: replicas.first.config.window_bp,
        };
        Ok(Self {
            settings,
            draws,
            replicas,
            optimizer,
            validation: draws.validation()?,
            watch,
            step,
        })
    }

    /// Does a step.
    ///
    /// # Errors
    /// `TRAINING.NAN_LOSS` when loss or gradients are not finite, and nothing is changed then;
    /// `TRAINING.DATALOADER` when no data can be drawn.
    pub(super) fn train_step(&mut self) -> Result<Figures> {
        let settings = self.settings;
        let numbers = settings.accumulation.batches(self.step);
        let (of_batches, gradients) = self
            .replicas
            .gradients(numbers, |number| self.draws.batch(self.step, number))?;
        let mut figures = Figures::mean(&of_batches);
        if !figures.loss.is_finite() {
            return Err(not_a_number(self.step + 1));
        }
        let rates = self.rates();
        (figures.learning_rate, figures.lora_learning_rate) = (rates.others, rates.adapters);
        figures.gradient_norm = self.replicas.apply(
            gradients,
            &mut self.optimizer,
            &|name| rates.of(name),
            settings.clip,
        )?;
        self.step += 1;
        Ok(figures)
    }

    /// The learning rates of this step.
    fn rates(&self) -> Rates {
        let settings = self.settings;
        let factor = settings
            .schedule
            .factor(self.step, settings.steps, settings.warmup_steps);
        Rates {
            adapters: settings.lora_learning_rate * factor,
            others: settings.learning_rate * factor,
        }
    }

    /// Looks at the model that training starts from, by which later looks are judged.
    ///
    /// # Errors
    /// As [`look`](Self::look).
    pub(super) fn first_look(
        &mut self,
        monitor: &Monitor,
        warn: &mut dyn FnMut(&str),
    ) -> Result<()> {
        if self.step == 0 && self.watch.is_due(0) {
            self.look(monitor, warn)?;
        }
        Ok(())
    }

    /// Lets the watch look at the validation windows.
    ///
    /// # Errors
    /// `TRAINING.NAN_LOSS` when states are not finite.
    pub(super) fn look(
        &mut self,
        monitor: &Monitor,
        warn: &mut dyn FnMut(&str),
    ) -> Result<CollapseCheck> {
        let (predicted, targets): (Vec<_>, Vec<_>) = self
            .replicas
            .first
            .measure(&self.validation)?
            .into_iter()
            .unzip();
        let seen = (predicted.concat(), targets.concat());
        let width = self.replicas.first.encoder.d_state();
        self.watch.look((&seen.0, &seen.1), width, monitor, warn)
    }

    /// Saves a checkpoint.
    ///
    /// # Errors
    /// `TRAINING.NAN_LOSS` when a weight is not finite: the last good checkpoint is to stay the
    /// newest one. `RESOURCE.*` when files cannot be written.
    pub(super) fn save(&mut self, run: &mut RunDir) -> Result<()> {
        let mut tensors = self.tensors();
        let finite = |tensor: &NamedTensor| tensor.values.iter().all(|value| value.is_finite());
        if let Some((name, _)) = tensors.iter().find(|(_, tensor)| !finite(tensor)) {
            return Err(Error::new(
                ErrorCode::TrainingNanLoss,
                format!(
                    "the weights of {name} are not finite after step {}",
                    self.step
                ),
            ));
        }
        if let Some(distance) = self.watch.initial_distance() {
            let tensor = NamedTensor {
                shape: vec![1],
                values: vec![distance],
            };
            tensors.insert(INITIAL_DISTANCE.to_owned(), tensor);
        }
        run.save(self.step, tensors, self.optimizer.export())
    }

    fn tensors(&mut self) -> Tensors {
        join_input_projections(exported(&mut self.replicas.first))
    }

    /// Writes the model and the adapters.
    ///
    /// # Errors
    /// As [`export::write`].
    pub(super) fn export(&mut self) -> Result<()> {
        let surprises = self.surprises()?;
        let mut tensors = self.tensors();
        let model = &mut self.replicas.first;
        let merged = model.networks.adapters.merged(&mut model.encoder.llama);
        let trained = export::Trained {
            config: &model.config,
            merged,
            adapters: networks::take(&mut tensors, LORA),
            layers: model.networks.adapters.layers(),
            predictor: networks::take(&mut tensors, PREDICTOR),
            action: networks::take(&mut tensors, ACTION),
            surprises,
        };
        export::write(self.settings, trained)
    }

    /// The surprise of each validation item of one edit and the window that it lies in: what the
    /// first calibration table is made of, until `calibrate` makes one from common variants. The
    /// adapters are applied after it.
    fn surprises(&mut self) -> Result<Vec<(String, f64)>> {
        let width = self.replicas.first.encoder.d_state();
        let measured = self.replicas.first.measure(&self.validation)?;
        let mut surprises = Vec::new();
        for (batch, (predicted, targets)) in self.validation.iter().zip(&measured) {
            let rows = predicted
                .chunks_exact(width)
                .zip(targets.chunks_exact(width));
            // Items of one edit come first, one row each.
            let single = batch.items.iter().filter(|item| item.edits.len() == 1);
            surprises.extend(single.zip(rows).map(|(item, (predicted, target))| {
                let window = batch.windows[item.window].clone();
                (window, surprise_distance(predicted, target))
            }));
        }
        Ok(surprises)
    }
}
