//! Text files line by line: plain, gzip or bgzip, told apart by content.

use crate::errors::input_error;
use genolewm_core::bytes::{GzipReader, note_garbage_behind};
use genolewm_core::error::Location;
use genolewm_core::limits::{
    MAX_LINE_BYTES, MAX_LISTED_LINE_BYTES, MAX_SEQUENCE_FOLD, MAX_UNPACKED_BYTES, MAX_UNPACKED_FOLD,
};
use genolewm_core::{Error, Result};
use genolewm_report::output::io_error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

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
    reader: Source,
    line: Vec<u8>,
    number: u64,
    /// Bytes that may still come of a packed file.
    left: u64,
    longest: usize,
}

enum Source {
    Plain(BufReader<File>),
    Packed(BufReader<GzipReader<BufReader<File>>>),
}

impl Lines {
    /// Opens a text file, unpacking it when it is gzip or bgzip.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        Self::unpacking(path, MAX_UNPACKED_FOLD).map_err(|error| io_error(&name, &error))
    }

    /// As [`open`](Self::open), for a file that is mostly sequence: it packs less well, and is kept
    /// in memory.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_sequence(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let opened = Self::unpacking(path, MAX_SEQUENCE_FOLD);
        let mut lines = opened.map_err(|error| io_error(&name, &error))?;
        lines.longest = MAX_LINE_BYTES;
        Ok(lines)
    }

    fn unpacking(path: &Path, fold: usize) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut plain = BufReader::with_capacity(1 << 18, file);
        let packed = plain.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let most = size.saturating_mul(fold as u64);
        let reader = match packed {
            true => Source::Packed(BufReader::with_capacity(1 << 18, GzipReader::new(plain))),
            false => Source::Plain(plain),
        };
        Ok(Self {
            reader,
            file: path.display().to_string(),
            line: Vec::new(),
            number: 0,
            left: match packed {
                true => most.saturating_add(MAX_UNPACKED_BYTES as u64),
                false => u64::MAX,
            },
            longest: MAX_LISTED_LINE_BYTES,
        })
    }

    /// The next line without its end; `None` after the last.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when the file cannot be read or the line is not UTF-8, `INPUT.GENERIC`
    /// for a line beyond the limit, or a packed file that unpacks to far more than it holds.
    pub fn next_text(&mut self) -> Result<Option<&str>> {
        if self.next_line()?.is_none() {
            return Ok(None);
        }
        let invalid = |error| {
            let error = io::Error::new(io::ErrorKind::InvalidData, error);
            self.locate(io_error(&self.file, &error))
        };
        std::str::from_utf8(&self.line).map(Some).map_err(invalid)
    }

    /// The next line as bytes, without its end; `None` after the last.
    ///
    /// # Errors
    /// As [`next_text`](Self::next_text), but that a line need not be UTF-8.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>> {
        Ok(self.read(self.longest as u64)?.then_some(&*self.line))
    }

    /// The next line as bytes, however long it is.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when the file cannot be read, `INPUT.GENERIC` for a packed file that unpacks
    /// to far more than it holds.
    pub fn next_bytes(&mut self) -> Result<Option<&[u8]>> {
        Ok(self.read(u64::MAX)?.then_some(&*self.line))
    }

    /// Gives an error the place of the line that was read last, and what it says.
    #[must_use]
    pub fn locate(&self, error: Error) -> Error {
        // A place shows 80 characters.
        let start = self.line.get(..1_000).unwrap_or(&self.line);
        let text = String::from_utf8_lossy(start);
        error.at(Location::line(&self.file, self.number).column(1, text.trim()))
    }

    fn read(&mut self, most: u64) -> Result<bool> {
        self.line.clear();
        self.number += 1;
        // One more, which tells that there is more.
        let most_and_one = most.min(self.left).saturating_add(1);
        let reader: &mut dyn BufRead = match &mut self.reader {
            Source::Plain(reader) => reader,
            Source::Packed(reader) => reader,
        };
        let mut bounded = reader.take(most_and_one);
        let read = bounded.read_until(b'\n', &mut self.line);
        let read = read.map_err(|error| io_error(&self.file, &error))? as u64;
        if read > most {
            let error = input_error(format!("a line is longer than {} MiB", most >> 20));
            let error = error.with_remedy("check that this is the file that was meant");
            return Err(self.locate(error));
        }
        let Some(left) = self.left.checked_sub(read) else {
            let error = input_error("the packed file unpacks to far more than it holds");
            let error = error.with_remedy("unpack the file, and give it as it is");
            return Err(self.locate(error));
        };
        self.left = left;
        for end in [b'\n', b'\r'] {
            self.line.pop_if(|last| *last == end);
        }
        if read == 0 {
            self.note_oddity();
        }
        Ok(read > 0)
    }

    /// At the end of the file.
    fn note_oddity(&self) {
        if let Source::Packed(reader) = &self.reader
            && reader.get_ref().ends_in_garbage()
        {
            note_garbage_behind(&self.file);
        }
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

    /// A line was kept up to a GiB, and a small file read on however much it unpacked to.
    #[test]
    fn small_files_unpacked_to_gigabytes() {
        use std::io::Write;
        let file = tempfile::NamedTempFile::new().unwrap();
        let pack = |part: &[u8]| {
            let packed = std::fs::File::create(file.path()).unwrap();
            let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
            (0..100).for_each(|_| packed.write_all(part).unwrap());
            packed.finish().unwrap();
        };
        pack(&vec![b'a'; 1 << 20]);
        let error = each_line(file.path(), |_| Ok(())).unwrap_err();
        assert_eq!(error.message(), "a line is longer than 4 MiB");
        pack("a\n".repeat(1 << 19).as_bytes());
        let (mut lines, mut read) = (0, 0);
        let error = each_line(file.path(), |line| {
            lines += 1;
            read += line.len() + 1;
            Ok(())
        });
        let error = error.unwrap_err();
        assert!(
            error.message().contains("far more than it holds"),
            "{error}"
        );
        assert_eq!(error.location().and_then(|at| at.line), Some(lines + 1));
        assert!((64 << 20..128 << 20).contains(&read), "{read}");
    }
}
