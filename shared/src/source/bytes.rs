//! Decompression by content: plain, gzip and BGZF, whatever the file is called.

use crate::{Error, ErrorCode, Result};
use flate2::read::MultiGzDecoder;
use noodles_bgzf as bgzf;
use std::fmt;
use std::io::{self, Cursor, Read};

/// How a source is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip, one member or several.
    Gzip,
    /// BGZF, as `bgzip` writes it.
    Bgzip,
}

impl Compression {
    /// `plain`, `gzip` or `bgzip`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Bgzip => "bgzip",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The 28 bytes that end every complete BGZF file (SAM specification, section 4.1.2).
pub(crate) const BGZF_EOF: [u8; 28] = [
    0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff, 0x06, 0, 0x42, 0x43, 0x02, 0, 0x1b, 0, 0x03, 0, 0,
    0, 0, 0, 0, 0, 0, 0,
];

/// Length of a BGZF block's header.
pub(crate) const BGZF_HEADER_BYTES: usize = 18;

/// Whether the bytes start a BGZF block: gzip with the `BC` extra field in its fixed place.
pub(crate) fn is_bgzf(head: &[u8]) -> bool {
    head.len() >= BGZF_HEADER_BYTES
        && head.starts_with(&[0x1f, 0x8b, 0x08, 0x04])
        && head.get(10..16) == Some(&[0x06, 0, b'B', b'C', 0x02, 0])
}

/// A source's decompressed bytes, as a stream.
pub(crate) struct ByteStream {
    inner: Decoder,
    name: String,
}

enum Decoder {
    Plain(Tail),
    Gzip(Box<MultiGzDecoder<Tail>>),
    Bgzip(bgzf::io::Reader<Tail>),
}

impl ByteStream {
    /// Looks at the first bytes of `reader` and decompresses accordingly.
    pub(crate) fn open(mut reader: Box<dyn Read>, name: &str) -> Result<Self> {
        let mut head = Vec::with_capacity(BGZF_HEADER_BYTES);
        reader
            .by_ref()
            .take(BGZF_HEADER_BYTES as u64)
            .read_to_end(&mut head)
            .map_err(|error| read_error(&error, name))?;
        let (bgzip, gzip) = (is_bgzf(&head), head.starts_with(&[0x1f, 0x8b]));
        let tail = Tail {
            inner: Cursor::new(head).chain(reader),
            read: 0,
            last: Vec::new(),
        };
        let inner = if bgzip {
            Decoder::Bgzip(bgzf::io::Reader::new(tail))
        } else if gzip {
            Decoder::Gzip(Box::new(MultiGzDecoder::new(tail)))
        } else {
            Decoder::Plain(tail)
        };
        Ok(Self {
            inner,
            name: name.to_owned(),
        })
    }

    pub(crate) const fn compression(&self) -> Compression {
        match self.inner {
            Decoder::Plain(_) => Compression::Plain,
            Decoder::Gzip(_) => Compression::Gzip,
            Decoder::Bgzip(_) => Compression::Bgzip,
        }
    }

    /// After the end: whether a BGZF source lacks the empty block that ends a complete file.
    pub(crate) fn lacks_eof_block(&self) -> bool {
        match &self.inner {
            Decoder::Bgzip(reader) => !reader.get_ref().last.ends_with(&BGZF_EOF),
            _ => false,
        }
    }

    /// Reads some bytes; 0 at the end.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for compressed data that is cut or damaged, `RESOURCE.GENERIC` when reading
    /// fails.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = loop {
            let read = match &mut self.inner {
                Decoder::Plain(reader) => reader.read(buffer),
                Decoder::Gzip(reader) => reader.read(buffer),
                Decoder::Bgzip(reader) => reader.read(buffer),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(|error| self.error(&error))?,
            }
        };
        match &self.inner {
            // noodles takes a block header that is cut short for the end of the file.
            Decoder::Bgzip(reader)
                if read == 0
                    && !buffer.is_empty()
                    && reader.position() != reader.get_ref().read =>
            {
                Err(self.damaged("the last block's header is cut"))
            }
            _ => Ok(read),
        }
    }

    fn error(&self, error: &io::Error) -> Error {
        let damage = matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        );
        match self.compression() {
            Compression::Plain => read_error(error, &self.name),
            _ if damage => self.damaged(&error.to_string()),
            _ => read_error(error, &self.name),
        }
    }

    fn damaged(&self, what: &str) -> Error {
        let message = format!(
            "the {} data is cut short or damaged: {what}",
            self.compression()
        );
        Error::new(ErrorCode::InputGeneric, message)
            .at(crate::error::Location {
                file: self.name.clone(),
                ..Default::default()
            })
            .with_remedy("copy or download the file again; `gzip -t` tells whether it is whole")
    }
}

pub(super) fn read_error(error: &io::Error, name: &str) -> Error {
    Error::new(
        ErrorCode::ResourceGeneric,
        format!("reading failed: {error}"),
    )
    .at(crate::error::Location {
        file: name.to_owned(),
        ..Default::default()
    })
    .with_remedy("check that the file is there, readable and on a working disk")
}

/// Counts what it passes on and remembers the last 28 bytes.
struct Tail {
    inner: io::Chain<Cursor<Vec<u8>>, Box<dyn Read>>,
    read: u64,
    last: Vec<u8>,
}

impl Read for Tail {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        let fresh = buffer.get(..read).unwrap_or_default();
        let fresh = fresh
            .get(fresh.len().saturating_sub(BGZF_EOF.len())..)
            .unwrap_or_default();
        let surplus = (self.last.len() + fresh.len()).saturating_sub(BGZF_EOF.len());
        self.last.drain(..surplus);
        self.last.extend_from_slice(fresh);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read_all(data: &[u8]) -> Result<(Vec<u8>, Compression, bool)> {
        let mut stream = ByteStream::open(Box::new(Cursor::new(data.to_vec())), "x")?;
        let (mut all, mut buffer) = (Vec::new(), vec![0; 70_000]);
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok((all, stream.compression(), stream.lacks_eof_block())),
                read => all.extend_from_slice(&buffer[..read]),
            }
        }
    }

    fn bgzip(text: &[u8]) -> Vec<u8> {
        let mut writer = bgzf::io::Writer::new(Vec::new());
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn no_cut_of_compressed_data_passes_for_the_end() {
        let text: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        let bgzip = bgzip(&text);
        let (all, compression, lacks_eof) = read_all(&bgzip).unwrap();
        assert_eq!(
            (all.as_slice(), compression, lacks_eof),
            (&text[..], Compression::Bgzip, false)
        );
        let blocks = bgzip.len() - BGZF_EOF.len();
        assert!(
            read_all(&bgzip[..blocks]).unwrap().2,
            "only the EOF block is missing"
        );
        for cut in [19, 100, blocks - 1, blocks + 1, blocks + 17, blocks + 20] {
            assert!(
                read_all(&bgzip[..cut]).is_err(),
                "cut at {cut} of {}",
                bgzip.len()
            );
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        assert_eq!(read_all(&gzip).unwrap().1, Compression::Gzip);
        for cut in [2, 9, 12, gzip.len() / 2, gzip.len() - 1] {
            let error = read_all(&gzip[..cut]).unwrap_err();
            assert!(error.remedy().is_some(), "cut at {cut}");
        }
    }
}
