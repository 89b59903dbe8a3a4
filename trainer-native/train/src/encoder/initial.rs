//! Random initial weights of an encoder.

use crate::random::normal;
use crate::serialize::Tensors;
use genolewm::encoder::LlamaConfig;
use genolewm::weights::NamedTensor;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// Random weights: normal with std 0.02 for tables, `sqrt(1 / inputs)` for projections (cut at two
/// standard deviations), smaller by `sqrt(2 layers)` where they feed the residual stream.
pub(super) fn initial(config: &LlamaConfig, seed: u64) -> Tensors {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    let [q, kv] = [config.heads, config.kv_heads].map(|heads| heads * config.head_width);
    let residual = 1.0 / (2.0 * config.layers as f32).sqrt();
    let mut tensors = Tensors::new();
    let mut add = |name: String, shape: Vec<usize>, std: f32| {
        let value = |_| match std {
            0.0 => 1.0,
            _ => std * truncated_normal(&mut rng),
        };
        let values = (0..shape.iter().product()).map(value).collect();
        tensors.insert(name, NamedTensor { shape, values });
    };
    let table = vec![config.vocab_size, hidden];
    add("model.embed_tokens.weight".to_owned(), table, 0.02);
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

/// A standard normal number cut at two standard deviations.
fn truncated_normal(rng: &mut ChaCha8Rng) -> f32 {
    loop {
        let value = normal(rng);
        if value.abs() <= 2.0 {
            return value as f32;
        }
    }
}
