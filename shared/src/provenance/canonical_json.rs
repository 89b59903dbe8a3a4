//! Canonical JSON and its SHA-256: keys sorted by code point, no spaces, UTF-8 unescaped, floats as
//! Python prints them.

use super::Json;
use crate::{Error, Result};
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Write as _;
use sha2::{Digest, Sha256};

/// The prefix of every hash that is written out.
const SHA256_PREFIX: &str = "sha256:";

/// The canonical text of a value.
///
/// # Errors
/// `INPUT.GENERIC` for a number that JSON cannot hold.
///
/// ```
/// use genolewm_core::provenance::canonical_json;
/// let value = serde_json::json!({"b": [1, 2.0], "a": "é"});
/// assert_eq!(canonical_json(&value)?, r#"{"a":"é","b":[1,2.0]}"#);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn canonical_json(value: &serde_json::Value) -> Result<String> {
    Json::from(value).canonical()
}

impl Json {
    /// The canonical text.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for NaN and the infinities.
    pub fn canonical(&self) -> Result<String> {
        let mut out = String::new();
        write_value(&mut out, self)?;
        Ok(out)
    }

    /// The hash of the canonical text, as `sha256:` and 64 hexadecimal digits.
    ///
    /// # Errors
    /// As [`Json::canonical`].
    pub fn sha256(&self) -> Result<String> {
        Ok(sha256_prefixed(self.canonical()?.as_bytes()))
    }
}

/// A quoted JSON string: only quotes, backslashes and control characters are escaped.
pub(crate) fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn write_value(out: &mut String, value: &Json) -> Result<()> {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Integer(digits) => out.push_str(digits),
        Json::Float(number) if number.is_finite() => out.push_str(&python_float_repr(*number)),
        Json::Float(_) => {
            return Err(Error::input("JSON has no NaN and no infinity"));
        }
        Json::String(text) => out.push_str(&json_string(text)),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(out, item)?;
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (index, (key, item)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&json_string(key));
                out.push(':');
                write_value(out, item)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// A float as Python's `repr` prints it: the shortest digits that read back as the same number,
/// with an exponent of at least two digits when it is below -4 or at least 16.
///
/// ```
/// use genolewm_core::provenance::python_float_repr;
/// assert_eq!(python_float_repr(1.0), "1.0");
/// assert_eq!(python_float_repr(1e-7), "1e-07");
/// assert_eq!(python_float_repr(1.5e16), "1.5e+16");
/// ```
#[must_use]
pub fn python_float_repr(value: f64) -> String {
    if value.is_nan() {
        return String::from("nan");
    }
    if value.is_infinite() {
        return String::from(if value > 0.0 { "inf" } else { "-inf" });
    }
    // `{:e}` gives the same shortest digits as `repr`, so only the layout is decided here.
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    let positional = format!("{value}");
    if positional.contains('.') {
        positional
    } else {
        positional + ".0"
    }
}

/// SHA-256 of some bytes, as `sha256:` and 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_prefixed(bytes: &[u8]) -> String {
    let mut stream = Sha256Stream::default();
    stream.update(bytes);
    stream.finish()
}

/// The same hash over bytes that come in pieces, for files that are not held in memory.
#[derive(Debug, Clone, Default)]
pub struct Sha256Stream(Sha256);

impl Sha256Stream {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything taken, as `sha256:` and 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        let mut out = String::from(SHA256_PREFIX);
        for byte in self.0.finalize() {
            // Writing to a String cannot fail.
            let _ = write!(out, "{byte:02x}");
        }
        out
    }
}

/// Whether a text is `sha256:` and 64 lower-case hexadecimal digits.
#[must_use]
pub fn is_sha256(text: &str) -> bool {
    text.strip_prefix(SHA256_PREFIX).is_some_and(|digits| {
        digits.len() == 64
            && digits
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}
