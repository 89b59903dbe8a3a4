//! Encoder, adapters, predictor and action encoder on one device, and the pass over a batch.

use super::Settings;
use super::batch::{Batch, Pass};
use super::lora::{self, Adapters};
use super::networks::{self, ACTION, LORA, Networks, PREDICTOR, Tensors};
use crate::replicas::Replica;
use crate::step::{host, mean};
use burn::tensor::{Gradients, Tensor};
use genolewm::action::{ALLELE_HEADS, ActionEncoder};
use genolewm::bundle::Bundle;
use genolewm::config::ModelConfig;
use genolewm::encoder::StateEncoder;
use genolewm::files::Directory;
use genolewm::loss::{LossWeights, kl_regularizer_tensor, prediction_loss_tensor};
use genolewm::ops::BurnOps;
use genolewm::parameters::{Parameters, Visitor};
use genolewm::predictor::Predictor;
use genolewm::weights::Weights;
use genolewm_core::Result;
use serde::Serialize;

/// What a step did.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Figures {
    /// What was trained on: distance and weighted regulariser.
    pub(super) loss: f64,
    /// Distance of predicted to encoded states.
    pub(super) prediction_loss: f64,
    /// The regulariser, in nats.
    pub(super) kl: f64,
    pub(super) gradient_norm: f64,
    pub(super) learning_rate: f64,
    pub(super) lora_learning_rate: f64,
    /// Share of items whose first edit is an indel.
    indel_share: f64,
    /// Mean edits of an item.
    mean_steps: f64,
}

impl Figures {
    /// The means over batches of what is known of one.
    pub(super) fn mean(batches: &[Self]) -> Self {
        Self {
            loss: mean(batches, |batch| batch.loss),
            prediction_loss: mean(batches, |batch| batch.prediction_loss),
            kl: mean(batches, |batch| batch.kl),
            indel_share: mean(batches, |batch| batch.indel_share),
            mean_steps: mean(batches, |batch| batch.mean_steps),
            ..Self::default()
        }
    }
}

/// What is trained, and the encoder that the adapters change.
pub(super) struct Model {
    pub(super) config: ModelConfig,
    ops: BurnOps,
    pub(super) encoder: StateEncoder<Tensor<2>>,
    pub(super) networks: Networks,
    kl_weight: f64,
}

impl Model {
    /// The model directory of the settings with new adapters, or with the networks of a checkpoint.
    ///
    /// # Errors
    /// As [`Bundle::load`]; `DEPLOY.EXPORT_FORMAT` for a checkpoint that does not fit the model.
    pub(super) fn open(settings: &Settings, ops: BurnOps, saved: Option<Tensors>) -> Result<Self> {
        let bundle = Bundle::load(
            &ops,
            &Directory(settings.model_dir.clone()),
            &Directory(settings.encoder()),
        )?;
        let (config, mut encoder) = (bundle.info.config, bundle.encoder);
        let networks = match saved {
            Some(tensors) => load(settings, &ops, &mut encoder, &config, tensors)?,
            None => Networks {
                adapters: adapters(settings, &ops, &mut encoder, None)?,
                predictor: bundle.predictor,
                action: bundle.action,
            },
        };
        Ok(Self {
            config,
            ops,
            encoder,
            networks,
            kl_weight: settings.kl_weight,
        })
    }

    /// Predictions and targets of batches, one after the other.
    ///
    /// # Errors
    /// As [`StateEncoder::encode`].
    pub(super) fn measure(&mut self, batches: &[Batch]) -> Result<Vec<(Vec<f32>, Vec<f32>)>> {
        self.networks
            .adapters
            .apply(&mut self.encoder.llama, lora::Pass::Measuring);
        let values = |x: Tensor<2>| host(x.inner().into_data());
        let pass = |batch: &Batch| -> Result<(Vec<f32>, Vec<f32>)> {
            let pass = batch.pass(&self.ops, &self.encoder, &self.networks)?;
            Ok((values(pass.prediction), values(pass.target)))
        };
        batches.iter().map(pass).collect()
    }

    /// The loss of a pass, and its figures but for those of the update.
    fn loss(&self, batch: &Batch, pass: Pass) -> Result<(Figures, Tensor<1>)> {
        let weights = LossWeights {
            kl: self.kl_weight,
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
        Ok((figures, loss))
    }
}

impl Parameters<Tensor<2>> for Model {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        self.networks.visit(prefix, visit);
    }
}

impl Replica<Batch> for Model {
    type Figures = Figures;

    fn backward(&mut self, batch: &Batch) -> Result<(Figures, Gradients)> {
        // Anew for each batch: a backward pass consumes what the merged weights came from.
        self.networks
            .adapters
            .apply(&mut self.encoder.llama, lora::Pass::Training);
        let pass = batch.pass(&self.ops, &self.encoder, &self.networks)?;
        let (figures, loss) = self.loss(batch, pass)?;
        Ok((figures, loss.backward()))
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
