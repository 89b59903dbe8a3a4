//! The language model on one device, and the pass over a batch.

use crate::encoder_dir::{SPECIALS, VOCABULARY};
use crate::lm_loss::{LmLoss, lm_loss};
use crate::replicas::Replica;
use crate::step::{host, mean};
use burn::tensor::{Gradients, Tensor, TensorData};
use genolewm::encoder::{Llama, LlamaConfig, Sequence};
use genolewm::ops::BurnOps;
use genolewm::parameters::{Parameters, Visitor};
use genolewm::weights::Weights;
use genolewm_core::Result;

/// Windows of one length as tokens, and the loss that they are trained with.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) tokens: Vec<Vec<u32>>,
    pub(super) kind: LmLoss,
}

/// Figures of a batch, or means over several.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures {
    pub(super) kind: LmLoss,
    pub(super) loss: f64,
    pub(super) six_mer_nats: f64,
    pub(super) base_accuracy: f64,
}

impl Figures {
    /// The means over batches.
    pub(super) fn mean(kind: LmLoss, batches: &[Self]) -> Self {
        Self {
            kind,
            loss: mean(batches, |batch| batch.loss),
            six_mer_nats: mean(batches, |batch| batch.six_mer_nats),
            base_accuracy: mean(batches, |batch| batch.base_accuracy),
        }
    }
}

/// The encoder as a language model, where it computes.
pub(super) struct LanguageModel {
    ops: BurnOps,
    pub(super) llama: Llama<Tensor<2>>,
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

    /// Figures of a batch, and a scalar whose gradient is the loss's: the inner product of the
    /// logits with the gradient that [`lm_loss`] gives.
    pub(super) fn forward(&self, batch: &[Vec<u32>], kind: LmLoss) -> (Figures, Tensor<2>) {
        // The last token is a target only.
        let sequences: Vec<Sequence<'_>> = batch
            .iter()
            .map(|tokens| Sequence::whole(&tokens[..tokens.len() - 1]))
            .collect();
        let layers = self.llama.config.layers;
        let hidden = self.llama.hidden(&self.ops, &sequences, layers);
        let embedding = self.llama.embedding.clone().transpose();
        let logits = self.ops.precision().product(hidden, embedding);
        let targets: Vec<u16> = batch
            .iter()
            .flat_map(|tokens| {
                tokens[1..]
                    .iter()
                    .map(|&id| id as u16 - SPECIALS.len() as u16)
            })
            .collect();
        let values = host(logits.clone().inner().into_data());
        let step = lm_loss(&values, &targets, SPECIALS.len(), VOCABULARY, kind);
        let rows = targets.len();
        let gradient: Tensor<2> = Tensor::from_data(
            TensorData::new(step.gradient, [rows, VOCABULARY]),
            self.ops.device(),
        );
        let figures = Figures {
            kind,
            loss: step.loss / rows as f64,
            six_mer_nats: step.six_mer_nats / rows as f64,
            base_accuracy: step.right_bases as f64 / (6 * rows) as f64,
        };
        (figures, (logits * gradient).sum_dim(1).sum_dim(0))
    }
}

impl Parameters<Tensor<2>> for LanguageModel {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        self.llama.visit(prefix, visit);
    }
}

impl Replica<Batch> for LanguageModel {
    type Figures = Figures;

    fn backward(&mut self, batch: &Batch) -> Result<(Figures, Gradients)> {
        let (figures, surrogate) = self.forward(&batch.tokens, batch.kind);
        Ok((figures, surrogate.backward()))
    }
}
