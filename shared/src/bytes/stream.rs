//! A stream of decompressed bytes: plain, gzip, BGZF and ZIP, told by content, whatever the file
//! is called.

use super::archive;
use super::compression::Compression;
use super::gzip::{GARBAGE_BEHIND_GZIP, GzipReader};
use crate::{Error, ErrorCode, Result};
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A source's decompressed bytes, as a stream. Where the reader below has nothing yet (`WouldBlock`),
/// reading fails for now, loses nothing and can be repeated.
pub(crate) struct ByteStream {
    inner: Decompressor,
    compression: Compression,
    name: String,
    unpacked: Unpacked,
    /// What came so far of what is packed, as [`Unpacked::cost`] counts.
    used: u64,
    bytes_read: Arc<AtomicU64>,
}

/// How much a packed file may unpack to. Counted is what was read of it, for a pipe tells no size.
#[derive(Debug, Clone, Copy)]
pub struct Unpacked {
    /// So much in any case.
    pub always: u64,
    /// How often its own size beyond that.
    pub fold: u64,
    /// What bytes take of that; as a rule, their number.
    pub cost: fn(&[u8]) -> u64,
}

impl Unpacked {
    /// So many bytes in any case, and so often its own size beyond that.
    #[must_use]
    pub const fn bytes(always: u64, fold: u64) -> Self {
        Self {
            always,
            fold,
            cost: |bytes| bytes.len() as u64,
        }
    }
}

/// The reader, with the bytes that told the compression before it; it counts what is read.
struct Raw {
    inner: io::Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>,
    bytes_read: Arc<AtomicU64>,
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes_read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

enum Decompressor {
    Plain(Raw),
    Gzip(Box<GzipReader<Raw>>),
}

impl ByteStream {
    /// Looks at the first bytes of `reader` and decompresses accordingly. Of a ZIP archive it reads
    /// the file named `member`, or the only one with data.
    pub(crate) fn open(
        mut reader: Box<dyn Read + Send>,
        name: &str,
        member: Option<&str>,
    ) -> Result<Self> {
        let mut head = peek(&mut reader, name)?;
        let is_archived = archive::is_archive(&head);
        if is_archived {
            let whole = Cursor::new(head).chain(reader);
            reader = archive::open_file(whole, name, member, |error| read_error(error, name))?;
            head = peek(&mut reader, name)?;
            if archive::is_archive(&head) {
                return Err(archive::nested(name));
            }
        }
        if !is_archived && let Some(member) = member {
            return Err(
                Error::input("this is no ZIP archive, of which a file could be named")
                    .in_file(name)
                    .with_detail("member", member)
                    .with_remedy("name no file inside"),
            );
        }
        Ok(Self::of(
            head,
            reader,
            name,
            is_archived,
            Unpacked::bytes(u64::MAX, 0),
        ))
    }

    /// As [`open`](Self::open), but that a ZIP archive is read as the bytes that it is, and what is packed
    /// may unpack to so much.
    pub(crate) fn open_alone(
        mut reader: Box<dyn Read + Send>,
        name: &str,
        unpacked: Unpacked,
    ) -> Result<Self> {
        let head = peek(&mut reader, name)?;
        Ok(Self::of(head, reader, name, false, unpacked))
    }

    fn of(
        head: Vec<u8>,
        reader: Box<dyn Read + Send>,
        name: &str,
        is_archived: bool,
        unpacked: Unpacked,
    ) -> Self {
        let compression = Compression::of(&head);
        let bytes_read = Arc::default();
        let raw = Raw {
            inner: Cursor::new(head).chain(reader),
            bytes_read: Arc::clone(&bytes_read),
        };
        let inner = match compression {
            Compression::Plain | Compression::Zip => Decompressor::Plain(raw),
            Compression::Gzip | Compression::Bgzip => {
                Decompressor::Gzip(Box::new(GzipReader::new(raw)))
            }
        };
        Self {
            inner,
            compression: if is_archived {
                Compression::Zip
            } else {
                compression
            },
            name: name.to_owned(),
            unpacked,
            used: 0,
            bytes_read,
        }
    }

    /// Bytes that were read so far, as they lie in the file.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// What may have come so far of what is packed.
    pub(crate) fn allowance(&self) -> u64 {
        let more = self.bytes_read().saturating_mul(self.unpacked.fold);
        more.saturating_add(self.unpacked.always)
    }

    pub(crate) const fn compression(&self) -> Compression {
        self.compression
    }

    /// After the end: what is odd about the compressed data, as a sentence.
    pub(crate) fn oddity(&self) -> Option<&'static str> {
        let Decompressor::Gzip(reader) = &self.inner else {
            return None;
        };
        if reader.ends_in_garbage() {
            return Some(GARBAGE_BEHIND_GZIP);
        }
        let lacks_eof = self.compression == Compression::Bgzip && !reader.ends_with_eof_block();
        lacks_eof.then_some("the BGZF data lacks its end-of-file block; it may be cut short")
    }

    /// Reads some bytes; 0 at the end.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for compressed data that is cut, damaged or larger than it may be,
    /// `RESOURCE.GENERIC` when reading fails.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let (read, is_packed) = match &mut self.inner {
                Decompressor::Plain(reader) => (reader.read(buffer), false),
                Decompressor::Gzip(reader) => (reader.read(buffer), true),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(read) if is_packed => {
                    self.count(buffer.get(..read).unwrap_or_default())?;
                    return Ok(read);
                }
                read => return read.map_err(|error| self.error(error)),
            }
        }
    }

    /// Counts bytes that were unpacked.
    fn count(&mut self, read: &[u8]) -> Result<()> {
        let cost = (self.unpacked.cost)(read);
        self.used = self.used.saturating_add(cost);
        if self.used <= self.allowance() {
            return Ok(());
        }
        Err(
            Error::input("the packed file unpacks to far more than it holds")
                .in_file(&self.name)
                .with_remedy("unpack the file, and give it as it is"),
        )
    }

    fn error(&self, error: io::Error) -> Error {
        let damage = matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        );
        match self.compression {
            Compression::Plain => read_error(error, &self.name),
            _ if damage => self.damaged(error),
            _ => read_error(error, &self.name),
        }
    }

    fn damaged(&self, error: io::Error) -> Error {
        let message = format!(
            "the {} data is cut short or damaged: {error}",
            self.compression
        );
        Error::input(message)
            .in_file(&self.name)
            .with_remedy(match self.compression() {
                Compression::Zip => {
                    "copy or download the file again; `unzip -t` tells whether it is whole"
                }
                _ => "copy or download the file again; `gzip -t` tells whether it is whole",
            })
            .with_source(error)
    }
}

/// The first bytes, which tell the compression.
fn peek(reader: &mut dyn Read, name: &str) -> Result<Vec<u8>> {
    let mut head = Vec::with_capacity(Compression::HEAD_BYTES);
    reader
        .take(Compression::HEAD_BYTES as u64)
        .read_to_end(&mut head)
        .map_err(|error| read_error(error, name))?;
    Ok(head)
}

fn read_error(error: io::Error, name: &str) -> Error {
    if error.kind() == io::ErrorKind::WouldBlock {
        return Error::starved(name);
    }
    Error::new(
        ErrorCode::ResourceGeneric,
        format!("reading failed: {error}"),
    )
    .in_file(name)
    .with_remedy("check that the file is there, readable and on a working disk")
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::super::bgzf::BGZF_EOF;
    use super::*;
    use std::io::Write;

    type ReadAll = (Vec<u8>, Compression, Option<&'static str>);

    fn read_all(data: &[u8]) -> Result<ReadAll> {
        let mut stream = ByteStream::open(Box::new(Cursor::new(data.to_vec())), "x", None)?;
        let (mut all, mut buffer) = (Vec::new(), vec![0; 70_000]);
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok((all, stream.compression(), stream.oddity())),
                read => all.extend_from_slice(&buffer[..read]),
            }
        }
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    }

    fn bgzip(text: &[u8]) -> Vec<u8> {
        let mut writer = noodles_bgzf::io::Writer::new(Vec::new());
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn no_cut_of_compressed_data_passes_for_the_end() {
        let text: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        let bgzip = bgzip(&text);
        let (all, compression, oddity) = read_all(&bgzip).unwrap();
        assert_eq!(
            (all.as_slice(), compression, oddity),
            (&text[..], Compression::Bgzip, None)
        );
        let blocks = bgzip.len() - BGZF_EOF.len();
        assert!(
            read_all(&bgzip[..blocks]).unwrap().2.is_some(),
            "only the EOF block is missing"
        );
        for cut in [19, 100, blocks - 1, blocks + 1, blocks + 17, blocks + 20] {
            assert!(
                read_all(&bgzip[..cut]).is_err(),
                "cut at {cut} of {}",
                bgzip.len()
            );
        }
        let gzip = gzip(&text);
        assert_eq!(read_all(&gzip).unwrap().1, Compression::Gzip);
        for cut in [2, 9, 12, gzip.len() / 2, gzip.len() - 1] {
            let error = read_all(&gzip[..cut]).unwrap_err();
            assert!(error.remedy().is_some(), "cut at {cut}");
        }
    }

    /// `gzip -t` says that such a file is whole; its last zeros were called damage.
    #[test]
    fn zeros_after_gzip_were_damage() {
        for packed in [gzip(b"a\nb\n"), bgzip(b"a\nb\n")] {
            for zeros in [1, 17, 512, 200_000] {
                let padded = [packed.clone(), vec![0; zeros]].concat();
                let (all, _, oddity) = read_all(&padded).unwrap();
                assert_eq!((all.as_slice(), oddity), (&b"a\nb\n"[..], None));
            }
        }
    }

    /// gzip warns of what follows the last member, and goes on.
    #[test]
    fn garbage_after_gzip_was_damage() {
        let packed = [gzip(b"a\n"), bgzip(b"b\n")].concat();
        for garbage in [&b"x"[..], b"\0\0\0x", b"\x1f\x8c and so on"] {
            let (all, _, oddity) = read_all(&[&packed, garbage].concat()).unwrap();
            assert_eq!(all, b"a\nb\n");
            assert!(oddity.is_some_and(|text| text.contains("ignored")));
        }
    }

    #[test]
    fn members_of_either_kind_follow_one_another() {
        let members = [bgzip(b"a\n"), gzip(b""), gzip(b"b\n"), bgzip(b"c\n")];
        let (all, compression, oddity) = read_all(&members.concat()).unwrap();
        assert_eq!(
            (all.as_slice(), compression, oddity),
            (&b"a\nb\nc\n"[..], Compression::Bgzip, None)
        );
        let cut = members.concat();
        assert!(
            read_all(&cut[..cut.len() - 40]).is_err(),
            "the last member is cut"
        );
    }
}
