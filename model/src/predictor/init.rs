//! Fresh weights, to train from: linears truncated normal with variance `2 / inputs`, embeddings
//! normal with standard deviation 0.02, norms 1, biases 0. The last output layer starts at zero, so
//! that an untrained predictor predicts no change.

use super::PredictorSizes;
use crate::tokenizer::SIX_MERS;
use crate::weights::NamedTensor;
use core::f64::consts::TAU;
use genolewm_core::edit::EditType;
use std::collections::BTreeMap;

/// Standard deviation of embeddings.
const EMBEDDING_STD: f64 = 0.02;
/// Where a truncated normal is cut, in standard deviations.
const CUT: f64 = 2.0;

impl Default for PredictorSizes {
    /// The published model's sizes: 23.9 million parameters.
    fn default() -> Self {
        Self {
            d_state: 1024,
            d_action: 512,
            d_hidden: 768,
            ffn_dim: 768,
            cross_blocks: 4,
            self_blocks: 2,
            max_actions: 16,
        }
    }
}

/// Sizes of an action encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionSizes {
    /// Width of an action.
    pub d_action: usize,
    /// Width of the position features; even.
    pub d_pos: usize,
    /// Width of the type embedding.
    pub d_type: usize,
    /// Width of an allele's vector.
    pub d_seq: usize,
    /// Layers of the allele encoder.
    pub layers: usize,
    /// Inner width of the projection.
    pub inner: usize,
}

impl Default for ActionSizes {
    fn default() -> Self {
        Self {
            d_action: 512,
            d_pos: 128,
            d_type: 64,
            d_seq: 256,
            layers: 2,
            inner: 1024,
        }
    }
}

/// Draws weights from a source of random numbers in `0.0..1.0`. Tensors are drawn in one fixed
/// order, so that one seed gives one model.
pub struct Initializer<'r> {
    uniform: &'r mut dyn FnMut() -> f64,
    tensors: BTreeMap<String, NamedTensor>,
}

impl core::fmt::Debug for Initializer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Initializer")
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}

impl<'r> Initializer<'r> {
    /// An initializer that draws from `uniform`.
    pub fn new(uniform: &'r mut dyn FnMut() -> f64) -> Self {
        Self {
            uniform,
            tensors: BTreeMap::new(),
        }
    }

    /// The tensors of a fresh predictor.
    #[must_use]
    pub fn predictor(mut self, sizes: &PredictorSizes) -> BTreeMap<String, NamedTensor> {
        let PredictorSizes {
            d_state,
            d_action,
            d_hidden,
            ..
        } = *sizes;
        if d_state != d_hidden {
            self.linear("state_projection", d_state, d_hidden);
        }
        self.linear("action_projection", d_action, d_hidden);
        self.table("token_type_embedding.weight", &[2, d_hidden]);
        self.table(
            "step_position_embedding.weight",
            &[sizes.max_actions + 1, d_hidden],
        );
        for index in 0..sizes.cross_blocks {
            let norms: &[&str] = if index % 2 == 0 {
                &["attn_norm"]
            } else {
                &["query_norm", "memory_norm"]
            };
            self.block(&format!("cross_blocks.{index}"), norms, sizes);
        }
        for index in 0..sizes.self_blocks {
            self.block(&format!("self_blocks.{index}"), &["attn_norm"], sizes);
        }
        self.linear("output_mlp.0", d_hidden, d_hidden);
        self.norm("output_mlp.2", d_hidden);
        self.constant("output_mlp.3.weight", &[d_state, d_hidden], 0.0);
        self.constant("output_mlp.3.bias", &[d_state], 0.0);
        self.tensors
    }

    /// The tensors of a fresh action encoder.
    #[must_use]
    pub fn action_encoder(mut self, sizes: &ActionSizes) -> BTreeMap<String, NamedTensor> {
        let ActionSizes {
            d_action,
            d_pos,
            d_type,
            d_seq,
            inner,
            ..
        } = *sizes;
        let narrow = d_seq.min(128);
        self.table("type_embedding.weight", &[EditType::ALL.len(), d_type]);
        self.table(
            "seq_encoder.token_embedding.weight",
            &[SIX_MERS + 1, narrow],
        );
        if narrow != d_seq {
            self.linear("seq_encoder.token_projection", narrow, d_seq);
        }
        for index in 0..sizes.layers {
            let prefix = format!("seq_encoder.encoder.layers.{index}");
            self.attention(&format!("{prefix}.self_attn"), d_seq);
            for name in ["linear1", "linear2"] {
                self.linear(&format!("{prefix}.{name}"), d_seq, d_seq);
            }
            for name in ["norm1", "norm2"] {
                self.norm(&format!("{prefix}.{name}"), d_seq);
            }
        }
        self.linear("projection.0", d_pos + d_type + 2 * d_seq, inner);
        self.norm("projection.2", inner);
        self.linear("projection.3", inner, d_action);
        self.table("padding_embedding", &[d_action]);
        self.tensors
    }

    fn block(&mut self, prefix: &str, norms: &[&str], sizes: &PredictorSizes) {
        self.attention(&format!("{prefix}.attn"), sizes.d_hidden);
        for name in norms.iter().chain(&["ffn_norm"]) {
            self.norm(&format!("{prefix}.{name}"), sizes.d_hidden);
        }
        self.linear(
            &format!("{prefix}.ffn.net.0"),
            sizes.d_hidden,
            sizes.ffn_dim,
        );
        self.linear(
            &format!("{prefix}.ffn.net.2"),
            sizes.ffn_dim,
            sizes.d_hidden,
        );
    }

    fn attention(&mut self, prefix: &str, width: usize) {
        self.weight(&format!("{prefix}.in_proj_weight"), width, 3 * width);
        self.constant(&format!("{prefix}.in_proj_bias"), &[3 * width], 0.0);
        self.linear(&format!("{prefix}.out_proj"), width, width);
    }

    fn linear(&mut self, prefix: &str, inputs: usize, outputs: usize) {
        self.weight(&format!("{prefix}.weight"), inputs, outputs);
        self.constant(&format!("{prefix}.bias"), &[outputs], 0.0);
    }

    fn weight(&mut self, name: &str, inputs: usize, outputs: usize) {
        let std = (2.0 / inputs as f64).sqrt();
        self.draw(name, &[outputs, inputs], std, CUT);
    }

    fn table(&mut self, name: &str, shape: &[usize]) {
        self.draw(name, shape, EMBEDDING_STD, f64::INFINITY);
    }

    fn norm(&mut self, prefix: &str, width: usize) {
        self.constant(&format!("{prefix}.weight"), &[width], 1.0);
        self.constant(&format!("{prefix}.bias"), &[width], 0.0);
    }

    fn constant(&mut self, name: &str, shape: &[usize], value: f32) {
        self.insert(name, shape, vec![value; shape.iter().product()]);
    }

    fn draw(&mut self, name: &str, shape: &[usize], std: f64, cut: f64) {
        let count = shape.iter().product();
        let drawn = (0..count).map(|_| (std * self.normal(cut)) as f32);
        let values = drawn.collect();
        self.insert(name, shape, values);
    }

    fn insert(&mut self, name: &str, shape: &[usize], values: Vec<f32>) {
        let shape = shape.to_vec();
        self.tensors
            .insert(name.to_owned(), NamedTensor { shape, values });
    }

    /// A standard normal number within `cut` (Box and Muller 1958; what lies beyond is drawn
    /// again).
    fn normal(&mut self, cut: f64) -> f64 {
        loop {
            let radius = (-2.0 * (1.0 - (self.uniform)()).ln()).sqrt();
            let drawn = radius * (TAU * (self.uniform)()).cos();
            if drawn.abs() <= cut {
                return drawn;
            }
        }
    }
}
