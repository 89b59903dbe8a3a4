//! What a model directory brings, and what is said about a score.

use crate::reader::Read;
use genolewm::config::ModelConfig;
use genolewm::encoder::LlamaConfig;
use genolewm::self_check::Answers;
use genolewm::tokenizer::SixMerTokenizer;
use genolewm::weights::Weights;
use genolewm_core::Result;
use genolewm_core::calibration::read_calibration_table;
use genolewm_core::edit::EditSpec;
use genolewm_core::provenance::{Json, Manifest, Receipt, Seal};

pub(crate) const TARGETS: &[(&str, Read)] = &[
    ("edit", edit),
    ("json", json),
    ("manifest", manifest),
    ("seal", seal),
    ("receipts", receipts),
    ("calibration", calibration),
    ("model_config", model_config),
    ("encoder_config", encoder_config),
    ("tokenizer", tokenizer),
    ("dna_config", dna_config),
    ("self_check", self_check),
    ("weights", weights),
];

/// What is read as an edit is written as the same one.
fn edit(bytes: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(bytes);
    let edit: EditSpec = text.parse()?;
    assert_eq!(edit.to_string().parse::<EditSpec>()?, edit);
    Ok(())
}

/// The canonical text of a document is a document with the same canonical text.
fn json(bytes: &[u8]) -> Result<()> {
    let document = Json::parse(bytes, "fuzz")?;
    let text = document.canonical()?;
    assert_eq!(Json::parse(text.as_bytes(), "again")?.canonical()?, text);
    Ok(())
}

fn manifest(bytes: &[u8]) -> Result<()> {
    let manifest = Manifest::parse(bytes)?;
    let again = Manifest::parse(manifest.to_canonical_json()?.as_bytes())?;
    assert_eq!(again.model_id()?, manifest.model_id()?);
    Ok(())
}

fn seal(bytes: &[u8]) -> Result<()> {
    Seal::parse(bytes).map(drop)
}

fn receipts(bytes: &[u8]) -> Result<()> {
    Receipt::parse_all(bytes, "fuzz").map(drop)
}

fn calibration(bytes: &[u8]) -> Result<()> {
    read_calibration_table(bytes).map(drop)
}

fn model_config(bytes: &[u8]) -> Result<()> {
    ModelConfig::parse(&String::from_utf8_lossy(bytes)).map(drop)
}

fn encoder_config(bytes: &[u8]) -> Result<()> {
    LlamaConfig::parse(bytes).map(drop)
}

/// A vocabulary that names six-mers, or Carbon's; the other files are those of Carbon.
fn tokenizer(bytes: &[u8]) -> Result<()> {
    SixMerTokenizer::from_files(|name| (name == "tokenizer.json").then(|| bytes.to_vec())).map(drop)
}

fn dna_config(bytes: &[u8]) -> Result<()> {
    let carbon = |name: &str| match name {
        "dna_config.json" => Some(bytes.to_vec()),
        "tokenizer_config.json" => {
            let padded = br#"{"pad_token": "a", "added_tokens_decoder": {"0": {"content": "a"}}}"#;
            Some(padded.to_vec())
        }
        _ => None,
    };
    SixMerTokenizer::from_files(carbon).map(drop)
}

fn self_check(bytes: &[u8]) -> Result<()> {
    Answers::parse(bytes).map(drop)
}

/// Tensors of every type are widened.
fn weights(bytes: &[u8]) -> Result<()> {
    Weights::parse(bytes, "fuzz", |_| true).map(drop)
}
