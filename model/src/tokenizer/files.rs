//! Which ids the tokenizer files of an encoder directory give to six-mers and tags.

use super::{DNA, DNA_END, OOV, SIX_MERS, SixMerTokenizer};
use core::fmt;
use genolewm_core::window::TOKEN_BP;
use genolewm_core::{Error, ErrorCode, Result};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// The class that Carbon's `tokenizer_config.json` names.
const HYBRID_CLASS: &str = "HybridDNATokenizer";
/// Carbon rounds its vocabulary up to a multiple of this with unused ids.
const VOCABULARY_STEP: u64 = 128;
/// `<dna>`, `</dna>` and `<oov>`, which the six-mers follow.
const TAGS: usize = 3;

/// What the files say that matters for DNA.
#[derive(Debug, Default)]
struct Found {
    names: Vocabulary,
    /// `tokenizer_config.json` names Carbon's class.
    hybrid_class: bool,
    dna_config: Option<DnaConfig>,
    /// Ids of what `tokenizer_config.json` pads with.
    pads: Vec<u32>,
    /// Rows of the encoder's embedding table.
    vocab_size: Option<u64>,
}

/// Named tokens, of which only six-mers and tags are kept: text vocabularies have 150,000 others.
#[derive(Debug, Default)]
struct Vocabulary {
    ids: BTreeMap<String, u32>,
    /// One above the highest id of any token.
    end: u64,
}

#[derive(Deserialize)]
struct TokenizerJson {
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    model: TokenizerModel,
}

#[derive(Deserialize)]
struct TokenizerModel {
    #[serde(default)]
    vocab: Vocabulary,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
}

#[derive(Deserialize)]
struct TokenizerConfig {
    tokenizer_class: Option<String>,
    pad_token: Option<PadToken>,
    #[serde(default)]
    added_tokens_decoder: BTreeMap<String, AddedContent>,
}

#[derive(Deserialize)]
struct AddedContent {
    content: String,
}

/// By itself, or with how it is cut.
#[derive(Deserialize)]
#[serde(untagged)]
enum PadToken {
    Text(String),
    Added(AddedContent),
}

/// Carbon's `dna_config.json`.
#[derive(Debug, Deserialize)]
struct DnaConfig {
    k: Option<usize>,
    dna_start_id: Option<u32>,
    dna_vocab_size: Option<usize>,
    dna_special_tokens: Option<Vec<String>>,
    auto_dna_tags: Option<bool>,
}

#[derive(Deserialize)]
struct EncoderConfig {
    vocab_size: Option<u64>,
}

impl SixMerTokenizer {
    /// Finds the ids in the files of an encoder directory. `read` returns the content of a file,
    /// or `None` where the directory has no such file.
    ///
    /// Two layouts are known: Carbon's, in which `<dna>`, `</dna>`, `<oov>` and the six-mers in the
    /// order A, T, C, G follow the text vocabulary without being listed, as `dna_config.json` must say to
    /// the letter where it is there; and, which is ours, a vocabulary that names every six-mer
    /// (`tokenizer.json`, `vocab.json`, `added_tokens.json`).
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` when there is no tokenizer file; `INPUT.GENERIC` for a
    /// `dna_config.json` of another tokenizer, `RESOURCE.RUNTIME_SETUP` for files beside one that cannot be
    /// read; without one `CONFIG.GENERIC` when a file is not JSON, or six-mers or tags cannot be found.
    pub fn from_files(read: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Self> {
        let found = Found::read(&read)?;
        let tokenizer = match (&found.dna_config, found.named()?) {
            (Some(config), _) => found.declared(config)?,
            (None, Some(tokenizer)) => tokenizer,
            (None, None) => found.hybrid()?,
        };
        let highest = tokenizer.dense_rows().into_iter().max().unwrap_or_default();
        match found.vocab_size {
            Some(rows) if u64::from(highest) >= rows => Err(unusable(
                "the tokenizer has ids for which the encoder has no embedding row",
            )
            .with_detail("highest_id", highest)
            .with_detail("vocab_size", rows)),
            _ => Ok(tokenizer),
        }
    }
}

impl Found {
    fn read(read: &impl Fn(&str) -> Option<Vec<u8>>) -> Result<Self> {
        let mut found = Self::default();
        let tokenizer: Option<TokenizerJson> = parse(read, "tokenizer.json")?;
        let vocab: Option<Vocabulary> = parse(read, "vocab.json")?;
        let added: Option<Vocabulary> = parse(read, "added_tokens.json")?;
        let config: Option<TokenizerConfig> = parse(read, "tokenizer_config.json")?;
        found.dna_config = parse(read, "dna_config.json")?;
        found.vocab_size =
            parse::<EncoderConfig>(read, "config.json")?.and_then(|config| config.vocab_size);
        if tokenizer.is_none() && vocab.is_none() && config.is_none() && found.dna_config.is_none()
        {
            return Err(Error::new(
                ErrorCode::ResourceModelNotFound,
                "the encoder directory has no tokenizer files",
            )
            .with_remedy("it needs tokenizer.json, or Carbon's tokenizer_config.json"));
        }
        // Later files add to earlier ones; where both name a token, the first one counts.
        if let Some(tokenizer) = tokenizer {
            found.names.merge(tokenizer.model.vocab);
            for token in tokenizer.added_tokens {
                found.names.insert(token.content, token.id);
            }
        }
        for vocabulary in [vocab, added].into_iter().flatten() {
            found.names.merge(vocabulary);
        }
        if let Some(config) = config {
            found.hybrid_class = config.tokenizer_class.as_deref() == Some(HYBRID_CLASS);
            let pad = config.pad_token.map(|pad| match pad {
                PadToken::Text(content) | PadToken::Added(AddedContent { content }) => content,
            });
            for (id, token) in config.added_tokens_decoder {
                if let Ok(id) = id.parse() {
                    if pad.as_ref() == Some(&token.content) {
                        found.pads.push(id);
                    }
                    found.names.insert(token.content, id);
                }
            }
        }
        Ok(found)
    }

    /// The layout that names all six-mers. A text vocabulary may hold some by chance, so some are
    /// not enough.
    fn named(&self) -> Result<Option<SixMerTokenizer>> {
        let six_mers: Option<Vec<u32>> = (0..SIX_MERS)
            .map(|code| self.names.ids.get(&six_mer_text(code)).copied())
            .collect();
        let Some(six_mers) = six_mers else {
            return Ok(None);
        };
        let tag =
            |name: &str| {
                self.names.ids.get(name).copied().ok_or_else(|| {
                    unusable(&format!("the tokenizer has six-mers, but no {name} tag"))
                })
            };
        SixMerTokenizer::from_ids(tag(DNA)?, tag(DNA_END)?, tag(OOV)?, six_mers).map(Some)
    }

    /// Carbon's layout as its `dna_config.json` tells it. There is one; anything else would be another
    /// tokenizer, whose six-mers this program does not know.
    fn declared(&self, config: &DnaConfig) -> Result<SixMerTokenizer> {
        let refused = |what: &str| {
            Error::input(format!("the encoder's tokenizer is not Carbon's: {what}")).with_remedy(
                "fetch the encoder again, at the revision that the manifest names; a tokenizer.json \
                 that names all six-mers is read where there is no dna_config.json",
            )
        };
        let tags = config.dna_special_tokens.as_deref().unwrap_or_default();
        let wrong = if config.k != Some(TOKEN_BP) {
            "dna_config.json asks for tokens that are not six-mers (k)"
        } else if tags != [DNA, DNA_END, OOV] {
            "dna_special_tokens are not <dna>, </dna>, <oov>"
        } else if config
            .dna_vocab_size
            .is_none_or(|size| size < TAGS + SIX_MERS)
        {
            "dna_vocab_size has no room for all six-mers"
        } else if config.auto_dna_tags != Some(false) {
            "auto_dna_tags is not false"
        } else if self.pads.len() != 1 {
            "pad_token is not named once among added_tokens_decoder"
        } else {
            ""
        };
        if !wrong.is_empty() {
            return Err(refused(wrong));
        }
        let end = |start: u32| start.checked_add((TAGS + SIX_MERS) as u32);
        let range = config
            .dna_start_id
            .and_then(|start| Some(start..end(start)?));
        let range = range.ok_or_else(|| refused("dna_start_id is missing or too high"))?;
        if self.pads.iter().any(|pad| range.contains(pad)) {
            return Err(refused("pad_token has the id of a tag or a six-mer"));
        }
        from_start(range.start)
    }

    /// Carbon's layout where nothing declares it: behind the tags that are listed, or behind the text.
    fn hybrid(&self) -> Result<SixMerTokenizer> {
        let tag = |name: &str| self.names.ids.get(name).copied();
        let tags_in_a_row = tag(DNA)
            .filter(|&dna| tag(DNA_END) == dna.checked_add(1) && tag(OOV) == dna.checked_add(2));
        let after_text = (self.hybrid_class || self.sized_as_hybrid())
            .then(|| u32::try_from(self.names.end).ok())
            .flatten()
            .filter(|&end| end > 0);
        let start = tags_in_a_row.or(after_text).ok_or_else(|| {
            unusable("the tokenizer files hold neither all six-mers nor the <dna> tags")
                .with_detail("six_mers_found", self.names.six_mer_count())
                .with_remedy(
                    "give an encoder for DNA: six-mers in tokenizer.json, or Carbon's files",
                )
        })?;
        from_start(start)
    }

    /// Whether the embedding table has just the rows that tags and six-mers add to the text.
    fn sized_as_hybrid(&self) -> bool {
        let used = self.names.end + (TAGS + SIX_MERS) as u64;
        self.vocab_size
            .is_some_and(|rows| rows == used.next_multiple_of(VOCABULARY_STEP))
    }
}

impl Vocabulary {
    fn insert(&mut self, name: String, id: u32) {
        self.end = self.end.max(u64::from(id) + 1);
        if matches!(name.as_str(), DNA | DNA_END | OOV) || is_six_mer(&name) {
            self.ids.entry(name).or_insert(id);
        }
    }

    fn merge(&mut self, other: Self) {
        self.end = self.end.max(other.end);
        for (name, id) in other.ids {
            self.ids.entry(name).or_insert(id);
        }
    }

    fn six_mer_count(&self) -> usize {
        self.ids.keys().filter(|name| is_six_mer(name)).count()
    }
}

impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VocabularyVisitor)
    }
}

struct VocabularyVisitor;

impl<'de> Visitor<'de> for VocabularyVisitor {
    type Value = Vocabulary;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from token to id")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocabulary, A::Error> {
        let mut vocabulary = Vocabulary::default();
        while let Some((name, id)) = map.next_entry::<String, u32>()? {
            vocabulary.insert(name, id);
        }
        Ok(vocabulary)
    }

    /// Unigram models list pairs of token and score; the place is the id.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vocabulary, A::Error> {
        let mut vocabulary = Vocabulary::default();
        let mut id = 0;
        while let Some((name, _score)) = list.next_element::<(String, IgnoredAny)>()? {
            vocabulary.insert(name, id);
            id += 1;
        }
        Ok(vocabulary)
    }
}

/// The tags, then the six-mers numbered in base 4 with A, T, C, G.
fn from_start(start: u32) -> Result<SixMerTokenizer> {
    if start.checked_add((TAGS + SIX_MERS) as u32).is_none() {
        return Err(unusable("the <dna> tag's id is too high").with_detail("id", start));
    }
    let first = start + TAGS as u32;
    let six_mers = (0..SIX_MERS).map(|code| first + atcg_code(code)).collect();
    SixMerTokenizer::from_ids(start, start + 1, start + 2, six_mers)
}

fn parse<T: DeserializeOwned>(
    read: &impl Fn(&str) -> Option<Vec<u8>>,
    name: &str,
) -> Result<Option<T>> {
    let Some(bytes) = read(name) else {
        return Ok(None);
    };
    let code = match read("dna_config.json") {
        Some(_) => ErrorCode::ResourceRuntimeSetup,
        None => ErrorCode::ConfigGeneric,
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        let message = format!("the encoder's {name} cannot be read: {error}");
        Error::new(code, message)
            .with_remedy("fetch the encoder again, at the revision that the manifest names")
    })
}

fn is_six_mer(name: &str) -> bool {
    name.len() == TOKEN_BP
        && name
            .bytes()
            .all(|base| matches!(base, b'A' | b'C' | b'G' | b'T'))
}

/// The bases of a six-mer's code.
fn six_mer_text(code: usize) -> String {
    let base = |place: usize| ['A', 'C', 'G', 'T'][(code >> (2 * place)) & 3];
    (0..TOKEN_BP).rev().map(base).collect()
}

/// The same six-mer's number with A, T, C, G = 0, 1, 2, 3.
fn atcg_code(code: usize) -> u32 {
    let digit = |place: usize| [0, 2, 3, 1][(code >> (2 * place)) & 3];
    (0..TOKEN_BP).map(|place| digit(place) << (2 * place)).sum()
}

fn unusable(message: &str) -> Error {
    Error::new(ErrorCode::ConfigGeneric, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::six_mer_code;

    #[test]
    fn six_mer_numbers_follow_each_layout() {
        assert_eq!(six_mer_text(0), "AAAAAA");
        assert_eq!(six_mer_text(4095), "TTTTTT");
        // ATCGAT is 433 in Carbon's order (0,1,2,3,0,1).
        let code = six_mer_code(b"ATCGAT").expect("bases");
        assert_eq!(atcg_code(code), 433);
        assert!((0..SIX_MERS).all(|c| six_mer_code(six_mer_text(c).as_bytes()) == Some(c)));
    }
}
