//! Text files line by line: plain, gzip or bgzip, told apart by content.

use crate::bases;
use crate::errors::input_error;
use genolewm_core::bytes::{LineReader, SourceLine, Unpacked, note_oddity};
use genolewm_core::error::Location;
use genolewm_core::limits::{
    MAX_LINE_BYTES, MAX_LISTED_LINE_BYTES, MAX_PACKED_RECORD_BP, MAX_SEQUENCE_FOLD,
    MAX_UNPACKED_BYTES, MAX_UNPACKED_FOLD,
};
use genolewm_core::{Error, Result};
use genolewm_report::output::open;
use std::io::Read;
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
    reader: LineReader,
    /// The line that was read last, as text or as bytes.
    text: String,
    bytes: Vec<u8>,
    number: u64,
    /// Whether what was read last is not the end of its line.
    goes_on: bool,
    longest: usize,
}

/// Bytes of a part of a line.
const PART_BYTES: usize = 1 << 20;

impl Lines {
    /// Opens a text file, unpacking it when it is gzip or bgzip. UTF-16, a byte-order mark and any line
    /// ends are read.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be read; `INPUT.GENERIC` for what is no text, with what it seems
    /// to be.
    pub fn open(path: &Path) -> Result<Self> {
        Self::of(open(path)?, path)
    }

    /// As [`open`](Self::open), for a file of that name that is open already.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of(file: impl Read + Send + 'static, path: &Path) -> Result<Self> {
        let unpacked = Unpacked::bytes(MAX_UNPACKED_BYTES as u64, MAX_UNPACKED_FOLD as u64);
        Self::unpacking(Box::new(file), path, unpacked)
    }

    /// As [`open`](Self::open), for a file that is mostly sequence: what is known of it packs less well,
    /// and is kept in memory.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_sequence(path: &Path) -> Result<Self> {
        let unpacked = Unpacked {
            cost: bases::packed_cost,
            ..Unpacked::bytes(MAX_UNPACKED_BYTES as u64, MAX_SEQUENCE_FOLD as u64)
        };
        let lines = Self::unpacking(Box::new(open(path)?), path, unpacked)?;
        Ok(lines.of_up_to(MAX_LINE_BYTES))
    }

    /// The same, of lines of up to so many bytes.
    #[must_use]
    pub const fn of_up_to(mut self, longest: usize) -> Self {
        self.longest = longest;
        self
    }

    fn unpacking(file: Box<dyn Read + Send>, path: &Path, unpacked: Unpacked) -> Result<Self> {
        let name = path.display().to_string();
        Ok(Self {
            reader: LineReader::open_list(file, &name, unpacked)?,
            goes_on: false,
            file: name,
            text: String::new(),
            bytes: Vec::new(),
            number: 0,
            longest: MAX_LISTED_LINE_BYTES,
        })
    }

    /// Whether what was not read yet begins so.
    #[must_use]
    pub fn begin_with(&self, start: &[u8]) -> bool {
        self.reader.peek().starts_with(start)
    }

    /// The reader, for a format of its own.
    #[must_use]
    pub fn into_reader(self) -> LineReader {
        self.reader
    }

    /// The next line without its end; `None` after the last. One that is not UTF-8 is read as Latin-1,
    /// which is said at the program's end.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when the file cannot be read, `INPUT.GENERIC` for a line beyond the limit, and
    /// for a packed file that is damaged or unpacks to far more than it holds.
    pub fn next_text(&mut self) -> Result<Option<&str>> {
        let Some(bytes) = self.read(self.longest)? else {
            return Ok(None);
        };
        let line = SourceLine::of(bytes);
        if line.is_latin1() {
            let what = "the text is not UTF-8; such lines are read as Latin-1";
            note_oddity(&self.file, what);
        }
        self.text = line.into_string();
        Ok(Some(&self.text))
    }

    /// The next line as bytes, without its end; `None` after the last.
    ///
    /// # Errors
    /// As [`next_text`](Self::next_text).
    pub fn next_line(&mut self) -> Result<Option<&[u8]>> {
        self.next_within(self.longest)
    }

    /// The next line as bytes, however long it is.
    ///
    /// # Errors
    /// As [`next_text`](Self::next_text), but for long lines.
    pub fn next_bytes(&mut self) -> Result<Option<&[u8]>> {
        self.next_within(usize::MAX)
    }

    /// The next part of a line as bytes, and whether the line begins with it: of a long line a MiB or
    /// little more.
    ///
    /// # Errors
    /// As [`next_bytes`](Self::next_bytes).
    pub fn next_part(&mut self) -> Result<Option<(bool, &[u8])>> {
        let begins = !self.goes_on;
        self.text.clear();
        self.bytes.clear();
        self.number += u64::from(begins);
        let part = self.reader.next_part(PART_BYTES);
        let Some((bytes, ends)) = self.located(part)? else {
            return Ok(None);
        };
        (self.bytes, self.goes_on) = (bytes, !ends);
        Ok(Some((begins, &self.bytes)))
    }

    /// Bases that one record may have: of a packed file no more than memory is there for.
    pub(super) fn most_bp(&self) -> u64 {
        match self.reader.is_packed() {
            true => self.reader.allowance().max(MAX_PACKED_RECORD_BP as u64),
            false => u64::MAX,
        }
    }

    /// Bytes that were read so far, as they lie in the file.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.reader.bytes_read()
    }

    /// Why no more of a packed file is read.
    pub(super) fn unpacks_to_too_much(&self) -> Error {
        let error = input_error("the packed file unpacks to far more than it holds");
        self.locate(error.with_remedy("unpack the file, and give it as it is"))
    }

    /// Gives an error the place of the line that was read last, and what it says.
    #[must_use]
    pub fn locate(&self, error: Error) -> Error {
        // A place shows 80 characters.
        let start = self.bytes.get(..1_000).unwrap_or(&self.bytes);
        let bytes = String::from_utf8_lossy(start);
        let text = if self.text.is_empty() {
            bytes.trim()
        } else {
            self.text.trim()
        };
        error.at(Location::line(&self.file, self.number).column(1, text))
    }

    fn next_within(&mut self, longest: usize) -> Result<Option<&[u8]>> {
        let Some(bytes) = self.read(longest)? else {
            return Ok(None);
        };
        self.bytes = bytes;
        Ok(Some(&self.bytes))
    }

    fn read(&mut self, longest: usize) -> Result<Option<Vec<u8>>> {
        self.text.clear();
        self.bytes.clear();
        self.number += 1;
        let read = self.reader.next_bytes(longest);
        self.located(read)
    }

    /// What was read, or why it was not, with the line; at the end, what is odd is noted.
    fn located<T>(&self, read: Result<Option<T>>) -> Result<Option<T>> {
        let read = read.map_err(|error| match error.location().and_then(|at| at.line) {
            None => error.at(Location::line(&self.file, self.number)),
            Some(_) => error,
        })?;
        if read.is_none()
            && let Some(oddity) = self.reader.oddity()
        {
            note_oddity(&self.file, oddity);
        }
        Ok(read)
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

    fn read(bytes: &[u8]) -> Result<Vec<String>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut lines = Vec::new();
        each_line(file.path(), |line| {
            lines.push(line.to_owned());
            Ok(())
        })?;
        Ok(lines)
    }

    /// A byte-order mark became part of the first contig's name, lines that end in CR were one line, and
    /// text in UTF-16 or Latin-1 was said to be on a bad disk.
    #[test]
    fn lists_were_read_in_one_encoding_alone() {
        let text = "chr17\t5\t9\tr\u{e9}p\nchr18\t5\t9\n";
        let want: Vec<&str> = text.lines().collect();
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let latin1 = |text: &str| text.chars().map(|c| c as u8).collect();
        let spelled: [Vec<u8>; 6] = [
            text.into(),
            format!("\u{feff}{text}").into(),
            text.replace('\n', "\r\n").into(),
            text.replace('\n', "\r").into(),
            utf16(&format!("\u{feff}{text}")),
            latin1(text),
        ];
        for bytes in spelled {
            assert_eq!(read(&bytes).unwrap(), want, "{bytes:?}");
        }
    }

    /// They were "invalid utf-8", and the disk was to be checked.
    #[test]
    fn packed_lists_were_refused_for_another_cause() {
        use std::io::Write;
        let gzip = |bytes: &[u8]| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(bytes).unwrap();
            gzip.finish().unwrap()
        };
        let tar = [&[b'a'; 257][..], b"ustar\x0000"].concat();
        let packed = gzip(b"chr17\t5\t9\n");
        for (bytes, cause) in [
            (&b"BZh91AY&SY0123"[..], "compressed with bzip2"),
            (b"\xfd7zXZ\0\0", "compressed with xz"),
            (b"\x28\xb5\x2f\xfd0", "compressed with zstd"),
            (b"7z\xbc\xaf\x27\x1c0", "a 7z archive"),
            (b"PK\x03\x040", "a ZIP archive"),
            (&tar, "a tar archive"),
            (&gzip(&packed), "compressed twice"),
            (b"SQLite format 3\0", "a binary file"),
            (&packed[..packed.len() - 5], "cut short or damaged"),
        ] {
            let error = read(bytes).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InputGeneric, "{error}");
            assert!(error.message().contains(cause), "{error}");
            assert!(error.remedy().is_some());
        }
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
        assert_eq!(error.message(), "the line is longer than 4 MiB");
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

    /// A pipe tells no size, so that 64 MiB of whatever was packed in it were far too much.
    #[cfg(unix)]
    #[test]
    fn packed_lists_from_pipes_ended_at_64_mib() {
        use std::io::Write;
        use std::os::fd::AsRawFd;
        for open in [Lines::open, Lines::open_sequence] {
            let (reader, writer) = std::io::pipe().unwrap();
            let write = std::thread::spawn(move || {
                let mut packed = flate2::write::GzEncoder::new(writer, flate2::Compression::none());
                let line = [vec![b'A'; (1 << 20) - 1], vec![b'\n']].concat();
                (0..70).try_for_each(|_| packed.write_all(&line))
            });
            let path = format!("/dev/fd/{}", reader.as_raw_fd());
            let mut lines = open(Path::new(&path)).unwrap();
            drop(reader);
            let mut read = 0;
            while let Some(line) = lines.next_line().unwrap() {
                read += line.len() + 1;
            }
            assert_eq!(read, 70 << 20);
            assert!(lines.bytes_read() > 70 << 20);
            write.join().unwrap().unwrap();
        }
    }
}
