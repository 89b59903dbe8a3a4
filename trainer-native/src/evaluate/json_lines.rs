//! JSON as Python's `json.dumps` prints it, so that a file is the same bytes from either program:
//! `", "` and `": "` between parts, floats as `repr` has them, nothing but ASCII.

use genolewm_shared::provenance::python_float_repr;
use genolewm_shared::{Error, ErrorCode, Result};
use serde::Serialize;
use serde_json::ser::Formatter;
use std::io::{self, Write};

/// The JSON of a value on one line, without a line end. Members come in the order in which the type
/// declares them.
///
/// # Errors
/// `INTERNAL.INVARIANT_VIOLATION` for what JSON cannot hold.
pub fn to_line(value: &impl Serialize) -> Result<String> {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Python);
    let written = value.serialize(&mut serializer).map_err(|e| e.to_string());
    written
        .and_then(|()| String::from_utf8(bytes).map_err(|e| e.to_string()))
        .map_err(|why| {
            let message = format!("a row cannot be written as JSON: {why}");
            Error::new(ErrorCode::InternalInvariantViolation, message)
        })
}

struct Python;

impl Python {
    fn comma(out: &mut (impl Write + ?Sized), first: bool) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }
}

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        Self::comma(out, first)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        Self::comma(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        out.write_all(python_float_repr(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for unit in fragment.encode_utf16() {
            match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => out.write_all(&[byte])?,
                _ => write!(out, "\\u{unit:04x}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        alt: &'static str,
        scores: Vec<f64>,
        pos: u64,
    }

    #[test]
    fn lines_are_those_of_python() -> Result<()> {
        let row = Row {
            alt: "é\"\n\u{1f9ec}",
            scores: vec![1.0, -32.44140625, 1e-7],
            pos: 7,
        };
        let wanted =
            r#"{"alt": "\u00e9\"\n\ud83e\uddec", "scores": [1.0, -32.44140625, 1e-07], "pos": 7}"#;
        assert_eq!(to_line(&row)?, wanted);
        Ok(())
    }
}
