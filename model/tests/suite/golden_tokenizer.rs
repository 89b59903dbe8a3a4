//! Tokenizer and config of the golden model directory.
#![allow(clippy::expect_used, clippy::panic)]

use crate::common::{array, golden_bytes, golden_dir, golden_json, size};
use genolewm::config::ModelConfig;
use genolewm::tokenizer::SixMerTokenizer;
use genolewm_core::pooling::PoolType;
use genolewm_core::state_contract::StateContract;

fn tokenizer() -> SixMerTokenizer {
    let encoder = golden_dir().join("pipeline/encoder");
    SixMerTokenizer::from_files(|name| std::fs::read(encoder.join(name)).ok()).expect("a tokenizer")
}

#[test]
fn golden_tokenizer_ids_are_those_of_its_vocabulary() {
    let tokenizer = tokenizer();
    let vocabulary = &golden_json("pipeline/encoder/tokenizer.json")["model"]["vocab"];
    let id = |token: &str| {
        vocabulary[token]
            .as_u64()
            .and_then(|id| u32::try_from(id).ok())
    };
    assert_eq!(id("<dna>"), Some(tokenizer.dna()));
    assert_eq!(id("</dna>"), Some(tokenizer.dna_end()));
    assert_eq!(id("<oov>"), Some(tokenizer.oov()));
    for text in ["AAAAAA", "ACGTAC", "TTTTTT", "GATTAC"] {
        assert_eq!(id(text), Some(tokenizer.encode(text)[1]), "{text}");
    }
    assert_eq!(id("GAAAAA"), Some(tokenizer.encode("AAAAAAg")[2]));
}

/// The probe's ids, spelt out as bases and read again, are the probe's ids.
#[test]
fn golden_probe_is_a_window_with_tags() {
    let tokenizer = tokenizer();
    let probe = golden_json("pipeline/encoder_probe.json");
    let ids: Vec<u32> = array(&probe["input_ids"])
        .iter()
        .map(|id| size(id) as u32)
        .collect();
    let rows = tokenizer.dense_rows();
    let bases = |id: &u32| rows[..4096].iter().position(|row| row == id).map(six_mer);
    let inside = &ids[1..ids.len() - 1];
    let window: String = inside
        .iter()
        .map(|id| bases(id).unwrap_or_else(|| "NNNNNN".to_owned()))
        .collect();
    assert_eq!(tokenizer.encode(&window), ids);
}

fn six_mer(code: usize) -> String {
    (0..6)
        .rev()
        .map(|place| ['A', 'C', 'G', 'T'][(code >> (2 * place)) & 3])
        .collect()
}

#[test]
fn golden_config_loads_as_it_is() {
    let yaml = String::from_utf8(golden_bytes("pipeline/model/train_config.yaml")).expect("UTF-8");
    let config = ModelConfig::parse(&yaml).expect("the config");
    assert_eq!(config.encoder.pool_type, PoolType::CenteredMean);
    assert!(!config.encoder.normalize);
    assert_eq!(config.encoder.contract, StateContract::RawV0_2_1);
    assert!(config.predictor.d_state.is_some() && config.predictor.n_heads > 0);
    assert_eq!(config.predictor.d_action, config.action.d_action);
    let again = ModelConfig::parse(&config.to_yaml().expect("YAML")).expect("its own config");
    assert_eq!(again, config);
}
