//! JSON and numbers as Python writes them, for files that its tools compare or read.

use core::fmt::Write;
use genolewm_core::provenance::{Json, python_float_repr};
use genolewm_core::{Error, ErrorCode, Result};
use serde::Serialize;

/// A value as JSON, in which members have the order of their names.
///
/// # Errors
/// `INTERNAL.GENERIC` for what JSON cannot hold.
pub fn json_of(value: &impl Serialize) -> Result<Json> {
    let value = serde_json::to_value(value);
    value.map(|value| Json::from(&value)).map_err(|error| {
        let message = format!("a value cannot be written as JSON: {error}");
        Error::new(ErrorCode::InternalGeneric, message)
    })
}

/// `json.dumps(value, sort_keys=True)`: one line, a blank after commas and colons, ASCII only.
///
/// # Errors
/// `INTERNAL.GENERIC` for a number that is not finite.
pub fn json_line(value: &Json) -> Result<String> {
    let mut text = String::new();
    write_value(&mut text, value, None)?;
    Ok(text)
}

/// `json.dumps(value, sort_keys=True, indent=2)` with a line break at the end.
///
/// # Errors
/// As [`json_line`].
pub fn json_document(value: &Json) -> Result<String> {
    let mut text = String::new();
    write_value(&mut text, value, Some(0))?;
    Ok(text + "\n")
}

/// Writes a value; `depth` is that of an indented document.
fn write_value(out: &mut String, value: &Json, depth: Option<usize>) -> Result<()> {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Integer(digits) => out.push_str(digits),
        Json::Float(number) if number.is_finite() => out.push_str(&python_float_repr(*number)),
        Json::Float(_) => {
            return Err(Error::new(
                ErrorCode::InternalGeneric,
                "a figure is not finite and cannot be written as JSON",
            ));
        }
        Json::String(text) => write_string(out, text),
        Json::Array(items) => {
            write_items(
                out,
                ['[', ']'],
                items.iter().map(|item| (None, item)),
                depth,
            )?;
        }
        Json::Object(members) => {
            let items = members.iter().map(|(key, item)| (Some(key.as_str()), item));
            write_items(out, ['{', '}'], items, depth)?;
        }
    }
    Ok(())
}

fn write_items<'a>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl ExactSizeIterator<Item = (Option<&'a str>, &'a Json)>,
    depth: Option<usize>,
) -> Result<()> {
    let inner = depth.map(|depth| depth + 1);
    let is_empty = items.len() == 0;
    out.push(open);
    for (index, (key, item)) in items.enumerate() {
        if index > 0 {
            out.push_str(if depth.is_some() { "," } else { ", " });
        }
        break_line(out, inner);
        if let Some(key) = key {
            write_string(out, key);
            out.push_str(": ");
        }
        write_value(out, item, inner)?;
    }
    if !is_empty {
        break_line(out, depth);
    }
    out.push(close);
    Ok(())
}

fn break_line(out: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// A number as Python's `format(value, ".6g")` and `"%g"` print it: six significant digits, an
/// exponent below -4 or from 6 on, no zeros at the end.
#[must_use]
pub fn general(value: f64) -> String {
    const DIGITS: usize = 6;
    if !value.is_finite() {
        return python_float_repr(value);
    }
    // Rounded first: 999999.5 has an exponent of 6.
    let scientific = format!("{value:.*e}", DIGITS - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..DIGITS as i32).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.unsigned_abs());
    }
    let decimals = usize::try_from(DIGITS as i32 - 1 - exponent).unwrap_or(0);
    trimmed(&format!("{value:.decimals$}")).to_owned()
}

fn trimmed(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_documents_are_those_of_python() {
        let text =
            r#"{"b": [1, 2.5, {}], "a": "\u00e9\ud83e\uddec\"\n\u007f", "c": [], "d": 1e-7}"#;
        let value = Json::parse(text.as_bytes(), "test").unwrap();
        assert_eq!(
            json_line(&value).unwrap(),
            r#"{"a": "\u00e9\ud83e\uddec\"\n\u007f", "b": [1, 2.5, {}], "c": [], "d": 1e-07}"#
        );
        assert_eq!(
            json_document(&value).unwrap(),
            "{\n  \"a\": \"\\u00e9\\ud83e\\uddec\\\"\\n\\u007f\",\n  \"b\": [\n    1,\n    2.5,\n    \
             {}\n  ],\n  \"c\": [],\n  \"d\": 1e-07\n}\n"
        );
        assert!(json_line(&Json::Float(f64::NAN)).is_err());
    }

    #[test]
    fn general_numbers_are_those_of_python() {
        for (value, want) in [
            (0.5, "0.5"),
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.728_571_428_57, "0.728571"),
            (0.95, "0.95"),
            (1e-5, "1e-05"),
            (0.000_123_456_789, "0.000123457"),
            (999_999.5, "1e+06"),
            (123_456.0, "123456"),
            (-2.5e-12, "-2.5e-12"),
            (100.0, "100"),
        ] {
            assert_eq!(general(value), want);
        }
    }
}
