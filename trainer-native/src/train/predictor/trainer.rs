//! The networks that are trained, and one step of it.

use super::Settings;
use super::networks::{ACTION, Networks, PREDICTOR, Tensors, initial, split};
use super::pool::{Item, Pool};
use crate::train::collapse::CollapseWatch;
use crate::train::optimizer::{MatrixOptimizer, Optimizer};
use crate::train::run_dir::{Checkpoint, RunDir};
use crate::train::step::{Collected, export, host, not_a_number, track};
use burn::tensor::{Tensor, TensorData};
use genolewm_model::action::layers::join_input_projections;
use genolewm_model::action::{ALLELE_HEADS, ActionEncoder};
use genolewm_model::loss::{LossWeights, prediction_loss_tensor};
use genolewm_model::ops::{BurnOps, Ops};
use genolewm_model::predictor::Predictor;
use genolewm_model::weights::{NamedTensor, Weights};
use genolewm_shared::Result;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// The entry of a checkpoint's state that holds what the collapse monitor first saw.
const FIRST_DISTANCE: &str = "collapse.initial_distance";

/// Predictor and action encoder with their optimiser.
pub(super) struct Trainer<'a> {
    settings: &'a Settings,
    ops: BurnOps,
    networks: Networks,
    optimizer: Optimizer,
    width: usize,
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
    /// Fresh networks for states of `width`, or those of a checkpoint.
    pub(super) fn open(
        settings: &'a Settings,
        width: usize,
        resumed: Option<Checkpoint>,
    ) -> Result<Self> {
        let ops = settings.compute.training_ops()?;
        let mut optimizer = Optimizer::new(MatrixOptimizer::Adamw, settings.weight_decay);
        let (predictor, action, step) = if let Some(checkpoint) = resumed {
            optimizer.import(checkpoint.state, checkpoint.step, ops.device());
            let (predictor, action) = split(checkpoint.weights);
            (predictor, action, checkpoint.step)
        } else {
            let (predictor, action) = initial(settings, width);
            (predictor, action, 0)
        };
        let mut networks = Networks {
            predictor: Predictor::load(
                &ops,
                Weights::from_tensors("predictor", predictor),
                settings.n_heads,
            )?,
            action: ActionEncoder::load(
                &ops,
                Weights::from_tensors("action encoder", action),
                ALLELE_HEADS,
                settings.window_bp,
            )?,
        };
        track(&mut networks);
        Ok(Self {
            settings,
            ops,
            networks,
            optimizer,
            width,
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
        let mut collected = Collected::default();
        let mut loss_sum = 0.0;
        for _ in settings.accumulation.batches(self.step) {
            let items = pool.draw(settings.batch, &mut rng);
            let loss = self.loss(&items)?;
            loss_sum += finite(&loss, self.step + 1)?;
            collected.add(&mut self.networks, &mut loss.backward());
        }
        let rate = settings.learning_rate
            * settings
                .schedule
                .factor(self.step, settings.steps, settings.warmup_steps);
        let gradient_norm = collected.apply(
            &mut self.networks,
            &mut self.optimizer,
            &|_| rate,
            settings.clip,
        )?;
        self.step += 1;
        Ok(StepFigures {
            loss: loss_sum / settings.accumulation.accumulate as f64,
            gradient_norm,
        })
    }

    fn loss(&self, items: &[Item<'_>]) -> Result<Tensor<1>> {
        let prediction = self.predict(items)?;
        let target = self.matrix(items.iter().map(|item| item.after()));
        prediction_loss_tensor(prediction, target, None, &LossWeights::default())
    }

    /// The states after each edit of the items, item by item. Neighbours of one length go together,
    /// since that is quicker than to pad all to the longest.
    pub(super) fn predict(&self, items: &[Item<'_>]) -> Result<Tensor<2>> {
        let predicted = items
            .chunk_by(|one, next| one.steps() == next.steps())
            .map(|items| self.predict_alike(items))
            .collect::<Result<Vec<_>>>()?;
        Ok(self.ops.concat_rows(&predicted))
    }

    /// [`predict`](Self::predict) for items of one length.
    fn predict_alike(&self, items: &[Item<'_>]) -> Result<Tensor<2>> {
        let edits: Vec<_> = items.iter().map(|item| item.edits()).collect();
        let actions = self.networks.action.forward_padded(&self.ops, &edits)?;
        let states = self.matrix(items.iter().map(|item| item.before()));
        self.networks.predictor.forward_batch(
            &self.ops,
            &states,
            &actions.actions,
            &actions.mask,
            actions.per_item,
        )
    }

    /// Rows of states, one or more at a time.
    fn matrix<'p>(&self, rows: impl Iterator<Item = &'p [f32]>) -> Tensor<2> {
        let values: Vec<f32> = rows.flatten().copied().collect();
        let count = values.len() / self.width;
        self.ops.matrix(values, count, self.width)
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
        let (predictor, action) = split(export(&mut self.networks));
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

/// The loss as a number.
fn finite(loss: &Tensor<1>, step: u64) -> Result<f64> {
    let value = host(loss.clone().inner().into_data());
    let value = value.first().copied().map_or(f64::NAN, f64::from);
    if value.is_finite() {
        return Ok(value);
    }
    Err(not_a_number(step))
}
