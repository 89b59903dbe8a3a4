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

const DNA_CONFIG: &str = r#"{"k": 6, "dna_start_id": 151669, "dna_vocab_size": 4107,
    "dna_special_tokens": ["<dna>", "</dna>", "<oov>"], "auto_dna_tags": false}"#;
const PADDED: &str = r#"{"pad_token": "<|endoftext|>", "added_tokens_decoder": {
    "151643": {"content": "<|endoftext|>"}, "151668": {"content": "</think>"}}}"#;

#[test]
fn a_tokenizer_of_another_layout_was_read_as_carbons() -> Result<()> {
    let added = PADDED.replace(
        r#""<|endoftext|>", "#,
        r#"{"content": "<|endoftext|>", "lstrip": false}, "#,
    );
    let read = |dna: &str, padded: &str| {
        carbon_ids(&[("dna_config.json", dna), ("tokenizer_config.json", padded)])
    };
    assert_eq!(read(DNA_CONFIG, &added)?, CARBON_IDS);
    let code = |dna: &str, padded: &str| read(dna, padded).map_err(|error| error.code());
    for (from, to) in [
        (r#""k": 6"#, r#""k": 3"#),
        (r#""k": 6, "#, ""),
        (r#""dna_start_id": 151669, "#, ""),
        ("4107", "4098"),
        (r#""dna_vocab_size": 4107,"#, ""),
        (
            r#"["<dna>", "</dna>", "<oov>"]"#,
            r#"["<dna>", "</dna>", "<oov>", "<mask>"]"#,
        ),
        (
            r#"["<dna>", "</dna>", "<oov>"]"#,
            r#"["</dna>", "<dna>", "<oov>"]"#,
        ),
        (r#""auto_dna_tags": false"#, r#""auto_dna_tags": true"#),
        (r#", "auto_dna_tags": false"#, ""),
        ("151669", "151600"),
        ("151669", "4294967290"),
    ] {
        let other = DNA_CONFIG.replace(from, to);
        assert_ne!(other, DNA_CONFIG, "{from}");
        assert_eq!(
            code(&other, PADDED),
            Err(ErrorCode::InputGeneric),
            "{other}"
        );
    }
    for padded in [
        "{}".to_owned(),
        PADDED.replace(r#""pad_token": "<|endoftext|>""#, r#""pad_token": "<pad>""#),
        PADDED.replace("</think>", "<|endoftext|>"),
    ] {
        assert_eq!(
            code(DNA_CONFIG, &padded),
            Err(ErrorCode::InputGeneric),
            "{padded}"
        );
    }
    for (dna, padded) in [
        ("{", PADDED),
        (DNA_CONFIG, "{"),
        (r#"{"k": "six"}"#, PADDED),
    ] {
        assert_eq!(
            code(dna, padded),
            Err(ErrorCode::ResourceRuntimeSetup),
            "{dna}"
        );
    }
    Ok(())
}

/// Our extension: a vocabulary that names all six-mers, where no `dna_config.json` says otherwise.
#[test]
fn a_plain_tokenizer_json_is_read_unless_a_dna_config_stands_beside_it() -> Result<()> {
    let tags = ["<dna>", "</dna>", "<oov>"].map(str::to_owned);
    let base = |code: usize, place: usize| ['A', 'C', 'G', 'T'][code >> (2 * place) & 3];
    let six_mers = (0..4096).map(|code| (0..6).rev().map(|place| base(code, place)).collect());
    let names: Vec<String> = tags.into_iter().chain(six_mers).collect();
    let named = names
        .iter()
        .enumerate()
        .map(|(id, name)| format!("{name:?}: {id}"));
    let vocab = named.collect::<Vec<_>>().join(",");
    let plain = format!(r#"{{"model": {{"vocab": {{{vocab}}}}}}}"#);
    // ATCGAT is 0 3 1 2 0 3 in base 4 of A, C, G, T.
    let plain_ids = [0, 1, 2, 3 + 3 * 256 + 64 + 2 * 16 + 3];
    assert_eq!(carbon_ids(&[("tokenizer.json", &plain)])?, plain_ids);
    let both = [
        ("tokenizer.json", &*plain),
        ("dna_config.json", DNA_CONFIG),
        ("tokenizer_config.json", PADDED),
    ];
    assert_eq!(carbon_ids(&both)?, CARBON_IDS);
    Ok(())
}

#[test]
fn carbon_layout_is_known_by_its_dna_config() -> Result<()> {
    let files = [
        ("dna_config.json", DNA_CONFIG),
        ("tokenizer_config.json", PADDED),
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
    let files = [
        ("dna_config.json", DNA_CONFIG),
        ("tokenizer_config.json", PADDED),
        ("config.json", r#"{"vocab_size": 151936}"#),
    ];
    assert!(carbon_ids(&files).is_err());
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
