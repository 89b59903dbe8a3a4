//! The decompressed bytes of a plain or BGZF file by offset (`.gzi`), page by page through an LRU
//! cache.

use super::archive::archive_refusal;
use super::bgzf::{BGZF_EOF, BGZF_HEADER_BYTES, is_bgzf};
use super::compression::Compression;
use super::lru::Lru;
use super::range::{RangeRead, read_full};
use crate::{Error, Result};
use noodles_bgzf as bgzf;
use std::io::Read;

/// A page of a plain file, and the most that a BGZF block holds.
const PAGE_BYTES: u64 = 64 * 1024;

/// The most that a BGZF block takes, compressed.
const MAX_BLOCK_BYTES: u64 = 64 * 1024;

/// The most that may follow the last block of a `.gzi` index: that block, the end-of-file block, and
/// what a tool may have left unindexed.
const MAX_UNINDEXED_BYTES: u64 = 1024 * 1024;

/// Pages kept: 4 MiB.
const CACHED_PAGES: usize = 64;

/// Where a BGZF block starts, in the file and in the decompressed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BlockStart {
    compressed: u64,
    plain: u64,
}

/// Decompressed bytes by offset.
#[derive(Debug)]
pub(crate) struct ByteStore<R> {
    data: R,
    name: String,
    /// The blocks of a BGZF file; `None` for a plain one.
    blocks: Option<Vec<BlockStart>>,
    /// Length of the file, and of its decompressed bytes.
    file_len: u64,
    len: u64,
    cache: Lru<Vec<u8>>,
}

impl<R: RangeRead> ByteStore<R> {
    /// Opens plain or BGZF data, told apart by content. `gzi` is the content of its `.gzi` index;
    /// without one, the blocks' headers are read through once.
    pub(crate) fn open(mut data: R, gzi: Option<&[u8]>, name: &str) -> Result<Self> {
        let file_len = data.len()?;
        let mut head = [0; BGZF_HEADER_BYTES];
        let read = read_full(&mut data, 0, &mut head)?;
        let head = head.get(..read).unwrap_or_default();
        let mut store = Self {
            data,
            name: name.to_owned(),
            blocks: None,
            file_len,
            len: file_len,
            cache: Lru::new(CACHED_PAGES),
        };
        match Compression::of(head) {
            Compression::Bgzip => {
                let mut blocks = match gzi {
                    Some(gzi) => store.read_gzi(gzi)?,
                    None => vec![BlockStart {
                        compressed: 0,
                        plain: 0,
                    }],
                };
                let most = gzi.map_or(u64::MAX, |_| MAX_UNINDEXED_BYTES);
                store.len = store.walk_blocks(&mut blocks, most)?;
                store.blocks = Some(blocks);
            }
            Compression::Gzip => return Err(gzip_refusal(name)),
            Compression::Zip => return Err(archive_refusal(name)),
            Compression::Plain => {}
        }
        Ok(store)
    }

    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// Hands the bytes of `start..end` to `each`, in pieces.
    pub(crate) fn read(
        &mut self,
        start: u64,
        end: u64,
        mut each: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut at = start;
        while at < end {
            let index = self.page_of(at);
            let first = self.page_start(index);
            let bytes = self.page(index)?;
            // Both differences are within a page.
            let from = usize::try_from(at - first).unwrap_or(usize::MAX);
            let to = usize::try_from(end - first)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            let piece = bytes.get(from..to).unwrap_or_default();
            if piece.is_empty() {
                return Err(self.wrong("the file ends before its index says"));
            }
            at += piece.len() as u64;
            each(piece)?;
        }
        Ok(())
    }

    pub(crate) fn wrong(&self, message: &str) -> Error {
        wrong(&self.name, message)
    }

    fn page_of(&self, offset: u64) -> usize {
        match &self.blocks {
            Some(blocks) => blocks
                .partition_point(|block| block.plain <= offset)
                .saturating_sub(1),
            None => usize::try_from(offset / PAGE_BYTES).unwrap_or(usize::MAX),
        }
    }

    fn page_start(&self, index: usize) -> u64 {
        match &self.blocks {
            Some(blocks) => blocks.get(index).map_or(self.len, |block| block.plain),
            None => index as u64 * PAGE_BYTES,
        }
    }

    /// A page through the cache.
    fn page(&mut self, index: usize) -> Result<&[u8]> {
        let key = index as u64;
        if !self.cache.contains(key) {
            let bytes = self.load(index)?;
            self.cache.insert(key, bytes);
        }
        Ok(self.cache.get(key).map_or(&[], Vec::as_slice))
    }

    /// A page from the file.
    fn load(&mut self, index: usize) -> Result<Vec<u8>> {
        let start = self.page_start(index);
        let Some(blocks) = &self.blocks else {
            let mut bytes = vec![0; usize::try_from(PAGE_BYTES).unwrap_or(usize::MAX)];
            let read = read_full(&mut self.data, start, &mut bytes)?;
            bytes.truncate(read);
            return Ok(bytes);
        };
        let Some(block) = blocks.get(index).copied() else {
            return Ok(Vec::new());
        };
        // One read where the next block tells how far this one reaches at most.
        let next = blocks
            .get(index + 1)
            .map_or(self.file_len, |next| next.compressed);
        let reach = MAX_BLOCK_BYTES.min(next.saturating_sub(block.compressed));
        let mut compressed = vec![0; usize::try_from(reach).unwrap_or(usize::MAX)];
        let read = read_full(&mut self.data, block.compressed, &mut compressed)?;
        compressed.truncate(read);
        let size = block_size(&compressed).filter(|size| *size <= read);
        compressed.truncate(size.unwrap_or(0));
        let mut bytes = Vec::new();
        let whole = size.is_some()
            && bgzf::io::Reader::new(compressed.as_slice())
                .read_to_end(&mut bytes)
                .is_ok();
        if !whole || bytes.len() as u64 != self.page_start(index + 1) - start {
            return Err(self.damaged(block.compressed));
        }
        Ok(bytes)
    }

    /// Reads the headers of the blocks from the last one known to the end of the file, adds the
    /// missing ones, and returns the decompressed length. More than `most` bytes mean that the index
    /// is not of this file.
    fn walk_blocks(&mut self, blocks: &mut Vec<BlockStart>, most: u64) -> Result<u64> {
        let Some(BlockStart {
            mut compressed,
            mut plain,
        }) = blocks.pop()
        else {
            return Ok(0);
        };
        if self.file_len - compressed > most {
            return Err(self.stale_gzi("the file goes on after its last block"));
        }
        let mut is_complete = false;
        while compressed < self.file_len {
            let mut header = [0; BGZF_HEADER_BYTES];
            let read = read_full(&mut self.data, compressed, &mut header)?;
            // Padding, or what is no part of the file.
            if is_complete && header.first() != BGZF_EOF.first() {
                break;
            }
            let size = block_size(header.get(..read).unwrap_or_default())
                .ok_or_else(|| self.damaged(compressed))?;
            let end = compressed + size as u64;
            let mut plain_size = [0; 4];
            if end > self.file_len || size < BGZF_HEADER_BYTES + 8 {
                return Err(self.damaged(compressed));
            }
            read_full(&mut self.data, end - 4, &mut plain_size)?;
            let plain_size = u64::from(u32::from_le_bytes(plain_size));
            is_complete = plain_size == 0 && size == BGZF_EOF.len();
            if plain_size > PAGE_BYTES {
                return Err(self.damaged(compressed));
            }
            // The empty block at the end, and any other, holds nothing to find.
            if plain_size > 0 {
                blocks.push(BlockStart { compressed, plain });
            }
            (compressed, plain) = (end, plain + plain_size);
        }
        Ok(plain)
    }

    /// Reads and checks a `.gzi` index; whether it fits each block is checked when that is read.
    fn read_gzi(&self, gzi: &[u8]) -> Result<Vec<BlockStart>> {
        let index = bgzf::gzi::io::Reader::new(gzi)
            .read_index()
            .map_err(|error| self.stale_gzi(&error.to_string()).with_source(error))?;
        let mut blocks = vec![BlockStart {
            compressed: 0,
            plain: 0,
        }];
        for &(compressed, plain) in index.as_ref() {
            let before = blocks.last().copied().unwrap_or(BlockStart {
                compressed: 0,
                plain: 0,
            });
            let grows = compressed > before.compressed && compressed < self.file_len;
            let fits = plain >= before.plain && plain - before.plain <= PAGE_BYTES;
            if !grows || !fits {
                return Err(self.stale_gzi("its offsets are not those of this file"));
            }
            // An empty block holds nothing to find.
            if plain == before.plain {
                blocks.pop();
            }
            blocks.push(BlockStart { compressed, plain });
        }
        Ok(blocks)
    }

    fn stale_gzi(&self, why: &str) -> Error {
        self.wrong(&format!("its .gzi index does not fit: {why}"))
            .with_remedy("delete the .gzi file, or make it anew with `bgzip -r`")
    }

    fn damaged(&self, offset: u64) -> Error {
        damaged(&self.name, offset)
    }
}

/// The size of the block that begins so; `None` where none does.
fn block_size(start: &[u8]) -> Option<usize> {
    let sizes = start
        .get(16..BGZF_HEADER_BYTES)
        .filter(|_| is_bgzf(start))?;
    let [low, high] = sizes else {
        return None;
    };
    Some(usize::from(u16::from_le_bytes([*low, *high])) + 1)
}

/// What is wrong with a file as such.
pub(crate) fn wrong(name: &str, message: &str) -> Error {
    Error::input(message).in_file(name)
}

/// For gzip that is not BGZF.
pub(crate) fn gzip_refusal(name: &str) -> Error {
    wrong(
        name,
        "the file is gzip, which cannot be read from the middle",
    )
    .with_remedy("compress it with bgzip: gunzip -c ref.fa.gz | bgzip > ref.bgz.fa.gz")
}

/// For the block at an offset.
pub(crate) fn damaged(name: &str, offset: u64) -> Error {
    let message = "the bgzip data is cut short or damaged, or its .gzi index is of another file";
    wrong(name, message)
        .with_detail("offset", offset)
        .with_remedy("delete the .gzi file; if that does not help, fetch the FASTA again")
}
