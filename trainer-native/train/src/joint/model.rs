//! Encoder, LoRA adapters, predictor and action encoder on one device; loss and KL regulariser of a batch.

use super::JointSettings;
use super::batch::{TupleBatch, TuplePass};
use super::lora::{AdapterPass, Adapters};
use crate::networks::{PredictorNetworks, split};
use crate::replicas::Replica;
use crate::serialize::{Tensors, take};
use crate::step::{host, mean, scalar};
use burn::tensor::{Gradients, Tensor};
use genolewm::bundle::Bundle;
use genolewm::config::ModelConfig;
use genolewm::encoder::StateEncoder;
use genolewm::files::Directory;
use genolewm::loss::{LossWeights, kl_regularizer_tensor, prediction_loss_tensor};
use genolewm::ops::BurnOps;
use genolewm::parameters::{Parameters, Visitor};
use genolewm_core::Result;
use serde::Serialize;

/// What a step did.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct JointFigures {
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
    pub(super) indel_share: f64,
    /// Mean edits of an item.
    pub(super) mean_steps: f64,
}

impl JointFigures {
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

/// What the names of the adapters start with.
pub(super) const LORA: &str = "lora";

/// Adapters, predictor and action encoder.
#[derive(Debug)]
pub(super) struct AdaptedNetworks {
    pub(super) adapters: Adapters,
    pub(super) networks: PredictorNetworks,
}

impl Parameters<Tensor<2>> for AdaptedNetworks {
    fn visit(&mut self, _: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        self.adapters.visit(LORA, visit);
        self.networks.visit("", visit);
    }
}

/// The learning rates of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct JointRates {
    pub(super) adapters: f64,
    pub(super) others: f64,
}

impl JointRates {
    /// The rate of a parameter.
    pub(super) fn of(self, name: &str) -> f64 {
        match name.split_once('.') {
            Some((LORA, _)) => self.adapters,
            _ => self.others,
        }
    }
}

/// What is trained, and the encoder that the adapters change.
pub(super) struct JointModel {
    pub(super) config: ModelConfig,
    ops: BurnOps,
    pub(super) encoder: StateEncoder<Tensor<2>>,
    pub(super) trained: AdaptedNetworks,
    kl_weight: f64,
}

impl JointModel {
    /// The model directory of the settings with new adapters, or with the networks of a checkpoint.
    ///
    /// # Errors
    /// As [`Bundle::load`]; `DEPLOY.EXPORT_FORMAT` for a checkpoint that does not fit the model.
    pub(super) fn open(
        settings: &JointSettings,
        ops: BurnOps,
        mut saved: Option<Tensors>,
    ) -> Result<Self> {
        let bundle = Bundle::load(
            &ops,
            &Directory(settings.model_dir.clone()),
            &Directory(settings.encoder()),
        )?;
        let (config, mut encoder) = (bundle.info.config, bundle.encoder);
        let layer = encoder.layer();
        let adapters = saved.as_mut().map(|saved| take(saved, LORA));
        let adapters = Adapters::open(settings, &ops, &mut encoder.llama, layer, adapters)?;
        let n_heads = config.predictor.n_heads;
        let networks = match saved {
            Some(saved) => {
                PredictorNetworks::load(&ops, split(saved), n_heads, config.max_window_bp)?
            }
            None => PredictorNetworks {
                predictor: bundle.predictor,
                action: bundle.action,
            },
        };
        Ok(Self {
            config,
            ops,
            encoder,
            trained: AdaptedNetworks { adapters, networks },
            kl_weight: settings.kl_weight,
        })
    }

    /// Predictions and targets of batches, one after the other.
    ///
    /// # Errors
    /// As [`StateEncoder::encode`].
    pub(super) fn measure(&mut self, batches: &[TupleBatch]) -> Result<Vec<(Vec<f32>, Vec<f32>)>> {
        self.trained
            .adapters
            .apply(&mut self.encoder.llama, AdapterPass::Measuring);
        let values = |x: Tensor<2>| host(x.inner().into_data());
        let pass = |batch: &TupleBatch| -> Result<(Vec<f32>, Vec<f32>)> {
            let pass = batch.pass(&self.ops, &self.encoder, &self.trained.networks)?;
            Ok((values(pass.prediction), values(pass.target)))
        };
        batches.iter().map(pass).collect()
    }

    /// The loss of a pass, and its figures but for those of the update.
    fn loss(&self, batch: &TupleBatch, pass: TuplePass) -> Result<(JointFigures, Tensor<1>)> {
        let weights = LossWeights {
            kl: self.kl_weight,
            ..LossWeights::default()
        };
        let kl = kl_regularizer_tensor(pass.target.clone())?;
        let distance = prediction_loss_tensor(pass.prediction, pass.target, None, &weights)?;
        let (prediction_loss, kl_value) = (scalar(&distance), scalar(&kl));
        let loss = distance + kl.mul_scalar(weights.kl);
        let figures = JointFigures {
            loss: prediction_loss + weights.kl * kl_value,
            prediction_loss,
            kl: kl_value,
            indel_share: batch.indel_share(),
            mean_steps: batch.mean_steps(),
            ..JointFigures::default()
        };
        Ok((figures, loss))
    }
}

impl Parameters<Tensor<2>> for JointModel {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        self.trained.visit(prefix, visit);
    }
}

impl Replica<TupleBatch> for JointModel {
    type Figures = JointFigures;

    fn backward(&mut self, batch: &TupleBatch) -> Result<(JointFigures, Gradients)> {
        // Anew for each batch: a backward pass consumes what the merged weights came from.
        self.trained
            .adapters
            .apply(&mut self.encoder.llama, AdapterPass::Training);
        let pass = batch.pass(&self.ops, &self.encoder, &self.trained.networks)?;
        let (figures, loss) = self.loss(batch, pass)?;
        Ok((figures, loss.backward()))
    }
}
