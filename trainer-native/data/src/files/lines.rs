//! Text files line by line: plain, gzip or bgzip, told apart by content.

use crate::bases;
use crate::errors::input_error;
use genolewm_core::bytes::{GzipReader, note_garbage_behind};
use genolewm_core::error::Location;
use genolewm_core::limits::{
    MAX_LINE_BYTES, MAX_LISTED_LINE_BYTES, MAX_PACKED_RECORD_BP, MAX_SEQUENCE_FOLD,
    MAX_UNPACKED_BYTES, MAX_UNPACKED_FOLD,
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
    /// Whether what was read last is not the end of its line.
    goes_on: bool,
    /// Bytes that may still come of a packed file, and what a line is of them.
    left: u64,
    cost: fn(&[u8]) -> u64,
    most_bp: u64,
    longest: usize,
}

/// The longest part of a line that is read as one.
const PART_BYTES: u64 = 1 << 20;

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

    /// As [`open`](Self::open), for a file that is mostly sequence: what is known of it packs less well,
    /// and is kept in memory.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_sequence(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let opened = Self::unpacking(path, MAX_SEQUENCE_FOLD);
        let mut lines = opened.map_err(|error| io_error(&name, &error))?;
        (lines.longest, lines.cost) = (MAX_LINE_BYTES, bases::packed_cost);
        Ok(lines)
    }

    fn unpacking(path: &Path, fold: usize) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut plain = BufReader::with_capacity(1 << 18, file);
        let packed = plain.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let most = match packed {
            true => size
                .saturating_mul(fold as u64)
                .saturating_add(MAX_UNPACKED_BYTES as u64),
            false => u64::MAX,
        };
        let reader = match packed {
            true => Source::Packed(BufReader::with_capacity(1 << 18, GzipReader::new(plain))),
            false => Source::Plain(plain),
        };
        Ok(Self {
            reader,
            file: path.display().to_string(),
            line: Vec::new(),
            number: 0,
            goes_on: false,
            left: most,
            cost: |line| line.len() as u64,
            most_bp: most.max(MAX_PACKED_RECORD_BP as u64),
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
        Ok(self.read()?.then_some(&*self.line))
    }

    /// The next line as bytes, without its end, however long it is.
    ///
    /// # Errors
    /// As [`next_part`](Self::next_part).
    pub fn next_bytes(&mut self) -> Result<Option<&[u8]>> {
        // One more than may come, which is refused.
        let read = self.fill(self.left.saturating_add(1))?;
        self.trim();
        Ok((read > 0).then_some(&*self.line))
    }

    /// The next part of a line as bytes, and whether the line begins with it: however long a line is, no
    /// part has more than a MiB.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when the file cannot be read, `INPUT.GENERIC` for a packed file that unpacks
    /// to far more than it holds.
    pub fn next_part(&mut self) -> Result<Option<(bool, &[u8])>> {
        let begins = !self.goes_on;
        let read = self.fill(PART_BYTES)?;
        self.goes_on = read == PART_BYTES && self.line.last() != Some(&b'\n');
        Ok((read > 0).then_some((begins, &*self.line)))
    }

    /// Gives an error the place of the line that was read last, and what it says.
    #[must_use]
    pub fn locate(&self, error: Error) -> Error {
        // A place shows 80 characters.
        let start = self.line.get(..1_000).unwrap_or(&self.line);
        let text = String::from_utf8_lossy(start);
        error.at(Location::line(&self.file, self.number).column(1, text.trim()))
    }

    /// Reads a whole line; whether there is one.
    fn read(&mut self) -> Result<bool> {
        // One more, which tells that there is more.
        let read = self.fill(self.longest as u64 + 1)?;
        if read > self.longest as u64 {
            let most = self.longest >> 20;
            let error = input_error(format!("a line is longer than {most} MiB"));
            let error = error.with_remedy("check that this is the file that was meant");
            return Err(self.locate(error));
        }
        self.trim();
        Ok(read > 0)
    }

    /// Takes the end of the line away.
    fn trim(&mut self) {
        for end in [b'\n', b'\r'] {
            self.line.pop_if(|last| *last == end);
        }
    }

    /// Reads to the end of the line, or so many bytes of it; how many there were.
    fn fill(&mut self, most: u64) -> Result<u64> {
        self.line.clear();
        self.number += u64::from(!self.goes_on);
        let reader: &mut dyn BufRead = match &mut self.reader {
            Source::Plain(reader) => reader,
            Source::Packed(reader) => reader,
        };
        let mut bounded = reader.take(most);
        let read = bounded.read_until(b'\n', &mut self.line);
        let read = read.map_err(|error| io_error(&self.file, &error))? as u64;
        let cost = (self.cost)(&self.line);
        let left = self.left.checked_sub(cost);
        self.left = left.ok_or_else(|| self.unpacks_to_too_much())?;
        if read == 0 {
            self.note_oddity();
        }
        Ok(read)
    }

    /// Why no more of a packed file is read.
    pub(super) fn unpacks_to_too_much(&self) -> Error {
        let error = input_error("the packed file unpacks to far more than it holds");
        self.locate(error.with_remedy("unpack the file, and give it as it is"))
    }

    /// Bases that one record may have: of a packed file no more than memory is there for.
    pub(super) const fn most_bp(&self) -> u64 {
        self.most_bp
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
