//! JSON as Python's `json.dumps` writes it, as a serde_json formatter.

use core::fmt::Write as _;
use genolewm_core::provenance::python_float_repr;
use genolewm_core::{Error, ErrorCode, Result};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;
use std::io::{self, Write};

/// `json.dumps(value, sort_keys=True)`: one line, a blank after commas and colons, ASCII only.
///
/// # Errors
/// `INTERNAL.GENERIC` for what JSON cannot hold.
pub fn json_line(value: &impl Serialize) -> Result<String> {
    written(value, None)
}

/// `json.dumps(value, sort_keys=True, indent=2)` with a line break at the end.
///
/// # Errors
/// As [`json_line`].
pub fn json_document(value: &impl Serialize) -> Result<String> {
    Ok(written(value, Some(0))? + "\n")
}

/// For `serialize_with`: refuses a number, where there is one, that is not finite; serde_json makes a
/// `null` of it.
///
/// # Errors
/// When it is not.
pub fn finite<T, S>(value: &T, serializer: S) -> core::result::Result<S::Ok, S::Error>
where
    T: Copy + Into<Option<f64>> + Serialize,
    S: Serializer,
{
    if (*value).into().is_some_and(|number| !number.is_finite()) {
        return Err(S::Error::custom("a figure is not finite"));
    }
    value.serialize(serializer)
}

fn written(value: &impl Serialize, depth: Option<usize>) -> Result<String> {
    let failed = |error: String| {
        let message = format!("a value cannot be written as JSON: {error}");
        Error::new(ErrorCode::InternalGeneric, message)
    };
    // Members of a `Value` are in the order of their names.
    let value = serde_json::to_value(value).map_err(|error| failed(error.to_string()))?;
    let mut text = Vec::new();
    let dumps = Dumps {
        depth,
        is_empty: true,
    };
    value
        .serialize(&mut serde_json::Serializer::with_formatter(
            &mut text, dumps,
        ))
        .map_err(|error| failed(error.to_string()))?;
    String::from_utf8(text).map_err(|error| failed(error.to_string()))
}

/// What `json.dumps` puts around values.
struct Dumps {
    /// That of an indented document.
    depth: Option<usize>,
    /// Whether nothing follows the bracket that was opened last.
    is_empty: bool,
}

impl Dumps {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth = self.depth.map(|depth| depth + 1);
        self.is_empty = true;
        out.write_all(bracket)
    }

    fn item<W: ?Sized + Write>(&mut self, out: &mut W, is_first: bool) -> io::Result<()> {
        self.is_empty = false;
        if !is_first {
            out.write_all(if self.depth.is_some() { b"," } else { b", " })?;
        }
        self.break_line(out)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth = self.depth.map(|depth| depth.saturating_sub(1));
        if !std::mem::take(&mut self.is_empty) {
            self.break_line(out)?;
        }
        out.write_all(bracket)
    }

    fn break_line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        let Some(depth) = self.depth else {
            return Ok(());
        };
        out.write_all(b"\n")?;
        (0..depth).try_for_each(|_| out.write_all(b"  "))
    }
}

impl Formatter for Dumps {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.item(out, first)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.item(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        out.write_all(python_float_repr(value).as_bytes())
    }

    /// serde_json has escaped quotes and control characters; Python leaves nothing but ASCII.
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut text = String::with_capacity(fragment.len());
        for character in fragment.chars() {
            if matches!(character, ' '..='~') {
                text.push(character);
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
        out.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn lines_and_documents_are_those_of_python() {
        let text =
            r#"{"b": [1, 2.5, {}], "a": "\u00e9\ud83e\uddec\"\n\u007f", "c": [], "d": 1e-7}"#;
        let value: serde_json::Value = json::parse(text.as_bytes(), "test").unwrap();
        assert_eq!(
            json_line(&value).unwrap(),
            r#"{"a": "\u00e9\ud83e\uddec\"\n\u007f", "b": [1, 2.5, {}], "c": [], "d": 1e-07}"#
        );
        assert_eq!(
            json_document(&value).unwrap(),
            "{\n  \"a\": \"\\u00e9\\ud83e\\uddec\\\"\\n\\u007f\",\n  \"b\": [\n    1,\n    2.5,\n    \
             {}\n  ],\n  \"c\": [],\n  \"d\": 1e-07\n}\n"
        );
        #[derive(Serialize)]
        struct Row {
            #[serde(serialize_with = "finite")]
            b: f64,
            a: Option<u8>,
        }
        let row = |b| json_line(&Row { b, a: None });
        assert_eq!(row(1e16).unwrap(), r#"{"a": null, "b": 1e+16}"#);
        assert!(row(f64::NAN).is_err());
    }
}
