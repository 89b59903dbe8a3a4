//! Where training starts from: a checkpoint, another encoder, or random weights.

use super::super::encoder_dir::VOCABULARY;
use burn::tensor::Tensor;
use genolewm::encoder::{Llama, LlamaConfig};
use genolewm::ops::BurnOps;
use genolewm::weights::{NamedTensor, Weights};
use genolewm_core::Result;
use genolewm_report::output::io_error;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::path::Path;

/// An encoder that another stage trains on, and what its checkpoint holds beside it.
pub(crate) struct Base {
    pub(crate) ops: BurnOps,
    pub(crate) llama: Llama<Tensor<2>>,
    /// Vectors of the stage's own.
    pub(crate) extra: BTreeMap<String, Vec<f32>>,
}

/// The sizes of the encoder in a directory.
///
/// # Errors
/// `RESOURCE.GENERIC` when there is none; as [`LlamaConfig::parse`].
pub(crate) fn read_config(init: &Path) -> Result<LlamaConfig> {
    let path = init.join("config.json");
    let config =
        std::fs::read(&path).map_err(|error| io_error(&path.display().to_string(), &error))?;
    LlamaConfig::parse(&config)
}

impl Base {
    /// Opens what a checkpoint holds, or else the encoder directory `init`.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when there is no such directory; `DEPLOY.EXPORT_FORMAT` when tensors are
    /// missing, surplus or misshapen.
    pub(crate) fn open(
        ops: BurnOps,
        init: &Path,
        config: &LlamaConfig,
        saved: Option<BTreeMap<String, NamedTensor>>,
    ) -> Result<Self> {
        let mut extra = BTreeMap::new();
        let weights = if let Some(saved) = saved {
            let (own, others): (BTreeMap<_, _>, BTreeMap<_, _>) = saved
                .into_iter()
                .partition(|(name, _)| name.starts_with("model."));
            extra.extend(
                others
                    .into_iter()
                    .map(|(name, tensor)| (name, tensor.values)),
            );
            Weights::from_tensors("checkpoint", own)
        } else {
            read_weights(init)?
        };
        let vocabulary: Vec<u32> = (0..VOCABULARY as u32).collect();
        let llama = Llama::load(&ops, config.clone(), weights, &vocabulary, 700)?;
        Ok(Self { ops, llama, extra })
    }
}

/// The weights of an encoder directory.
pub(super) fn read_weights(directory: &Path) -> Result<Weights> {
    let path = directory.join("model.safetensors");
    let name = path.display().to_string();
    let bytes = std::fs::read(&path).map_err(|error| io_error(&name, &error))?;
    Weights::parse(&bytes, &name, |_| true)
}

/// Random weights: normal with std 0.02 for tables, `sqrt(1 / inputs)` for projections (cut at two
/// standard deviations), smaller by `sqrt(2 layers)` where they feed the residual stream.
pub(super) fn initial(config: &LlamaConfig, seed: u64) -> BTreeMap<String, NamedTensor> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    let (q, kv) = (
        config.heads * config.head_width,
        config.kv_heads * config.head_width,
    );
    let residual = 1.0 / (2.0 * config.layers as f32).sqrt();
    let mut tensors = BTreeMap::new();
    let mut add = |name: String, shape: Vec<usize>, std: f32| {
        let values = (0..shape.iter().product())
            .map(|_| {
                if std == 0.0 {
                    1.0
                } else {
                    std * truncated_normal(&mut rng)
                }
            })
            .collect();
        tensors.insert(name, NamedTensor { shape, values });
    };
    add(
        "model.embed_tokens.weight".to_owned(),
        vec![config.vocab_size, hidden],
        0.02,
    );
    add("model.norm.weight".to_owned(), vec![hidden], 0.0);
    for layer in 0..config.layers {
        let at = |name: &str| format!("model.layers.{layer}.{name}.weight");
        let std = |inputs: usize| (1.0 / inputs as f32).sqrt();
        add(at("input_layernorm"), vec![hidden], 0.0);
        add(at("post_attention_layernorm"), vec![hidden], 0.0);
        for (name, outputs, inputs, scale) in [
            ("self_attn.q_proj", q, hidden, 1.0),
            ("self_attn.k_proj", kv, hidden, 1.0),
            ("self_attn.v_proj", kv, hidden, 1.0),
            ("self_attn.o_proj", hidden, q, residual),
            ("mlp.gate_proj", inner, hidden, 1.0),
            ("mlp.up_proj", inner, hidden, 1.0),
            ("mlp.down_proj", hidden, inner, residual),
        ] {
            add(at(name), vec![outputs, inputs], std(inputs) * scale);
        }
    }
    tensors
}

/// A standard normal value cut at two standard deviations (Box-Muller).
fn truncated_normal(rng: &mut ChaCha8Rng) -> f32 {
    loop {
        let unit = |bits: u64| ((bits >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        let (a, b) = (unit(rng.next_u64()), unit(rng.next_u64()));
        let value = (-2.0 * a.ln()).sqrt() * (core::f64::consts::TAU * b).cos();
        if value.abs() <= 2.0 {
            return value as f32;
        }
    }
}
