//! gzip member by member, from bytes that come in pieces of any size; BGZF is gzip of many members.

use super::bgzf::BGZF_EOF;
use flate2::bufread::GzDecoder;
use std::fmt;
use std::io::{self, BufRead, Read};

/// How much is read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// What every member starts with.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What is said of a file whose reader [ends in garbage](GzipReader::ends_in_garbage).
pub(crate) const GARBAGE_BEHIND_GZIP: &str =
    "bytes that are no gzip follow the compressed data; they are ignored";

/// Decompresses gzip as `gzip -d` does: members follow one another, zeros after the last are
/// padding, and anything else there is no part of the file. After an error of kind `WouldBlock` it
/// can be read on.
pub(super) struct GzipReader<R> {
    at: Place<R>,
    any_member: bool,
    last_is_eof_block: bool,
    ends_in_garbage: bool,
}

impl<R> fmt::Debug for GzipReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GzipReader").finish_non_exhaustive()
    }
}

enum Place<R> {
    /// Before a member, or the end.
    Between(Chunk<R>),
    Member(Box<GzDecoder<Chunk<R>>>),
    /// In the zeros after the last member.
    Padding(Chunk<R>),
    End,
}

impl<R: Read> GzipReader<R> {
    /// Decompresses what `inner` reads.
    pub(super) fn new(inner: R) -> Self {
        Self {
            at: Place::Between(Chunk {
                inner,
                bytes: Vec::new(),
                start: 0,
            }),
            any_member: false,
            last_is_eof_block: false,
            ends_in_garbage: false,
        }
    }

    /// Whether the last whole member is the one that ends a complete BGZF file.
    pub(super) const fn ends_with_eof_block(&self) -> bool {
        self.last_is_eof_block
    }

    /// At the end: whether bytes follow the last member that are neither gzip nor zeros.
    pub(super) const fn ends_in_garbage(&self) -> bool {
        self.ends_in_garbage
    }

    /// Begins what follows a member, or the first one.
    fn begin(&mut self, mut chunk: Chunk<R>) -> io::Result<()> {
        let head = match chunk.peek(BGZF_EOF.len()) {
            Ok(head) => head,
            Err(error) => {
                self.at = Place::Between(chunk);
                return Err(error);
            }
        };
        // A single byte of it is a member that is cut.
        let is_member = MAGIC.starts_with(head.get(..2).unwrap_or(head)) && !head.is_empty();
        self.at = match head.first() {
            _ if is_member || !self.any_member => {
                self.any_member = true;
                self.last_is_eof_block = head == BGZF_EOF;
                Place::Member(Box::new(GzDecoder::new(chunk)))
            }
            Some(0) => Place::Padding(chunk),
            rest => {
                self.ends_in_garbage = rest.is_some();
                Place::End
            }
        };
        Ok(())
    }
}

impl<R: Read> Read for GzipReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.at, Place::End) {
                Place::Between(chunk) => self.begin(chunk)?,
                Place::Member(mut member) => match member.read(buffer) {
                    Ok(0) => self.at = Place::Between(member.into_inner()),
                    read => {
                        self.at = Place::Member(member);
                        return read;
                    }
                },
                Place::Padding(mut chunk) => {
                    let zeros = match chunk.fill_buf() {
                        Ok([]) => return Ok(0),
                        Ok(bytes) => bytes.iter().take_while(|byte| **byte == 0).count(),
                        Err(error) => {
                            self.at = Place::Padding(chunk);
                            return Err(error);
                        }
                    };
                    self.ends_in_garbage = zeros == 0;
                    if zeros > 0 {
                        chunk.consume(zeros);
                        self.at = Place::Padding(chunk);
                    }
                }
                Place::End => return Ok(0),
            }
        }
    }
}

/// Bytes that were read ahead.
struct Chunk<R> {
    inner: R,
    bytes: Vec<u8>,
    start: usize,
}

impl<R: Read> Chunk<R> {
    /// The next bytes, `count` of them unless the end comes first.
    fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.bytes.len() - self.start < count && self.add()? > 0 {}
        let rest = self.bytes.get(self.start..).unwrap_or_default();
        Ok(rest.get(..count).unwrap_or(rest))
    }

    /// Reads more behind what is there.
    fn add(&mut self) -> io::Result<usize> {
        self.bytes.drain(..self.start);
        self.start = 0;
        let held = self.bytes.len();
        self.bytes.resize(held + CHUNK_BYTES, 0);
        let read = loop {
            let space = self.bytes.get_mut(held..).unwrap_or_default();
            match self.inner.read(space) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let added = *read.as_ref().unwrap_or(&0);
        self.bytes.truncate(held + added);
        read
    }
}

impl<R: Read> BufRead for Chunk<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)?;
        Ok(self.bytes.get(self.start..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.start = self.bytes.len().min(self.start + count);
    }
}

impl<R: Read> Read for Chunk<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}
