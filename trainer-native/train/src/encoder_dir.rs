//! The encoder directory in Hugging Face layout: config, weights and a six-mer tokenizer.

use super::files::read;
use super::serialize::{Tensors, serialize, torch_header};
use genolewm::encoder::LlamaConfig;
use genolewm::weights::Weights;
use genolewm_core::Result;
use genolewm_report::output::write_atomically;
use safetensors::tensor::Dtype;
use serde_json::{Value, json};
use std::path::Path;

/// Special tokens, in id order; six-mers follow.
pub(super) const SPECIALS: [&str; 4] = ["<pad>", "<oov>", "<dna>", "</dna>"];
/// Rows of the embedding table.
pub(super) const VOCABULARY: usize = SPECIALS.len() + 4096;
/// Id of `<dna>`.
const DNA: u32 = 2;
/// Bases in the order of their base-4 digits, Carbon's.
const DIGITS: [char; 4] = ['A', 'T', 'C', 'G'];

/// The id of a six-mer from its bases as codes A 0, C 1, G 2, T 3.
fn six_mer_code(bases: &[u8]) -> u16 {
    const DIGIT_OF: [u16; 4] = [0, 2, 3, 1];
    bases
        .iter()
        .fold(0, |code, &base| code * 4 + DIGIT_OF[usize::from(base & 3)])
}

/// A sequence as tokens: `<dna>`, then six-mers.
pub(super) fn tokens(bases: &[u8]) -> Vec<u32> {
    let six_mers = bases
        .chunks_exact(6)
        .map(|chunk| u32::from(six_mer_code(chunk)) + SPECIALS.len() as u32);
    core::iter::once(DNA).chain(six_mers).collect()
}

/// The codes of the six-mers that the rows of a sequence predict.
pub(super) fn targets(tokens: &[u32]) -> impl Iterator<Item = u16> {
    tokens[1..]
        .iter()
        .map(|&id| id as u16 - SPECIALS.len() as u16)
}

/// The sizes of the encoder in a directory.
///
/// # Errors
/// `RESOURCE.GENERIC` when there is none; as [`LlamaConfig::parse`].
pub(super) fn read_config(directory: &Path) -> Result<LlamaConfig> {
    LlamaConfig::parse(&read(&directory.join("config.json"))?)
}

/// The weights of an encoder directory.
///
/// # Errors
/// `RESOURCE.GENERIC` when there is none; as [`Weights::parse`].
pub(super) fn read_weights(directory: &Path) -> Result<Weights> {
    let path = directory.join("model.safetensors");
    Weights::parse(&read(&path)?, &path.display().to_string(), |_| true)
}

/// Writes `config.json`, `model.safetensors` (f16), and the tokenizer.
///
/// # Errors
/// `RESOURCE.*` when a file cannot be written.
pub(super) fn write(directory: &Path, config: &LlamaConfig, weights: &Tensors) -> Result<()> {
    write_atomically(
        &directory.join("model.safetensors"),
        &serialize(weights, Dtype::F16, Some(torch_header()))?,
    )?;
    for (name, value) in [
        ("config.json", config_json(config)),
        ("tokenizer.json", tokenizer_json()),
        ("tokenizer_config.json", tokenizer_config_json()),
        (
            "special_tokens_map.json",
            json!({
                "additional_special_tokens": ["<dna>", "</dna>"], "pad_token": "<pad>", "unk_token": "<oov>",
            }),
        ),
    ] {
        write_atomically(&directory.join(name), format!("{value:#}\n").as_bytes())?;
    }
    Ok(())
}

pub(super) fn config_json(config: &LlamaConfig) -> Value {
    json!({
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": DNA, "dtype": "float16",
        "eos_token_id": 3, "head_dim": config.head_width, "hidden_act": "silu",
        "hidden_size": config.hidden_size, "initializer_range": 0.02,
        "intermediate_size": config.intermediate_size, "max_position_embeddings": config.max_tokens,
        "mlp_bias": false, "model_type": "llama", "num_attention_heads": config.heads,
        "num_hidden_layers": config.layers, "num_key_value_heads": config.kv_heads,
        "pad_token_id": 0, "rms_norm_eps": config.rms_norm_eps, "rope_scaling": null,
        "rope_theta": config.rope_theta, "tie_word_embeddings": true, "vocab_size": config.vocab_size,
    })
}

fn special(id: usize) -> Value {
    json!({"content": SPECIALS[id], "lstrip": false, "normalized": false, "rstrip": false, "single_word": false, "special": true})
}

fn tokenizer_json() -> Value {
    let mut vocabulary: serde_json::Map<String, Value> = SPECIALS
        .iter()
        .enumerate()
        .map(|(id, name)| ((*name).to_owned(), json!(id)))
        .collect();
    for code in 0..4096usize {
        let six_mer: String = (0..6)
            .rev()
            .map(|place| DIGITS[(code >> (2 * place)) & 3])
            .collect();
        vocabulary.insert(six_mer, json!(SPECIALS.len() + code));
    }
    let added: Vec<Value> = (0..SPECIALS.len())
        .map(|id| {
            let mut token = special(id);
            token["id"] = json!(id);
            token
        })
        .collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": null,
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[ACGTN]{6}"}, "behavior": "Isolated", "invert": false},
        "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<oov>"},
    })
}

fn tokenizer_config_json() -> Value {
    let added: serde_json::Map<String, Value> = (0..SPECIALS.len())
        .map(|id| (id.to_string(), special(id)))
        .collect();
    json!({
        "added_tokens_decoder": added, "additional_special_tokens": ["<dna>", "</dna>"],
        "clean_up_tokenization_spaces": false, "pad_token": "<pad>",
        "tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<oov>",
    })
}
