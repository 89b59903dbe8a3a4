//! A JSON value that survives hashing.
//!
//! A hash over parsed JSON is only as good as the parse. General-purpose parsers turn integers
//! beyond 64 bits into floats, may be off by a unit in the last place on long decimals, and keep
//! one of two equal keys; each of these would let two different documents share a hash, or make a
//! sound receipt fail. This reader keeps integers as their digits, rounds decimals correctly and
//! refuses what is ambiguous.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A JSON value with exact integers, correctly rounded floats and unique, sorted keys.
///
/// ```
/// use genolewm_core::provenance::Json;
/// let value = Json::parse(br#"{"b": 1e-7, "a": -12345678901234567890}"#, "example")?;
/// assert_eq!(value.canonical()?, r#"{"a":-12345678901234567890,"b":1e-07}"#);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer of any size, as its canonical digits (no leading zero, no `-0`).
    Integer(String),
    /// A number written with a fraction or an exponent.
    Float(f64),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Self>),
    /// An object. `BTreeMap` orders UTF-8 text by code point, which is the canonical order.
    Object(BTreeMap<String, Self>),
}

impl Json {
    /// The object's members.
    #[must_use]
    pub fn as_object(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A number as f64; integers too large for one are `None`, as is everything else.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Integer(digits) => digits.parse().ok().filter(|value: &f64| value.is_finite()),
            _ => None,
        }
    }

    /// A whole number that is not negative, exactly; everything else is `None`.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Integer(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// The value of `true` or `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_string())
    }
}

impl From<u64> for Json {
    fn from(value: u64) -> Self {
        Self::Integer(value.to_string())
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Json {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl<const N: usize> From<[(&str, Self); N]> for Json {
    fn from(members: [(&str, Self); N]) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(key, value)| (key.to_string(), value))
                .collect(),
        )
    }
}

/// From a value built or parsed elsewhere. A parsed one may already have lost digits: read
/// documents with [`Json::parse`].
impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => Self::Integer(value.to_string()),
                (None, Some(value)) => Self::Integer(value.to_string()),
                (None, None) => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Self::String(text.clone()),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(key, value)| (key.clone(), Self::from(value)))
                    .collect(),
            ),
        }
    }
}
