//! A line of a file: its text, and the bytes that it was.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// A line without its end. One that is not UTF-8 is read as Latin-1, in which any bytes are text, and
/// is written as it was.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SourceLine {
    text: String,
    is_latin1: bool,
}

impl SourceLine {
    /// The line that these bytes are.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(error) => Self {
                text: error.as_bytes().iter().copied().map(char::from).collect(),
                is_latin1: true,
            },
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text, by itself.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }

    /// Whether its bytes are not UTF-8.
    #[must_use]
    pub const fn is_latin1(&self) -> bool {
        self.is_latin1
    }

    /// Another text, written in the encoding of this line.
    #[must_use]
    pub fn with_text(&self, text: String) -> Self {
        Self { text, ..*self }
    }

    /// The bytes: those that were read, if the text is that which was read.
    #[must_use]
    pub fn to_bytes(&self) -> Cow<'_, [u8]> {
        if !self.is_latin1 {
            return Cow::Borrowed(self.text.as_bytes());
        }
        let mut bytes = Vec::with_capacity(self.text.len());
        for letter in self.text.chars() {
            match u8::try_from(letter) {
                Ok(byte) => bytes.push(byte),
                // Nothing that was read is beyond Latin-1.
                Err(_) => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Cow::Owned(bytes)
    }
}

impl Deref for SourceLine {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl From<String> for SourceLine {
    fn from(text: String) -> Self {
        Self {
            text,
            is_latin1: false,
        }
    }
}

impl From<&str> for SourceLine {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// No text: it may hold genotypes.
impl fmt::Debug for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut form = f.debug_struct("SourceLine");
        form.field("len", &self.text.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_come_back() {
        let all: Vec<u8> = (0..=255).collect();
        for bytes in [&all[..], "Müller 名".as_bytes(), b"M\xfcller", b""] {
            let line = SourceLine::of(bytes.to_vec());
            assert_eq!(&*line.to_bytes(), bytes);
            let longer = line.with_text(format!("{}x", line.as_str()));
            assert_eq!(&*longer.to_bytes(), [bytes, b"x"].concat());
        }
        assert_eq!(SourceLine::of(b"M\xfcller".to_vec()).as_str(), "Müller");
    }
}
