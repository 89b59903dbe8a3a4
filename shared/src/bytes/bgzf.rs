//! BGZF block by block, from bytes that come in pieces of any size.

use noodles_bgzf as bgzf;
use std::io::{self, ErrorKind, Read};

/// The 28 bytes that end every complete BGZF file (SAM specification, section 4.1.2).
pub(crate) const BGZF_EOF: [u8; 28] = [
    0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff, 0x06, 0, 0x42, 0x43, 0x02, 0, 0x1b, 0, 0x03, 0, 0,
    0, 0, 0, 0, 0, 0, 0,
];

/// Length of a BGZF block's header.
pub(crate) const BGZF_HEADER_BYTES: usize = 18;

/// A header and the checksum and length that end a block.
const LEAST_BLOCK_BYTES: usize = BGZF_HEADER_BYTES + 8;

/// Whether the bytes start a BGZF block: gzip with the `BC` extra field in its fixed place.
pub(crate) fn is_bgzf(head: &[u8]) -> bool {
    head.len() >= BGZF_HEADER_BYTES
        && head.starts_with(&[0x1f, 0x8b, 0x08, 0x04])
        && head.get(10..16) == Some(&[0x06, 0, b'B', b'C', 0x02, 0])
}

/// A block as it comes in. noodles reads blocks too, but loses the part of one that it holds when
/// the bytes after it have not arrived.
#[derive(Default)]
pub(crate) struct BlockBuffer(Vec<u8>);

impl BlockBuffer {
    /// Moves bytes from the front of `input` to the block; whether the block is whole now.
    pub(crate) fn fill(&mut self, input: &mut &[u8]) -> io::Result<bool> {
        loop {
            let missing = self.size()? - self.0.len();
            if missing == 0 {
                return Ok(true);
            }
            if input.is_empty() {
                return Ok(false);
            }
            let (now, rest) = input.split_at(missing.min(input.len()));
            self.0.extend_from_slice(now);
            *input = rest;
        }
    }

    /// Appends the whole block's content to `plain`, and starts the next block.
    pub(crate) fn inflate(&mut self, plain: &mut Vec<u8>) -> io::Result<()> {
        bgzf::io::Reader::new(self.0.as_slice()).read_to_end(plain)?;
        self.0.clear();
        Ok(())
    }

    /// The bytes of the block so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What is wrong when no bytes follow.
    pub(crate) fn end(&self) -> io::Result<()> {
        let what = match self.0.len() {
            0 => return Ok(()),
            1..BGZF_HEADER_BYTES => "the last block's header is cut",
            _ => "the last block is cut",
        };
        Err(io::Error::new(ErrorKind::UnexpectedEof, what))
    }

    /// How long the block is, as far as it is known.
    fn size(&self) -> io::Result<usize> {
        let Some([low, high]) = self.0.get(16..BGZF_HEADER_BYTES) else {
            return Ok(BGZF_HEADER_BYTES);
        };
        let size = usize::from(u16::from_le_bytes([*low, *high])) + 1;
        if size < LEAST_BLOCK_BYTES {
            let what = "a block's size is less than its header's";
            return Err(io::Error::new(ErrorKind::InvalidData, what));
        }
        Ok(size)
    }
}
