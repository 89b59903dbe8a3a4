//! The golden encoder against the oracle, on any backend.

use super::{array, golden_bytes, golden_dir, golden_json, number, read, size};
use genolewm::bundle::load_encoder;
use genolewm::config::ModelConfig;
use genolewm::encoder::{Sequence, StateEncoder};
use genolewm::files::Directory;
use genolewm::ops::Ops;

/// The encoder of the golden pipeline.
pub fn golden_encoder<O: Ops>(ops: &O) -> StateEncoder<O::Matrix> {
    let yaml = String::from_utf8(golden_bytes("pipeline/model/train_config.yaml")).expect("UTF-8");
    let config = ModelConfig::parse(&yaml).expect("a config");
    let files = Directory(golden_dir().join("pipeline/encoder"));
    load_encoder(ops, &files, &config).expect("an encoder")
}

/// Every layer's hidden states.
pub fn check_hidden_states<O: Ops>(ops: &O) {
    let probe = golden_json("pipeline/encoder_probe.json");
    let encoder = golden_encoder(ops);
    let ids: Vec<u32> = array(&probe["input_ids"])
        .iter()
        .map(|id| size(id) as u32)
        .collect();
    let layers = array(&probe["hidden_states"]);
    assert_eq!(layers.len(), encoder.llama.layers.len() + 1);
    for (layer, expected) in layers.iter().enumerate() {
        let hidden = encoder.llama.hidden(ops, &[Sequence::whole(&ids)], layer);
        let expected = array(expected).iter().flat_map(array).map(number);
        for (index, (ours, theirs)) in read(ops, &hidden).into_iter().zip(expected).enumerate() {
            let difference = (f64::from(ours) - theirs).abs();
            assert!(
                difference < 1e-4,
                "layer {layer}, value {index}: {ours} is not {theirs}"
            );
        }
    }
}
