//! The encoder as a causal language model over six-mers, on one device.

use super::encoder_dir::{SPECIALS, VOCABULARY};
use super::lm_loss::{LmLoss, lm_loss};
use super::step::host;
use burn::tensor::{Tensor, TensorData};
use genolewm::encoder::{Llama, LlamaConfig};
use genolewm::ops::BurnOps;
use genolewm::weights::Weights;
use genolewm_core::Result;

/// The model, where it computes.
pub(super) struct LanguageModel {
    pub(super) ops: BurnOps,
    pub(super) llama: Llama<Tensor<2>>,
}

/// How well six-mers are predicted: means over them.
#[derive(Debug, Clone, Copy)]
pub(super) struct LanguageFigures {
    /// The training loss, in nats.
    pub(super) loss: f64,
    pub(super) six_mer_nats: f64,
    pub(super) base_accuracy: f64,
}

impl LanguageModel {
    /// A model of these weights for windows of up to `most_tokens`.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when tensors are missing, surplus or misshapen.
    pub(super) fn load(
        ops: BurnOps,
        config: &LlamaConfig,
        weights: Weights,
        most_tokens: usize,
    ) -> Result<Self> {
        let vocabulary: Vec<u32> = (0..VOCABULARY as u32).collect();
        let llama = Llama::load(&ops, config.clone(), weights, &vocabulary, most_tokens)?;
        Ok(Self { ops, llama })
    }

    /// How well hidden rows predict the six-mers `targets`, and a scalar whose gradient is the
    /// loss's: the inner product of the logits with the gradient that [`lm_loss`] gives.
    pub(super) fn loss(
        &self,
        hidden: Tensor<2>,
        targets: &[u16],
        kind: LmLoss,
    ) -> (LanguageFigures, Tensor<2>) {
        let embedding = self.llama.embedding.clone().transpose();
        let logits = self.ops.precision().product(hidden, embedding);
        let values = host(logits.clone().inner().into_data());
        let step = lm_loss(&values, targets, SPECIALS.len(), VOCABULARY, kind);
        let rows = targets.len();
        let gradient: Tensor<2> = Tensor::from_data(
            TensorData::new(step.gradient, [rows, VOCABULARY]),
            self.ops.device(),
        );
        let figures = LanguageFigures {
            loss: step.loss / rows as f64,
            six_mer_nats: step.six_mer_nats / rows as f64,
            base_accuracy: step.right_bases as f64 / (6 * rows) as f64,
        };
        (figures, (logits * gradient).sum_dim(1).sum_dim(0))
    }
}
