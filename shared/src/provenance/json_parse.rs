//! The strict JSON reader behind [`Json::parse`], by hand: serde_json keeps the last of two equal keys
//! and rounds long numbers, so that two documents could share a hash.

use super::Json;
use crate::error::Location;
use crate::limits::{MAX_HELD_BYTES, MAX_INTEGER_DIGITS, MAX_NESTING};
use crate::{Error, Result};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl Json {
    /// Reads one JSON document; `name` stands in errors.
    ///
    /// # Errors
    /// `INPUT.GENERIC` with line and column for anything but one well-formed document in UTF-8:
    /// also for NaN and Infinity, numbers beyond the range of f64, duplicate keys, unpaired
    /// surrogates, nesting deeper than 64, and a document whose values take too much memory.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self> {
        Self::parse_counted(bytes, name).map(|(value, _)| value)
    }

    /// As [`parse`](Self::parse), with the memory that the value takes, about.
    pub(super) fn parse_counted(bytes: &[u8], name: &str) -> Result<(Self, usize)> {
        let text = core::str::from_utf8(bytes)
            .map_err(|error| located("the text is not UTF-8", name, bytes, error.valid_up_to()))?;
        let mut parser = Parser {
            text,
            at: 0,
            held: 0,
        };
        let value = parser.document();
        let held = parser.held;
        value
            .map(|value| (value, held))
            .map_err(|message| located(message, name, bytes, parser.at.min(bytes.len())))
    }
}

fn located(message: &str, name: &str, bytes: &[u8], offset: usize) -> Error {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = before.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
    let line_start = before
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |at| at + 1);
    let location = Location {
        column: Some((before.len() - line_start) as u64 + 1),
        ..Location::line(name, line)
    };
    Error::input(message)
        .at(location)
        .with_remedy("give the file as the program wrote it: one JSON document in UTF-8")
}

/// What is wrong at the parser's position.
type Parsed<T> = core::result::Result<T, &'static str>;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// About the memory that the values so far take.
    held: usize,
}

/// What a value takes where it stands, in a list that grows by doubling.
const VALUE_BYTES: usize = 2 * size_of::<Json>();
/// What a list takes beside its values: four places at least.
const ARRAY_BYTES: usize = 5 * size_of::<Json>();
/// What an object takes beside its values: a node of eleven places.
const OBJECT_BYTES: usize = 12 * (size_of::<Json>() + size_of::<String>());

impl Parser<'_> {
    fn document(&mut self) -> Parsed<Json> {
        let value = self.value(0)?;
        self.skip_space();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err("there is more text after the end of the JSON value"),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Parsed<Json> {
        if depth > MAX_NESTING {
            return Err("the JSON is nested too deeply");
        }
        self.skip_space();
        self.held += VALUE_BYTES
            + match self.peek() {
                Some(b'{') => OBJECT_BYTES,
                Some(b'[') => ARRAY_BYTES,
                _ => 0,
            };
        if self.held > MAX_HELD_BYTES {
            return Err("the JSON takes more than 96 MiB of memory");
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.literal(),
            None => Err("the JSON ends too early"),
        }
    }

    fn literal(&mut self) -> Parsed<Json> {
        let known = [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
        ];
        for (word, value) in known {
            if self
                .text
                .get(self.at..)
                .is_some_and(|rest| rest.starts_with(word))
            {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err("this is not a JSON value")
    }

    fn array(&mut self, depth: usize) -> Parsed<Json> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err("expected ',' or ']'");
            }
        }
    }

    fn object(&mut self, depth: usize) -> Parsed<Json> {
        self.at += 1;
        let mut members = BTreeMap::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err("expected a key in double quotes");
            }
            let key = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return Err("expected ':' after a key");
            }
            let value = self.value(depth + 1)?;
            if members.insert(key, value).is_some() {
                return Err("a key occurs twice in one object");
            }
            self.skip_space();
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.take(b',') {
                return Err("expected ',' or '}'");
            }
        }
    }

    fn string(&mut self) -> Parsed<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest
                .bytes()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
                .ok_or("a string is not closed")?;
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            if self.take(b'"') {
                return Ok(out);
            }
            if !self.take(b'\\') {
                return Err("a control character in a string must be escaped");
            }
            out.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        let byte = self.peek().ok_or("a string is not closed")?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err("unknown escape in a string"),
        })
    }

    fn unicode_escape(&mut self) -> Parsed<char> {
        const UNPAIRED: &str = "an unpaired surrogate is not a character";
        let first = self.hex4()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if !(self.take(b'\\') && self.take(b'u')) {
                return Err(UNPAIRED);
            }
            let second = self.hex4()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(UNPAIRED);
            }
            0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        char::from_u32(code).ok_or(UNPAIRED)
    }

    fn hex4(&mut self) -> Parsed<u32> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        // from_str_radix alone would take a sign.
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("\\u needs four hexadecimal digits");
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| "\\u needs four hexadecimal digits")
    }

    fn digits(&mut self) -> Parsed<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            Err("a digit is missing in a number")
        } else {
            Ok(())
        }
    }

    fn number(&mut self) -> Parsed<Json> {
        let start = self.at;
        self.take(b'-');
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.at;
        self.digits()?;
        if leading_zero && self.at - whole > 1 {
            return Err("a number must not start with a zero");
        }
        let mut integer = true;
        if self.take(b'.') {
            integer = false;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if !integer {
            let value = text.parse::<f64>().map_err(|_| "this is not a number")?;
            return if value.is_finite() {
                Ok(Json::Float(value))
            } else {
                Err("a number is beyond the range of a double")
            };
        }
        if text.len() > MAX_INTEGER_DIGITS {
            return Err("an integer has too many digits");
        }
        Ok(Json::Integer(if text == "-0" {
            "0".to_string()
        } else {
            text.to_string()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn refuses_what_is_ambiguous_or_not_json() {
        let bad: [&[u8]; 18] = [
            b"",
            b"{",
            b"[1,]",
            b"{\"a\":1,}",
            b"{\"a\":1,\"a\":2}",
            b"NaN",
            b"-Infinity",
            b"1e999",
            b"01",
            b"1.",
            b"+1",
            b"\"\\ud83e\"",
            b"\"\\ud83eA\"",
            b"\"\\u+123\"",
            b"\"a\nb\"",
            b"1 2",
            b"\xff",
            b"\xef\xbb\xbf{}",
        ];
        for text in bad {
            let error = Json::parse(text, "x").err().map(|error| error.code());
            assert_eq!(
                error,
                Some(ErrorCode::InputGeneric),
                "{}",
                text.escape_ascii()
            );
        }
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(Json::parse("[".repeat(100_000).as_bytes(), "x").is_err());
        let fine = alloc::format!("{}{}", "[".repeat(64), "]".repeat(64));
        assert!(Json::parse(fine.as_bytes(), "x").is_ok());
    }

    #[test]
    fn errors_say_where() -> Result<()> {
        let Err(error) = Json::parse(b"{\n  \"a\": nope\n}", "r.json") else {
            return Err(Error::new(ErrorCode::InternalUnreachable, "parsed"));
        };
        let place = error.location().cloned().unwrap_or_default();
        assert_eq!((place.line, place.column), (Some(2), Some(8)));
        Ok(())
    }
}
