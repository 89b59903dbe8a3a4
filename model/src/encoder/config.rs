//! `config.json` of a Llama-type encoder. Loading is driven by this file alone.

use core::ops::RangeInclusive;
use genolewm_core::limits::{MAX_ENCODER_LAYERS, MAX_MODEL_WIDTH, MAX_ROTARY_NUMBERS};
use genolewm_core::{Error, ErrorCode, Result};
use serde::Deserialize;

/// How rotary frequencies are stretched beyond the trained context.
#[derive(Debug, Clone, PartialEq)]
pub enum RopeScaling {
    /// Positions divided by a factor.
    Linear {
        /// The divisor.
        factor: f64,
    },
    /// YaRN (Peng et al. 2023, arXiv:2309.00071), as Hugging Face computes it.
    Yarn {
        /// Context length over the original one.
        factor: f64,
        /// The context length that the frequencies were trained with.
        original_tokens: f64,
        /// Rotations above which a frequency is kept.
        beta_fast: f64,
        /// Rotations below which a frequency is interpolated.
        beta_slow: f64,
        /// Scale of cosines and sines.
        attention_factor: f64,
    },
}

/// Sizes and constants of the encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct LlamaConfig {
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width of the gated feed-forward.
    pub intermediate_size: usize,
    /// Number of layers.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of one head.
    pub head_width: usize,
    /// Rows of the embedding table.
    pub vocab_size: usize,
    /// Added to the mean square in RMSNorm.
    pub rms_norm_eps: f64,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// Stretching of the rotary frequencies.
    pub rope_scaling: Option<RopeScaling>,
    /// Whether the output head is the embedding table.
    pub tied_embeddings: bool,
    /// Whether query, key, value and output projections have a bias.
    pub attention_bias: bool,
    /// Whether the feed-forward projections have a bias.
    pub mlp_bias: bool,
    /// The longest sequence that the encoder was made for, in tokens.
    pub max_tokens: usize,
}

#[derive(Deserialize)]
struct LlamaConfigFile {
    model_type: Option<String>,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    vocab_size: usize,
    rms_norm_eps: Option<f64>,
    rope_theta: Option<f64>,
    rope_scaling: Option<RawRope>,
    rope_parameters: Option<RawRope>,
    tie_word_embeddings: Option<bool>,
    attention_bias: Option<bool>,
    mlp_bias: Option<bool>,
    hidden_act: Option<String>,
    max_position_embeddings: Option<usize>,
}

#[derive(Deserialize, Clone)]
struct RawRope {
    #[serde(alias = "type")]
    rope_type: Option<String>,
    rope_theta: Option<f64>,
    factor: Option<f64>,
    original_max_position_embeddings: Option<f64>,
    beta_fast: Option<f64>,
    beta_slow: Option<f64>,
    attention_factor: Option<f64>,
}

impl LlamaConfig {
    /// Columns of the widest matrix that has a row for each token.
    #[must_use]
    pub fn widest_row(&self) -> usize {
        (self.heads * self.head_width)
            .max(self.intermediate_size)
            .max(self.hidden_size)
    }

    /// Reads `config.json`.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` when it is not JSON, describes another kind of model, or holds a number
    /// that no model has; `CONFIG.MISSING_FIELD` when a size is absent.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let raw: LlamaConfigFile = serde_json::from_slice(bytes).map_err(|error| {
            let code = if error.is_data() {
                ErrorCode::ConfigMissingField
            } else {
                ErrorCode::ConfigGeneric
            };
            Error::new(
                code,
                format!("the encoder's config.json cannot be used: {error}"),
            )
            .with_remedy("give an encoder directory in Hugging Face layout")
        })?;
        let kv_heads = raw.num_key_value_heads.unwrap_or(raw.num_attention_heads);
        let shared_width = raw.hidden_size / raw.num_attention_heads.max(1);
        let head_width = raw.head_dim.unwrap_or(shared_width);
        raw.check(kv_heads, head_width)?;
        let theta = raw
            .rope_parameters
            .as_ref()
            .and_then(|rope| rope.rope_theta)
            .or(raw.rope_theta);
        let scaling = raw.rope_scaling.as_ref().or(raw.rope_parameters.as_ref());
        let max_tokens = raw.max_position_embeddings.unwrap_or(2048);
        let config = Self {
            hidden_size: raw.hidden_size,
            intermediate_size: raw.intermediate_size,
            layers: raw.num_hidden_layers,
            heads: raw.num_attention_heads,
            kv_heads,
            head_width,
            vocab_size: raw.vocab_size,
            rms_norm_eps: raw.rms_norm_eps.unwrap_or(1e-6),
            rope_theta: theta.unwrap_or(10_000.0),
            rope_scaling: scaling
                .map(|rope| rope.scaling(max_tokens))
                .transpose()?
                .flatten(),
            tied_embeddings: raw.tie_word_embeddings.unwrap_or(false),
            attention_bias: raw.attention_bias.unwrap_or(false),
            mlp_bias: raw.mlp_bias.unwrap_or(false),
            max_tokens,
        };
        config.check_numbers()?;
        Ok(config)
    }

    /// Whether the numbers that are no sizes are ones to compute with.
    fn check_numbers(&self) -> Result<()> {
        number("rms_norm_eps", self.rms_norm_eps, SMALLEST..=1.0)?;
        number("rope_theta", self.rope_theta, 1.0 + f64::EPSILON..=LARGEST)?;
        match &self.rope_scaling {
            None => Ok(()),
            Some(RopeScaling::Linear { factor }) => number("factor", *factor, FACTORS),
            Some(RopeScaling::Yarn {
                factor,
                original_tokens,
                beta_fast,
                beta_slow,
                attention_factor,
            }) => {
                number("factor", *factor, FACTORS)?;
                let name = "original_max_position_embeddings";
                number(name, *original_tokens, 1.0..=LARGEST)?;
                number("beta_fast", *beta_fast, FACTORS)?;
                number("beta_slow", *beta_slow, FACTORS)?;
                number("attention_factor", *attention_factor, FACTORS)
            }
        }
    }

    /// Whether the rotary positions of a window of `rows` tokens can be kept.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` when there are too many.
    pub(super) fn check_rows(&self, rows: usize) -> Result<()> {
        let numbers = rows.checked_mul(self.head_width);
        match numbers.filter(|&numbers| numbers <= MAX_ROTARY_NUMBERS) {
            Some(_) => Ok(()),
            None => Err(
                unsupported("head width", "no window of this length fits it")
                    .with_detail("tokens", rows)
                    .with_detail("head_width", self.head_width)
                    .with_detail("most numbers", MAX_ROTARY_NUMBERS),
            ),
        }
    }
}

/// Small numbers above 0 that f32 still holds.
const SMALLEST: f64 = 1e-30;
/// Large ones whose powers it holds.
const LARGEST: f64 = 1e15;
/// What positions and rotations are multiplied by.
const FACTORS: RangeInclusive<f64> = 1e-6..=1e6;

/// Refuses what is no number, too, for no range holds it.
fn number(name: &str, value: f64, range: RangeInclusive<f64>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(unsupported(
        name,
        "give the config.json that the encoder was published with",
    )
    .with_detail(name, value)
    .with_detail("least", range.start())
    .with_detail("most", range.end()))
}

impl LlamaConfigFile {
    fn check(&self, kv_heads: usize, head_width: usize) -> Result<()> {
        if let Some(kind) = self.model_type.as_deref().filter(|kind| *kind != "llama") {
            return Err(unsupported(
                &format!("model_type {kind:?}"),
                "only llama encoders are run",
            ));
        }
        if let Some(act) = self.hidden_act.as_deref().filter(|act| *act != "silu") {
            return Err(unsupported(
                &format!("hidden_act {act:?}"),
                "only silu is run",
            ));
        }
        let sizes = [
            self.hidden_size,
            self.intermediate_size,
            self.num_attention_heads,
            kv_heads,
            head_width,
            self.vocab_size,
        ];
        let width = self.num_attention_heads.checked_mul(head_width);
        if sizes.contains(&0)
            || sizes.iter().any(|&size| size > MAX_MODEL_WIDTH)
            || width.is_none_or(|width| width > MAX_MODEL_WIDTH)
            || self.num_hidden_layers > MAX_ENCODER_LAYERS
        {
            return Err(unsupported(
                "a size",
                "sizes must be positive and of a real model",
            ));
        }
        if !self.num_attention_heads.is_multiple_of(kv_heads) || !head_width.is_multiple_of(2) {
            return Err(unsupported(
                "head counts",
                "heads must be a multiple of key-value heads, and head width even",
            ));
        }
        Ok(())
    }
}

impl RawRope {
    fn scaling(&self, max_tokens: usize) -> Result<Option<RopeScaling>> {
        let factor = self.factor.unwrap_or(1.0);
        match self.rope_type.as_deref().unwrap_or("default") {
            "default" => Ok(None),
            "linear" => Ok(Some(RopeScaling::Linear { factor })),
            "yarn" => Ok(Some(RopeScaling::Yarn {
                factor,
                original_tokens: self
                    .original_max_position_embeddings
                    .unwrap_or(max_tokens as f64),
                beta_fast: self.beta_fast.unwrap_or(32.0),
                beta_slow: self.beta_slow.unwrap_or(1.0),
                attention_factor: self.attention_factor.unwrap_or_else(|| {
                    if factor <= 1.0 {
                        1.0
                    } else {
                        0.1 * factor.ln() + 1.0
                    }
                }),
            })),
            other => Err(unsupported(
                &format!("rope_scaling {other:?}"),
                "default, linear and yarn are run",
            )),
        }
    }
}

fn unsupported(what: &str, remedy: &str) -> Error {
    Error::new(
        ErrorCode::ConfigGeneric,
        format!("the encoder's config.json has an unsupported {what}"),
    )
    .with_remedy(remedy)
}

/// A layer's number from the start; negative ones count from the end, and 0 is the embedding.
///
/// # Errors
/// `CONFIG.GENERIC` when an encoder of `layers` layers has no such layer.
pub fn resolve_layer(state_layer: i64, layers: usize) -> Result<usize> {
    let count = layers as i64 + 1;
    let layer = if state_layer < 0 {
        state_layer + count
    } else {
        state_layer
    };
    usize::try_from(layer)
        .ok()
        .filter(|layer| *layer <= layers)
        .ok_or_else(|| {
            Error::new(
                ErrorCode::ConfigGeneric,
                format!("state_layer {state_layer} does not exist"),
            )
            .with_detail("layers", layers)
            .with_remedy("choose a layer of this encoder, or -1 for the last")
        })
}
