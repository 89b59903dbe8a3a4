//! Text files line by line: plain, gzip or bgzip, told apart by content.

use crate::errors::input_error;
use genolewm_core::bytes::GzipReader;
use genolewm_core::error::Location;
use genolewm_core::{Error, Result};
use genolewm_report::output::io_error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// The longest line of a table or list, in bytes. Packed, many times more would be a small file.
const MOST_LINE_BYTES: u64 = 1 << 30;

/// Calls `each` with every line of a file, without its end. Its errors get the place of the line,
/// and what the line says.
///
/// # Errors
/// As [`Lines::next_text`], and whatever `each` returns.
pub fn each_line(path: &Path, mut each: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let mut lines = Lines::open(path)?;
    while let Some(line) = lines.next_text()? {
        each(line).map_err(|error| lines.locate(error))?;
    }
    Ok(())
}

/// The lines of a file, one after the other.
pub struct Lines {
    file: String,
    reader: Box<dyn BufRead>,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    /// Opens a text file, unpacking it when it is gzip or bgzip.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let open = || -> io::Result<Box<dyn BufRead>> {
            let mut plain = BufReader::with_capacity(1 << 18, File::open(path)?);
            let packed = plain.fill_buf()?.starts_with(&[0x1f, 0x8b]);
            Ok(match packed {
                true => Box::new(BufReader::with_capacity(1 << 18, GzipReader::new(plain))),
                false => Box::new(plain),
            })
        };
        Ok(Self {
            reader: open().map_err(|error| io_error(&name, &error))?,
            file: name,
            line: Vec::new(),
            number: 0,
        })
    }

    /// The next line without its end; `None` after the last.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when the file cannot be read or the line is not UTF-8, `INPUT.GENERIC`
    /// for a line of more than a GiB.
    pub fn next_text(&mut self) -> Result<Option<&str>> {
        if !self.read(MOST_LINE_BYTES)? {
            return Ok(None);
        }
        let invalid = |error| {
            let error = io::Error::new(io::ErrorKind::InvalidData, error);
            self.locate(io_error(&self.file, &error))
        };
        std::str::from_utf8(&self.line).map(Some).map_err(invalid)
    }

    /// The next line as bytes, however long it is.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when the file cannot be read.
    pub fn next_bytes(&mut self) -> Result<Option<&[u8]>> {
        Ok(self.read(u64::MAX)?.then_some(&*self.line))
    }

    /// Gives an error the place of the line that was read last, and what it says.
    #[must_use]
    pub fn locate(&self, error: Error) -> Error {
        let text = String::from_utf8_lossy(&self.line);
        error.at(Location::line(&self.file, self.number).column(1, text.trim()))
    }

    fn read(&mut self, most: u64) -> Result<bool> {
        self.line.clear();
        self.number += 1;
        let mut bounded = (&mut self.reader).take(most);
        let read = bounded.read_until(b'\n', &mut self.line);
        let read = read.map_err(|error| io_error(&self.file, &error))?;
        if read as u64 == most {
            let error = input_error("a line is longer than a GiB");
            let error = error.with_remedy("check that this is the file that was meant");
            return Err(self.locate(error));
        }
        for end in [b'\n', b'\r'] {
            self.line.pop_if(|last| *last == end);
        }
        Ok(read > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::ErrorCode;

    #[test]
    fn errors_name_file_line_and_text() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "one\r\n\ntwo\n three").unwrap();
        let mut met = Vec::new();
        let error = each_line(file.path(), |line| {
            met.push(line.to_owned());
            match line {
                " three" => Err(Error::new(ErrorCode::InputGeneric, "three is too many")),
                _ => Ok(()),
            }
        });
        assert_eq!(met, ["one", "", "two", " three"]);
        let error = error.unwrap_err();
        let place = format!("{}:4:1: \"three\"", file.path().display());
        assert_eq!(error.location().map(ToString::to_string), Some(place));
    }

    #[test]
    fn a_line_that_is_no_text_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"one\n\xff\n").unwrap();
        let error = each_line(file.path(), |_| Ok(())).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ResourceGeneric);
        assert_eq!(error.location().and_then(|at| at.line), Some(2));
    }
}
