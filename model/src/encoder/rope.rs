//! Rotary position embedding (Su et al. 2021, arXiv:2104.09864) with Hugging Face's frequencies.

use super::config::{LlamaConfig, RopeScaling};
use crate::ops::{Ops, Rotation};
use core::f64::consts::PI;

/// Cosines and sines of every position up to a length.
#[derive(Debug, Clone)]
pub(super) struct Rope {
    half: usize,
    frequencies: Vec<f32>,
    scale: f32,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Rope {
    /// A table of `rows` positions.
    pub(super) fn new(config: &LlamaConfig, rows: usize) -> Self {
        let (frequencies, scale) = frequencies(config);
        let mut rope = Self {
            half: config.head_width / 2,
            frequencies,
            scale,
            cos: vec![],
            sin: vec![],
        };
        for position in 0..rows {
            let (cos, sin) = rope.row(position);
            rope.cos.extend(cos);
            rope.sin.extend(sin);
        }
        rope
    }

    /// The rotation of rows at these positions.
    pub(super) fn rotation<O: Ops>(&self, ops: &O, positions: &[usize]) -> Rotation<O::Matrix> {
        let mut cos = Vec::with_capacity(positions.len() * self.half);
        let mut sin = Vec::with_capacity(positions.len() * self.half);
        for &position in positions {
            let span = position * self.half..(position + 1) * self.half;
            match (self.cos.get(span.clone()), self.sin.get(span)) {
                (Some(row_cos), Some(row_sin)) => {
                    cos.extend_from_slice(row_cos);
                    sin.extend_from_slice(row_sin);
                }
                _ => {
                    let (row_cos, row_sin) = self.row(position);
                    cos.extend(row_cos);
                    sin.extend(row_sin);
                }
            }
        }
        Rotation {
            cos: ops.matrix(cos, positions.len(), self.half),
            sin: ops.matrix(sin, positions.len(), self.half),
        }
    }

    fn row(&self, position: usize) -> (Vec<f32>, Vec<f32>) {
        // In f32, as the encoder was trained: the product of a far position is rounded there too.
        let angles = self
            .frequencies
            .iter()
            .map(|frequency| position as f32 * frequency);
        angles
            .map(|angle| (angle.cos() * self.scale, angle.sin() * self.scale))
            .unzip()
    }
}

fn frequencies(config: &LlamaConfig) -> (Vec<f32>, f32) {
    let width = config.head_width as f64;
    let plain = |index: usize| config.rope_theta.powf(-2.0 * index as f64 / width);
    let all = 0..config.head_width / 2;
    match &config.rope_scaling {
        None => (all.map(|i| plain(i) as f32).collect(), 1.0),
        Some(RopeScaling::Linear { factor }) => {
            (all.map(|i| (plain(i) / factor) as f32).collect(), 1.0)
        }
        Some(RopeScaling::Yarn {
            factor,
            original_tokens,
            beta_fast,
            beta_slow,
            attention_factor,
        }) => {
            let dimension = |rotations: f64| {
                width * (original_tokens / (rotations * 2.0 * PI)).ln()
                    / (2.0 * config.rope_theta.ln())
            };
            let low = dimension(*beta_fast).floor().max(0.0);
            let high = dimension(*beta_slow)
                .ceil()
                .min(width - 1.0)
                .max(low + 1e-3);
            let blend = |i: usize| {
                let ramp = ((i as f64 - low) / (high - low)).clamp(0.0, 1.0);
                plain(i) / factor * ramp + plain(i) * (1.0 - ramp)
            };
            (
                all.map(|i| blend(i) as f32).collect(),
                *attention_factor as f32,
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `transformers` 4.57 `_compute_yarn_parameters`, head width 8, theta 10000, factor
    /// 4, original context 32: the fastest frequency stays, the slowest is divided by the factor.
    #[test]
    fn yarn_keeps_fast_and_stretches_slow_frequencies() {
        let config = LlamaConfig {
            hidden_size: 8,
            intermediate_size: 8,
            layers: 1,
            heads: 1,
            kv_heads: 1,
            head_width: 8,
            vocab_size: 8,
            rms_norm_eps: 1e-5,
            rope_theta: 10_000.0,
            tied_embeddings: true,
            attention_bias: false,
            mlp_bias: false,
            max_tokens: 128,
            rope_scaling: Some(RopeScaling::Yarn {
                factor: 4.0,
                original_tokens: 32.0,
                beta_fast: 32.0,
                beta_slow: 1.0,
                attention_factor: 1.1386,
            }),
        };
        let (frequencies, scale) = frequencies(&config);
        assert!((frequencies[0] - 1.0).abs() < 1e-6);
        assert!((frequencies[3] - 0.001 / 4.0).abs() < 1e-8);
        assert!((scale - 1.1386).abs() < 1e-6);
    }
}
