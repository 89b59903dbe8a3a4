//! Lines of bounded length, counted, with any line end, of UTF-8 or UTF-16.

use super::compression::Compression;
use super::packed::packed_otherwise;
use super::source_line::SourceLine;
use super::stream::{ByteStream, Unpacked};
use super::utf16::Utf16;
use crate::error::Location;
use crate::limits::{MAX_BLANK_LINES, MAX_LINE_BYTES};
use crate::{Error, ErrorCode, Result};
use std::fmt;
use std::io::Read;

const BUFFER_BYTES: usize = 128 * 1024;

/// The most bytes that are kept after a mark.
const MAX_MARKED_BYTES: usize = MAX_LINE_BYTES;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads lines that end in LF or CRLF, or in CR when the first part of the file has no LF at all.
pub struct LineReader {
    stream: ByteStream,
    name: String,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    line: u64,
    first_latin1: Option<u64>,
    /// The line that is being read. Kept here, for its end may not have arrived yet.
    partial: Partial,
    /// From where on the buffer's bytes are kept for [`reset`](LineReader::reset).
    mark: Option<usize>,
    limit: usize,
    /// Whether a line beyond the limit ends the file: it is not passed over.
    is_list: bool,
    terminator: u8,
    at_end: bool,
    /// For text that is UTF-16: its decoder, and what was read and is not decoded.
    utf16: Option<(Utf16, Vec<u8>)>,
}

/// No text: it may hold genotypes.
impl fmt::Debug for LineReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut form = f.debug_struct("LineReader");
        form.field("name", &self.name).field("line", &self.line);
        form.finish_non_exhaustive()
    }
}

/// A line as far as it was read.
#[derive(Default)]
struct Partial {
    bytes: Vec<u8>,
    /// Whether there is anything: an empty line is one too.
    any: bool,
    too_long: bool,
}

impl Partial {
    fn push(&mut self, part: &[u8], limit: usize) {
        if self.too_long || self.bytes.len() + part.len() > limit {
            self.too_long = true;
            self.bytes.clear();
        } else {
            self.bytes.extend_from_slice(part);
        }
    }
}

impl LineReader {
    /// Starts at the first line, after a byte-order mark if there is one.
    pub(crate) fn open(stream: ByteStream, name: &str) -> Result<Self> {
        let mut reader = Self {
            stream,
            name: name.to_owned(),
            buffer: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
            line: 0,
            first_latin1: None,
            partial: Partial::default(),
            mark: None,
            limit: MAX_LINE_BYTES,
            is_list: false,
            terminator: b'\n',
            at_end: false,
            utf16: None,
        };
        reader.fill_whole_buffer()?;
        if let Some(mut decoder) = Utf16::detect(reader.peek()) {
            let raw = std::mem::take(&mut reader.buffer);
            let read = raw.get(..reader.end).unwrap_or_default();
            decoder.decode(read, &mut reader.buffer);
            reader.end = reader.buffer.len();
            reader.utf16 = Some((decoder, raw));
        }
        if reader.peek().starts_with(BOM) {
            reader.start += BOM.len();
        }
        if !reader.peek().contains(&b'\n') && reader.peek().contains(&b'\r') {
            reader.terminator = b'\r';
        }
        Ok(reader)
    }

    /// Opens a list, a table or a sequence: text, plain, gzip or BGZF, that may unpack to so much. `name` is
    /// what errors call it.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for what is no text, with what it seems to be, and for damaged compressed data;
    /// `RESOURCE.GENERIC` when reading fails.
    pub fn open_list(reader: Box<dyn Read + Send>, name: &str, unpacked: Unpacked) -> Result<Self> {
        let mut lines = Self::open(ByteStream::open_alone(reader, name, unpacked)?, name)?;
        lines.is_list = true;
        let binary = || ("a binary file", "give the file that was meant, as text");
        let other = packed_otherwise(lines.peek());
        match other.or_else(|| lines.peek().contains(&0).then(binary)) {
            None => Ok(lines),
            Some((what, remedy)) => Err(Error::input(format!("this is {what}, not text"))
                .in_file(name)
                .with_remedy(remedy)),
        }
    }

    /// The next line of a list without its end, of `longest` bytes at most; `None` after the last.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a longer line, and for compressed data that is damaged or unpacks to too much;
    /// `RESOURCE.GENERIC` when reading fails. All are final.
    pub fn next_bytes(&mut self, longest: usize) -> Result<Option<Vec<u8>>> {
        self.limit = longest;
        self.read_bytes()
    }

    /// The next line without its end or, of a long one, a part that has `enough` bytes; and whether the line
    /// ends with it. `None` after the last.
    ///
    /// # Errors
    /// As [`next_bytes`](Self::next_bytes), but for long lines.
    pub fn next_part(&mut self, enough: usize) -> Result<Option<(Vec<u8>, bool)>> {
        let (mut part, mut any) = (Vec::new(), false);
        loop {
            let chunk = self.peek();
            let end = chunk.iter().position(|byte| *byte == self.terminator);
            let taken = end.unwrap_or(chunk.len());
            part.extend_from_slice(chunk.get(..taken).unwrap_or_default());
            any |= !chunk.is_empty();
            self.start += taken + usize::from(end.is_some());
            self.line += u64::from(end.is_some());
            if end.is_some() || part.len() >= enough {
                return Ok(Some((part, end.is_some())));
            }
            if !self.refill()? {
                return Ok(any.then_some((part, true)));
            }
        }
    }

    /// Whether what is read was packed.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        self.compression() != Compression::Plain
    }

    /// Bytes that were read so far, as they lie in the file.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.stream.bytes_read()
    }

    /// What may have come so far of a packed file.
    #[must_use]
    pub fn allowance(&self) -> u64 {
        self.stream.allowance()
    }

    /// What follows, up to the buffer's size, without consuming it.
    #[must_use]
    pub fn peek(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The name that errors give the source.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn compression(&self) -> Compression {
        self.stream.compression()
    }

    /// At the end: what is odd about the compressed data.
    #[must_use]
    pub fn oddity(&self) -> Option<&'static str> {
        self.at_end.then(|| self.stream.oddity()).flatten()
    }

    /// The next line without its end, and its 1-based number; `None` at the end.
    ///
    /// # Errors
    /// `INPUT.VCF_PARSE` for a line over the limit; the next call goes on with the line after it.
    /// After a wait for bytes it goes on where it was. Anything else is final.
    pub(crate) fn next_line(&mut self) -> Result<Option<(u64, SourceLine)>> {
        let line = self.read_bytes()?.map(SourceLine::of);
        if line.as_ref().is_some_and(SourceLine::is_latin1) {
            self.first_latin1.get_or_insert(self.line);
        }
        Ok(line.map(|line| (self.line, line)))
    }

    /// The first line so far that is not UTF-8.
    pub(crate) const fn first_latin1(&self) -> Option<u64> {
        self.first_latin1
    }

    /// For a stretch without records that is too long to be passed over.
    pub(crate) fn too_many_blank(&self) -> Error {
        let message = format!("{MAX_BLANK_LINES} lines in a row hold no record");
        Error::input(message)
            .at(Location::line(&self.name, self.line))
            .with_remedy("remove the empty lines: grep -v '^$'")
    }

    /// The next byte, for formats without lines; `None` at the end. Not to be mixed with
    /// [`next_line`](Self::next_line).
    pub(crate) fn next_byte(&mut self) -> Result<Option<u8>> {
        while self.start == self.end {
            if !self.refill()? {
                return Ok(None);
            }
        }
        let byte = self.buffer.get(self.start).copied();
        self.start += 1;
        Ok(byte)
    }

    /// Keeps what follows for [`reset`](Self::reset), until the next mark.
    pub(crate) const fn mark(&mut self) {
        self.mark = Some(self.start);
    }

    /// Goes back to the mark; `false` when too much was read since to have been kept.
    pub(crate) fn reset(&mut self) -> bool {
        self.mark.is_some_and(|mark| {
            self.start = mark;
            true
        })
    }

    /// The next line's bytes; `None` at the end.
    fn read_bytes(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            let chunk = self.buffer.get(self.start..self.end).unwrap_or_default();
            let end = chunk.iter().position(|byte| *byte == self.terminator);
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            self.partial.any |= !chunk.is_empty();
            self.partial.push(part, self.limit);
            self.start += part.len() + usize::from(end.is_some());
            let is_refused = self.is_list && self.partial.too_long;
            if is_refused || end.is_some() || !self.refill()? {
                break;
            }
        }
        self.line += 1;
        let Partial {
            mut bytes,
            any,
            too_long,
        } = std::mem::take(&mut self.partial);
        if too_long {
            let message = format!("the line is longer than {} MiB", self.limit >> 20);
            return Err(self
                .problem(&message, self.limit)
                .with_remedy("check that this is the file that was meant, and has line ends"));
        }
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        Ok(any.then_some(bytes))
    }

    /// Replaces the consumed buffer, but for what is marked, with fresh bytes; `false` at the end.
    fn refill(&mut self) -> Result<bool> {
        self.mark = self.mark.filter(|mark| self.end - mark <= MAX_MARKED_BYTES);
        let keep = self.mark.unwrap_or(self.end);
        self.buffer.copy_within(keep..self.end, 0);
        self.end -= keep;
        self.start = self.end;
        self.mark = self.mark.map(|_| 0);
        if self.end + BUFFER_BYTES > self.buffer.len() {
            self.buffer.resize(self.end + BUFFER_BYTES, 0);
        }
        self.fill()
    }

    fn fill(&mut self) -> Result<bool> {
        if let Some((decoder, raw)) = &mut self.utf16 {
            let read = self.stream.read(raw)?;
            self.buffer.truncate(self.end);
            decoder.decode(raw.get(..read).unwrap_or_default(), &mut self.buffer);
            let grown = self.buffer.len() > self.end;
            self.end = self.buffer.len();
            self.at_end = read == 0;
            return Ok(read > 0 || grown);
        }
        let space = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = self.stream.read(space)?;
        self.end += read;
        self.at_end = read == 0;
        Ok(read > 0)
    }

    fn fill_whole_buffer(&mut self) -> Result<()> {
        while self.end < self.buffer.len() && self.fill()? {}
        Ok(())
    }

    fn problem(&self, message: &str, offset: usize) -> Error {
        let mut place = Location::line(&self.name, self.line);
        place.column = Some(offset as u64 + 1);
        let code = match self.is_list {
            true => ErrorCode::InputGeneric,
            false => ErrorCode::InputVcfParse,
        };
        Error::new(code, message).at(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn open(data: &[u8]) -> LineReader {
        let stream = ByteStream::open(Box::new(Cursor::new(data.to_vec())), "x", None).unwrap();
        LineReader::open(stream, "x").unwrap()
    }

    fn lines(data: &[u8]) -> Vec<String> {
        let mut reader = open(data);
        std::iter::from_fn(|| {
            reader
                .next_line()
                .unwrap()
                .map(|(_, line)| line.into_string())
        })
        .collect()
    }

    #[test]
    fn line_ends_and_marks_do_not_matter() {
        for data in [
            &b"a\nb\n\nc"[..],
            b"a\r\nb\r\n\r\nc\r\n",
            b"a\rb\r\rc\r",
            b"\xef\xbb\xbfa\nb\n\nc\n",
        ] {
            assert_eq!(lines(data), ["a", "b", "", "c"]);
        }
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn text_in_utf16_was_no_text() {
        let text = "a\r\nb\u{e9}\r\n".to_owned() + &"long line ".repeat(30_000) + "\r\nc";
        let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
        let want: Vec<&str> = text.lines().collect();
        for text in [
            format!("\u{feff}{text}"),
            format!("0123456789012345 {text}"),
        ] {
            for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
                let bytes: Vec<u8> = units(&text).into_iter().flat_map(to_bytes).collect();
                let got = lines(&bytes);
                assert_eq!(got[1..], want[1..]);
                assert!(got[0].ends_with('a') && !got[0].contains('\u{feff}'));
            }
        }
    }

    #[test]
    fn a_bad_line_is_reported_and_the_next_one_read() {
        let mut reader = open(b"ok\nlong line\nend\n");
        reader.limit = 5;
        assert_eq!(reader.next_line().unwrap(), Some((1, "ok".into())));
        let error = reader.next_line().unwrap_err();
        let place = error.location().unwrap();
        assert_eq!((place.line, place.column), (Some(2), Some(6)));
        assert_eq!(reader.next_line().unwrap(), Some((3, "end".into())));
        assert_eq!(reader.next_line().unwrap(), None);
    }

    #[test]
    fn lines_span_buffers() {
        let long = "x".repeat(BUFFER_BYTES + 10);
        let text = format!("{long}\n{long}\n");
        assert_eq!(lines(text.as_bytes()), [long.clone(), long]);
    }
}
