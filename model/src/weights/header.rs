//! The table of contents of a safetensors file, before the library sees it: what it takes in silence (a
//! name that is there twice, of which the last counts) or counts with beyond the range of a number.

use core::fmt;
use genolewm_core::limits::{MAX_TENSOR_DIMENSIONS, MAX_WEIGHTS_HEADER_BYTES};
use genolewm_core::{Error, ErrorCode, Result};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Where the library has what is no tensor.
const ABOUT: &str = "__metadata__";
const LENGTH_BYTES: usize = 8;

/// What a file says of its tensors.
pub(super) struct Header {
    /// What it says beside them.
    pub(super) about: BTreeMap<String, String>,
}

impl Header {
    /// Checks that the header lies in the file, names each tensor once, and none beyond the file's end.
    /// That tensors lie side by side, in shapes of their sizes, up to the end is the library's to check.
    pub(super) fn read(bytes: &[u8], source: &str) -> Result<Self> {
        let refused = |what: &str| format_error(source, &format!("not a safetensors file: {what}"));
        let (length, rest) = bytes
            .split_first_chunk::<LENGTH_BYTES>()
            .ok_or_else(|| refused("it has no header"))?;
        let length = u64::from_le_bytes(*length);
        if length > MAX_WEIGHTS_HEADER_BYTES as u64 {
            return Err(refused("its header is too long")
                .with_detail("header_bytes", length)
                .with_detail("most_bytes", MAX_WEIGHTS_HEADER_BYTES));
        }
        let (header, data) = usize::try_from(length)
            .ok()
            .and_then(|length| rest.split_at_checked(length))
            .ok_or_else(|| refused("it ends within its header"))?;
        let Contents { about, tensors } = serde_json::from_slice(header)
            .map_err(|error| refused(&format!("its header cannot be read: {error}")))?;
        for (
            name,
            Tensor {
                shape,
                data_offsets,
            },
        ) in tensors
        {
            if shape.len() > MAX_TENSOR_DIMENSIONS {
                return Err(refused(&format!("tensor {name:?} has too many dimensions"))
                    .with_detail("dimensions", shape.len()));
            }
            if data_offsets[1] > data.len() as u64 {
                return Err(refused(&format!("tensor {name:?} lies beyond its end"))
                    .with_detail("data_offsets", format!("{data_offsets:?}"))
                    .with_detail("data_bytes", data.len()));
            }
        }
        Ok(Self { about })
    }
}

struct Contents {
    about: BTreeMap<String, String>,
    tensors: BTreeMap<String, Tensor>,
}

#[derive(Deserialize)]
struct Tensor {
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

impl<'de> Deserialize<'de> for Contents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ContentsVisitor)
    }
}

struct ContentsVisitor;

impl<'de> Visitor<'de> for ContentsVisitor {
    type Value = Contents;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Contents, A::Error> {
        let (mut about, mut tensors) = (None, BTreeMap::new());
        while let Some(name) = map.next_key::<String>()? {
            let was_there = match name.as_str() {
                ABOUT => about.replace(map.next_value::<Texts>()?).is_some(),
                _ => tensors.insert(name.clone(), map.next_value()?).is_some(),
            };
            if was_there {
                return Err(twice(&name));
            }
        }
        let about = about.map(|Texts(about)| about).unwrap_or_default();
        Ok(Contents { about, tensors })
    }
}

/// A map of texts.
struct Texts(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some((name, text)) = map.next_entry::<String, String>()? {
            if texts.contains_key(&name) {
                return Err(twice(&name));
            }
            texts.insert(name, text);
        }
        Ok(Texts(texts))
    }
}

fn twice<E: serde::de::Error>(name: &str) -> E {
    E::custom(format!("{name:?} is there twice"))
}

/// A fault of the file that is called `source`.
pub(super) fn format_error(source: &str, message: &str) -> Error {
    Error::new(
        ErrorCode::DeployExportFormat,
        format!("{source}: {message}"),
    )
}
