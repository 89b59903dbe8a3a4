//! The state of a run and what its steps do.

use super::Settings;
use super::batch::{Batch, Pass};
use super::curriculum;
use super::export;
use super::lora::{self, Adapters};
use super::networks::{self, ACTION, LORA, Networks, PREDICTOR, Rates, Tensors};
use crate::dataset::mix::EditMix;
use crate::dataset::tuple::TupleFeed;
use crate::train::collapse::CollapseWatch;
use crate::train::optimizer::{MatrixOptimizer, Optimizer};
use crate::train::pairs::PairSources;
use crate::train::run_dir::{Checkpoint, Monitor, RunDir};
use crate::train::step::{Collected, export as exported, host, not_a_number, track};
use burn::tensor::Tensor;
use genolewm_model::action::layers::join_input_projections;
use genolewm_model::action::{ALLELE_HEADS, ActionEncoder};
use genolewm_model::bundle::Bundle;
use genolewm_model::collapse::CollapseCheck;
use genolewm_model::config::ModelConfig;
use genolewm_model::encoder::StateEncoder;
use genolewm_model::files::Directory;
use genolewm_model::loss::{LossWeights, kl_regularizer_tensor, prediction_loss_tensor};
use genolewm_model::ops::BurnOps;
use genolewm_model::predictor::Predictor;
use genolewm_model::weights::{NamedTensor, Weights};
use genolewm_shared::surprise::surprise_distance;
use genolewm_shared::{Error, ErrorCode, Result};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use serde::Serialize;

/// The entry of a checkpoint that holds the watch's first distance of two predictions.
const INITIAL_DISTANCE: &str = "collapse.initial_distance";

/// What a step did.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Figures {
    /// What was trained on: distance and weighted regulariser.
    pub(super) loss: f64,
    /// Distance of predicted to encoded states.
    pub(super) prediction_loss: f64,
    /// The regulariser, in nats.
    pub(super) kl: f64,
    gradient_norm: f64,
    learning_rate: f64,
    lora_learning_rate: f64,
    /// Share of items whose first edit is an indel.
    indel_share: f64,
    /// Mean edits of an item.
    mean_steps: f64,
}

impl Figures {
    /// Adds the share of one of `batches` batches.
    fn add(&mut self, batch: &Self, batches: f64) {
        self.loss += batch.loss / batches;
        self.prediction_loss += batch.prediction_loss / batches;
        self.kl += batch.kl / batches;
        self.indel_share += batch.indel_share / batches;
        self.mean_steps += batch.mean_steps / batches;
    }
}

/// A run between two steps.
pub(super) struct Trainer<'a> {
    settings: &'a Settings,
    sources: &'a PairSources,
    config: ModelConfig,
    ops: BurnOps,
    encoder: StateEncoder<Tensor<2>>,
    networks: Networks,
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
    /// As [`Bundle::load`]; `DEPLOY.EXPORT_FORMAT` for a checkpoint that does not fit the model.
    pub(super) fn open(
        settings: &'a Settings,
        sources: &'a PairSources,
        resumed: Option<Checkpoint>,
    ) -> Result<Self> {
        let ops = settings.compute.training_ops()?;
        let bundle = Bundle::load(
            &ops,
            &Directory(settings.model_dir.clone()),
            &Directory(settings.encoder()),
        )?;
        let mut optimizer = Optimizer::new(MatrixOptimizer::Adamw, settings.weight_decay);
        let mut watch = CollapseWatch::new(&settings.collapse);
        let mut step = 0;
        let tensors = resumed.map(|checkpoint| {
            optimizer.import(checkpoint.state, checkpoint.step, ops.device());
            step = checkpoint.step;
            checkpoint.weights
        });
        let (config, mut encoder) = (bundle.info.config, bundle.encoder);
        let networks = match tensors {
            Some(mut tensors) => {
                let initial = tensors.remove(INITIAL_DISTANCE);
                if let Some(&distance) = initial.as_ref().and_then(|kept| kept.values.first()) {
                    watch.restore(distance);
                }
                load(settings, &ops, &mut encoder, &config, tensors)?
            }
            None => Networks {
                adapters: adapters(settings, &ops, &mut encoder, None)?,
                predictor: bundle.predictor,
                action: bundle.action,
            },
        };
        let mut trainer = Self {
            settings,
            sources,
            config,
            ops,
            encoder,
            networks,
            optimizer,
            validation: Vec::new(),
            watch,
            step,
        };
        track(&mut trainer.networks);
        trainer.validation = trainer.draw_validation()?;
        Ok(trainer)
    }

    /// Does a step.
    ///
    /// # Errors
    /// `TRAINING.NAN_LOSS` when loss or gradients are not finite, and nothing is changed then;
    /// `TRAINING.DATALOADER` when no data can be drawn.
    pub(super) fn train_step(&mut self) -> Result<Figures> {
        let settings = self.settings;
        let mut collected = Collected::default();
        let mut figures = Figures::default();
        for number in settings.accumulation.batches(self.step) {
            let batch = self.draw(number)?;
            // Anew for each batch: a backward pass consumes what the merged weights came from.
            self.networks
                .adapters
                .apply(&mut self.encoder.llama, lora::Pass::Training);
            let pass = batch.pass(&self.ops, &self.encoder, &self.networks)?;
            let (of_batch, loss) = self.loss(&batch, pass)?;
            figures.add(&of_batch, settings.accumulation.accumulate as f64);
            collected.add(&mut self.networks, &mut loss.backward());
        }
        let rates = self.rates();
        (figures.learning_rate, figures.lora_learning_rate) = (rates.others, rates.adapters);
        figures.gradient_norm = collected.apply(
            &mut self.networks,
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

    /// The batch of a number, with the mix of this step.
    fn draw(&self, number: u64) -> Result<Batch> {
        let settings = self.settings;
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(number + 1);
        let mix = match settings.curriculum {
            true => {
                let last = settings.steps.saturating_sub(1).max(1);
                let progress = self.step as f64 / last as f64;
                curriculum::mix(&self.sources.mix, progress, curriculum::unit(&mut rng))
            }
            false => self.sources.mix.clone(),
        };
        Batch::draw(&self.feed(&mix), settings.windows, &mut rng)
    }

    /// The loss of a pass, and its figures but for those of the update.
    fn loss(&self, batch: &Batch, pass: Pass) -> Result<(Figures, Tensor<1>)> {
        let settings = self.settings;
        let weights = LossWeights {
            kl: settings.kl_weight,
            ..LossWeights::default()
        };
        let kl = kl_regularizer_tensor(pass.target.clone())?;
        let distance = prediction_loss_tensor(pass.prediction, pass.target, None, &weights)?;
        let (prediction_loss, kl_value) = (scalar(&distance), scalar(&kl));
        let loss = distance + kl.mul_scalar(weights.kl);
        let figures = Figures {
            loss: prediction_loss + weights.kl * kl_value,
            prediction_loss,
            kl: kl_value,
            indel_share: batch.indel_share(),
            mean_steps: batch.mean_steps(),
            ..Figures::default()
        };
        if !figures.loss.is_finite() {
            return Err(not_a_number(self.step + 1));
        }
        Ok((figures, loss))
    }

    fn feed<'f>(&'f self, mix: &'f EditMix) -> TupleFeed<'f> {
        TupleFeed {
            corpus: &self.sources.corpus,
            providers: &self.sources.providers,
            mix,
            holdout: &self.sources.holdout,
            window_bp: self.config.window_bp,
        }
    }

    /// Windows that no step draws but by chance: a stream of random numbers of their own.
    fn draw_validation(&self) -> Result<Vec<Batch>> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings.seed);
        let feed = self.feed(&self.sources.mix);
        let all = self.settings.validation_windows;
        let most = self.settings.windows;
        (0..all.div_ceil(most))
            .map(|index| Batch::draw(&feed, most.min(all - index * most), &mut rng))
            .collect()
    }

    /// Predictions and targets of the validation windows, batch by batch.
    fn measure(&mut self) -> Result<Vec<(Vec<f32>, Vec<f32>)>> {
        self.networks
            .adapters
            .apply(&mut self.encoder.llama, lora::Pass::Measuring);
        let values = |x: Tensor<2>| host(x.inner().into_data());
        let pass = |batch: &Batch| -> Result<(Vec<f32>, Vec<f32>)> {
            let pass = batch.pass(&self.ops, &self.encoder, &self.networks)?;
            Ok((values(pass.prediction), values(pass.target)))
        };
        self.validation.iter().map(pass).collect()
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
        let (predicted, targets): (Vec<_>, Vec<_>) = self.measure()?.into_iter().unzip();
        let seen = (predicted.concat(), targets.concat());
        let width = self.encoder.d_state();
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
        join_input_projections(exported(&mut self.networks))
    }

    /// Writes the model and the adapters.
    ///
    /// # Errors
    /// As [`export::write`].
    pub(super) fn export(&mut self) -> Result<()> {
        let surprises = self.surprises()?;
        let mut tensors = self.tensors();
        let merged = self.networks.adapters.merged(&mut self.encoder.llama);
        let trained = export::Trained {
            config: &self.config,
            merged,
            adapters: networks::take(&mut tensors, LORA),
            layers: self.networks.adapters.layers(),
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
        let width = self.encoder.d_state();
        let measured = self.measure()?;
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

/// The networks of a checkpoint.
fn load(
    settings: &Settings,
    ops: &BurnOps,
    encoder: &mut StateEncoder<Tensor<2>>,
    config: &ModelConfig,
    mut tensors: Tensors,
) -> Result<Networks> {
    let mut take = |prefix: &str| networks::take(&mut tensors, prefix);
    let weights = |tensors| Weights::from_tensors("checkpoint", tensors);
    Ok(Networks {
        adapters: adapters(settings, ops, encoder, Some(take(LORA)))?,
        predictor: Predictor::load(ops, weights(take(PREDICTOR)), config.predictor.n_heads)?,
        action: ActionEncoder::load(
            ops,
            weights(take(ACTION)),
            ALLELE_HEADS,
            config.max_window_bp,
        )?,
    })
}

fn adapters(
    settings: &Settings,
    ops: &BurnOps,
    encoder: &mut StateEncoder<Tensor<2>>,
    tensors: Option<Tensors>,
) -> Result<Adapters> {
    let state_layer = encoder.layer();
    Adapters::open(settings, ops, &mut encoder.llama, state_layer, tensors)
}

/// The one value of a tensor.
fn scalar(value: &Tensor<1>) -> f64 {
    let values = host(value.clone().inner().into_data());
    f64::from(values.first().copied().unwrap_or(f32::NAN))
}
