//! The networks that are trained, and one step of it.

use super::Settings;
use super::model::Model;
use super::networks::{ACTION, Networks, PREDICTOR, Tensors, initial, split};
use super::pool::Pool;
use crate::collapse::CollapseWatch;
use crate::optimizer::{MatrixOptimizer, Optimizer};
use crate::replicas::Replicas;
use crate::run_dir::{Checkpoint, RunDir};
use crate::step::{export, mean, not_a_number};
use burn::tensor::TensorData;
use genolewm::action::layers::join_input_projections;
use genolewm::ops::BurnOps;
use genolewm::weights::NamedTensor;
use genolewm_core::Result;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// The entry of a checkpoint's state that holds what the collapse monitor first saw.
const FIRST_DISTANCE: &str = "collapse.initial_distance";

/// Predictor and action encoder with their optimiser.
pub(super) struct Trainer<'a> {
    settings: &'a Settings,
    replicas: Replicas<Model>,
    optimizer: Optimizer,
    /// Steps that are done.
    pub(super) step: u64,
}

/// What a step tells of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepFigures {
    /// Mean over the micro-batches.
    pub(super) loss: f64,
    /// Before clipping.
    pub(super) gradient_norm: f64,
}

impl<'a> Trainer<'a> {
    /// Fresh networks for states of `width`, or those of a checkpoint, on every device of `devices`.
    pub(super) fn open(
        settings: &'a Settings,
        devices: (BurnOps, Vec<BurnOps>),
        width: usize,
        resumed: Option<Checkpoint>,
    ) -> Result<Self> {
        let mut optimizer = Optimizer::new(MatrixOptimizer::Adamw, settings.weight_decay);
        let (replicas, step) = Replicas::open(devices, resumed, &mut optimizer, |ops, saved| {
            let weights = saved.map_or_else(|| initial(settings, width), split);
            let networks = Networks::load(&ops, settings, weights)?;
            Ok(Model {
                ops,
                networks,
                width,
            })
        })?;
        Ok(Self {
            settings,
            replicas,
            optimizer,
            step,
        })
    }

    /// One update, by the mean gradient of `--accumulate` batches; a function of the seed,
    /// the step and the pool.
    ///
    /// # Errors
    /// `TRAINING.NAN_LOSS` when a loss or a gradient is not finite; the weights are unchanged then.
    pub(super) fn train_step(&mut self, pool: &Pool) -> Result<StepFigures> {
        let settings = self.settings;
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(self.step + 1);
        let numbers = settings.accumulation.batches(self.step);
        let (losses, gradients) = self
            .replicas
            .gradients(numbers, |_| Ok(pool.draw(settings.batch, &mut rng)))?;
        let loss = mean(&losses, |&loss| loss);
        if !loss.is_finite() {
            return Err(not_a_number(self.step + 1));
        }
        let rate = settings.learning_rate
            * settings
                .schedule
                .factor(self.step, settings.steps, settings.warmup_steps);
        let gradient_norm =
            self.replicas
                .apply(gradients, &mut self.optimizer, &|_| rate, settings.clip)?;
        self.step += 1;
        Ok(StepFigures {
            loss,
            gradient_norm,
        })
    }

    /// The networks as they stand.
    pub(super) const fn model(&self) -> &Model {
        &self.replicas.first
    }

    /// Saves a checkpoint of the run.
    ///
    /// # Errors
    /// `RESOURCE.*` when it cannot be written.
    pub(super) fn save(&mut self, run: &mut RunDir, watch: &CollapseWatch) -> Result<()> {
        let (predictor, action) = self.weights();
        let named = |prefix: &str, tensors: Tensors| -> Vec<(String, NamedTensor)> {
            tensors
                .into_iter()
                .map(|(name, tensor)| (format!("{prefix}.{name}"), tensor))
                .collect()
        };
        let weights = named(PREDICTOR, predictor)
            .into_iter()
            .chain(named(ACTION, action))
            .collect();
        let mut state = self.optimizer.export();
        if let Some(distance) = watch.initial_distance() {
            let distance = TensorData::new(vec![distance], [1]);
            state.insert(FIRST_DISTANCE.to_owned(), distance);
        }
        run.save(self.step, weights, state)
    }

    /// Both networks as their weight files hold them.
    pub(super) fn weights(&mut self) -> (Tensors, Tensors) {
        let (predictor, action) = split(export(&mut self.replicas.first.networks));
        (
            join_input_projections(predictor),
            join_input_projections(action),
        )
    }
}

/// What the collapse monitor of a run compares with, from the run's checkpoint.
pub(super) fn first_distance(checkpoint: &Checkpoint) -> Option<f32> {
    let stored = checkpoint.state.get(FIRST_DISTANCE)?;
    stored.as_slice::<f32>().ok()?.first().copied()
}
