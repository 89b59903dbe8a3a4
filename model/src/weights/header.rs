//! The table of contents of a safetensors file, before the library sees it: what it takes in silence (a
//! name that is there twice, of which the last counts) or counts with beyond the range of a number.

use core::fmt;
use genolewm_core::limits::{MAX_TENSOR_DIMENSIONS, MAX_WEIGHTS_HEADER_BYTES};
use genolewm_core::{Error, ErrorCode, Result};
use safetensors::tensor::{Dtype, Metadata};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Where the library has what is no tensor.
const ABOUT: &str = "__metadata__";
/// Bytes of the header's length, which comes first.
pub(super) const LENGTH_BYTES: usize = 8;

/// What a file says of its tensors.
pub(super) struct Header {
    /// What it says beside them.
    pub(super) about: BTreeMap<String, String>,
    /// The tensors, in the order in which they lie, side by side, up to the end of the file.
    pub(super) entries: Vec<Entry>,
}

/// One tensor of a table of contents.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    pub(super) bytes: usize,
}

impl Header {
    /// Reads the beginning of a file that is all there.
    pub(super) fn read(bytes: &[u8], source: &str) -> Result<Self> {
        let (length, rest) = bytes
            .split_first_chunk::<LENGTH_BYTES>()
            .ok_or_else(|| refused(source, "it has no header"))?;
        let length = Self::length(*length, bytes.len() as u64, source)?;
        let (header, data) = rest.split_at(length);
        Self::parse(header, data.len() as u64, source)
    }

    /// How long the header is, which must lie in a file of `size` bytes.
    pub(super) fn length(length: [u8; LENGTH_BYTES], size: u64, source: &str) -> Result<usize> {
        let length = u64::from_le_bytes(length);
        if length > MAX_WEIGHTS_HEADER_BYTES as u64 {
            return Err(refused(source, "its header is too long")
                .with_detail("header_bytes", length)
                .with_detail("most_bytes", MAX_WEIGHTS_HEADER_BYTES));
        }
        if size.saturating_sub(LENGTH_BYTES as u64) < length {
            return Err(refused(source, "it ends within its header"));
        }
        Ok(length as usize)
    }

    /// Checks that the header names each tensor once, and none beyond the file's end. That tensors lie side
    /// by side, in shapes of their sizes, is the library's to check.
    pub(super) fn parse(header: &[u8], data_bytes: u64, source: &str) -> Result<Self> {
        let unreadable = |error| refused(source, &format!("its header cannot be read: {error}"));
        let Contents { about, tensors } = serde_json::from_slice(header).map_err(unreadable)?;
        for (name, tensor) in &tensors {
            if tensor.shape.len() > MAX_TENSOR_DIMENSIONS {
                let message = format!("tensor {name:?} has too many dimensions");
                return Err(refused(source, &message).with_detail("dimensions", tensor.shape.len()));
            }
            if tensor.data_offsets[1] > data_bytes {
                let message = format!("tensor {name:?} lies beyond its end");
                return Err(refused(source, &message)
                    .with_detail("data_offsets", format!("{:?}", tensor.data_offsets))
                    .with_detail("data_bytes", data_bytes));
            }
        }
        let library: Metadata = serde_json::from_slice(header).map_err(unreadable)?;
        let mut entries = Vec::with_capacity(tensors.len());
        let mut end = 0;
        for name in library.offset_keys() {
            let Some(info) = library.info(&name) else {
                continue;
            };
            let (from, to) = info.data_offsets;
            end = to as u64;
            entries.push(Entry {
                dtype: info.dtype,
                shape: info.shape.clone(),
                bytes: to - from,
                name,
            });
        }
        match end == data_bytes {
            true => Ok(Self { about, entries }),
            false => Err(refused(source, "there are bytes behind its last tensor")
                .with_detail("tensors_end", end)
                .with_detail("data_bytes", data_bytes)),
        }
    }
}

fn refused(source: &str, what: &str) -> Error {
    format_error(source, &format!("not a safetensors file: {what}"))
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
pub(crate) fn format_error(source: &str, message: &str) -> Error {
    Error::new(
        ErrorCode::DeployExportFormat,
        format!("{source}: {message}"),
    )
}

/// A tensor of another shape than the configuration says.
pub(crate) fn misshapen(source: &str, name: &str, is: &[usize], wanted: &[usize]) -> Error {
    let message = format!("tensor {name} has shape {is:?}, expected {wanted:?}");
    format_error(source, &message)
        .with_remedy("the weights belong to another architecture: check the config beside them")
}
