use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// An encoder directory in memory.
fn directory(files: &[(&str, &str)]) -> impl Fn(&str) -> Option<Vec<u8>> + use<> {
    let files: BTreeMap<String, Vec<u8>> = files
        .iter()
        .map(|(name, text)| (name.to_string(), text.as_bytes().to_vec()))
        .collect();
    move |name| files.get(name).cloned()
}

const CARBON_IDS: [u32; 4] = [151_669, 151_670, 151_671, 151_672 + 433];

fn carbon_ids(files: &[(&str, &str)]) -> Result<[u32; 4]> {
    let tokenizer = SixMerTokenizer::from_files(directory(files))?;
    let ids = tokenizer.encode("ATCGAT");
    Ok([ids[0], ids[2], tokenizer.oov(), ids[1]])
}

#[test]
fn carbon_layout_is_known_by_its_dna_config() -> Result<()> {
    let dna = r#"{"k": 6, "dna_start_id": 151669, "dna_vocab_size": 4107,
        "dna_special_tokens": ["<dna>", "</dna>", "<oov>"], "auto_dna_tags": false}"#;
    let files = [
        ("dna_config.json", dna),
        ("config.json", r#"{"vocab_size": 155776}"#),
    ];
    assert_eq!(carbon_ids(&files)?, CARBON_IDS);
    Ok(())
}

#[test]
fn carbon_layout_is_known_by_its_tags() -> Result<()> {
    let config = r#"{"tokenizer_class": "HybridDNATokenizer", "added_tokens_decoder": {
        "151669": {"content": "<dna>"}, "151670": {"content": "</dna>"},
        "151671": {"content": "<oov>"}}}"#;
    assert_eq!(
        carbon_ids(&[("tokenizer_config.json", config)])?,
        CARBON_IDS
    );
    Ok(())
}

#[test]
fn carbon_layout_is_known_by_sizes_over_a_text_vocabulary() -> Result<()> {
    // CCCCCC is a text token by chance, and must not count as DNA.
    let text = r#"{"added_tokens": [{"id": 151668, "content": "</think>"}],
        "model": {"vocab": {"hello": 5, "CCCCCC": 77}}}"#;
    let files = [
        ("tokenizer.json", text),
        ("config.json", r#"{"vocab_size": 155776}"#),
    ];
    assert_eq!(carbon_ids(&files)?, CARBON_IDS);
    let other = [
        ("tokenizer.json", text),
        ("config.json", r#"{"vocab_size": 151936}"#),
    ];
    let error = carbon_ids(&other).expect_err("a text model");
    assert_eq!(error.code(), ErrorCode::ConfigGeneric);
    assert!(error.message().contains("six-mers"));
    Ok(())
}

#[test]
fn an_empty_directory_and_a_short_embedding_are_refused() {
    let error = SixMerTokenizer::from_files(|_| None).expect_err("nothing there");
    assert_eq!(error.code(), ErrorCode::ResourceModelNotFound);
    let dna = r#"{"dna_start_id": 151669}"#;
    let files = [
        ("dna_config.json", dna),
        ("config.json", r#"{"vocab_size": 151936}"#),
    ];
    assert!(carbon_ids(&files).is_err());
    let trimers = [("dna_config.json", r#"{"k": 3, "dna_start_id": 4}"#)];
    assert!(carbon_ids(&trimers).is_err());
    let broken = [("tokenizer.json", "{")];
    assert!(carbon_ids(&broken).is_err());
}

#[test]
fn dense_rows_are_all_ids_once() -> Result<()> {
    let tokenizer = SixMerTokenizer::from_ids(1, 2, 0, (3..4099).collect())?;
    let rows = tokenizer.dense_rows();
    assert_eq!(rows.len(), 4099);
    assert_eq!(rows[4096..], [1, 2, 0]);
    assert!(SixMerTokenizer::from_ids(1, 2, 3, (3..4099).collect()).is_err());
    Ok(())
}

proptest! {
    #[test]
    fn every_six_bases_are_one_token(window in "[ACGTNacgt]{0,64}") {
        let tokenizer = SixMerTokenizer::from_ids(1, 2, 0, (3..4099).collect())?;
        let ids = tokenizer.encode(&window);
        prop_assert_eq!(ids.len(), window.len().div_ceil(6) + 2);
        prop_assert_eq!(tokenizer.encode(&window.to_uppercase()), ids.clone());
        for (chunk, id) in window.as_bytes().chunks(6).zip(&ids[1..]) {
            prop_assert_eq!(*id == 0, chunk.contains(&b'N'));
        }
    }
}
