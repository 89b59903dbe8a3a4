//! The decompressed bytes of a plain or BGZF file, by page, with a bounded cache.

use super::range::{RangeRead, failed, read_full};
use crate::error::Location;
use crate::source::{BGZF_HEADER_BYTES, is_bgzf};
use crate::{Error, ErrorCode, Result};
use noodles_bgzf as bgzf;
use std::io::{self, BufRead, Read};

/// A page of a plain file, and the most that a BGZF block holds.
const PAGE_BYTES: u64 = 64 * 1024;

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
pub(super) struct ByteStore<R> {
    data: R,
    name: String,
    /// The blocks of a BGZF file; `None` for a plain one.
    blocks: Option<Vec<BlockStart>>,
    /// Length of the decompressed bytes.
    len: u64,
    cache: Vec<Page>,
    clock: u64,
}

#[derive(Debug)]
struct Page {
    index: usize,
    last_used: u64,
    bytes: Vec<u8>,
}

impl<R: RangeRead> ByteStore<R> {
    /// Opens plain or BGZF data, told apart by content. `gzi` is the content of its `.gzi` index;
    /// without one, the blocks' headers are read through once.
    pub(super) fn open(mut data: R, gzi: Option<&[u8]>, name: &str) -> Result<Self> {
        let file_len = data.len()?;
        let mut head = [0; BGZF_HEADER_BYTES];
        let read = read_full(&mut data, 0, &mut head)?;
        let head = head.get(..read).unwrap_or_default();
        let mut store = Self {
            data,
            name: name.to_owned(),
            blocks: None,
            len: file_len,
            cache: Vec::new(),
            clock: 0,
        };
        if is_bgzf(head) {
            let mut blocks = match gzi {
                Some(gzi) => store.read_gzi(gzi, file_len)?,
                None => vec![BlockStart {
                    compressed: 0,
                    plain: 0,
                }],
            };
            store.len = store.walk_blocks(&mut blocks, file_len)?;
            store.blocks = Some(blocks);
        } else if head.starts_with(&[0x1f, 0x8b]) {
            return Err(store
                .wrong("the file is gzip, which cannot be read from the middle")
                .with_remedy(
                    "compress it with bgzip: gunzip -c ref.fa.gz | bgzip > ref.bgz.fa.gz",
                ));
        }
        Ok(store)
    }

    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// Hands the bytes of `start..end` to `each`, in pieces.
    pub(super) fn read(
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

    /// All bytes from the start, past the cache.
    pub(super) const fn reader(&mut self) -> StoreReader<'_, R> {
        StoreReader {
            store: self,
            next_page: 0,
            bytes: Vec::new(),
            at: 0,
        }
    }

    pub(super) fn wrong(&self, message: &str) -> Error {
        Error::new(ErrorCode::InputGeneric, message).at(Location {
            file: self.name.clone(),
            ..Location::default()
        })
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

    /// A page through the cache; the one longest unused makes room.
    fn page(&mut self, index: usize) -> Result<&[u8]> {
        self.clock += 1;
        let slot = match self.cache.iter().position(|page| page.index == index) {
            Some(slot) => slot,
            None => {
                let bytes = self.load(index)?;
                let page = Page {
                    index,
                    last_used: 0,
                    bytes,
                };
                let oldest = (0..self.cache.len())
                    .min_by_key(|slot| self.cache.get(*slot).map(|page| page.last_used));
                match oldest.filter(|_| self.cache.len() >= CACHED_PAGES) {
                    Some(slot) => {
                        self.cache.push(page);
                        self.cache.swap_remove(slot);
                        slot
                    }
                    None => {
                        self.cache.push(page);
                        self.cache.len() - 1
                    }
                }
            }
        };
        let clock = self.clock;
        Ok(self.cache.get_mut(slot).map_or(&[], |page| {
            page.last_used = clock;
            page.bytes.as_slice()
        }))
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
        let size = self.block_size(block.compressed)?.unwrap_or(0);
        let mut compressed = vec![0; size];
        let read = read_full(&mut self.data, block.compressed, &mut compressed)?;
        let mut bytes = Vec::new();
        let whole = read == size
            && bgzf::io::Reader::new(compressed.as_slice())
                .read_to_end(&mut bytes)
                .is_ok();
        if !whole || bytes.len() as u64 != self.page_start(index + 1) - start {
            return Err(self.damaged(block.compressed));
        }
        Ok(bytes)
    }

    /// The compressed size of the block at an offset; `None` where no block starts.
    fn block_size(&mut self, offset: u64) -> Result<Option<usize>> {
        let mut header = [0; BGZF_HEADER_BYTES];
        let read = read_full(&mut self.data, offset, &mut header)?;
        let [.., low, high] = header;
        Ok((read == header.len() && is_bgzf(&header))
            .then(|| usize::from(u16::from_le_bytes([low, high])) + 1))
    }

    /// Reads the headers of the blocks from the last one known to the end of the file, adds the
    /// missing ones, and returns the decompressed length.
    fn walk_blocks(&mut self, blocks: &mut Vec<BlockStart>, file_len: u64) -> Result<u64> {
        let Some(BlockStart {
            mut compressed,
            mut plain,
        }) = blocks.pop()
        else {
            return Ok(0);
        };
        while compressed < file_len {
            let size = self
                .block_size(compressed)?
                .ok_or_else(|| self.damaged(compressed))?;
            let end = compressed + size as u64;
            let mut plain_size = [0; 4];
            if end > file_len || size < BGZF_HEADER_BYTES + 8 {
                return Err(self.damaged(compressed));
            }
            read_full(&mut self.data, end - 4, &mut plain_size)?;
            let plain_size = u64::from(u32::from_le_bytes(plain_size));
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
    fn read_gzi(&self, gzi: &[u8], file_len: u64) -> Result<Vec<BlockStart>> {
        let stale = |why: &str| {
            self.wrong(&format!("its .gzi index does not fit: {why}"))
                .with_remedy("delete the .gzi file, or make it anew with `bgzip -r`")
        };
        let index = bgzf::gzi::io::Reader::new(gzi)
            .read_index()
            .map_err(|error| stale(&error.to_string()))?;
        let mut blocks = vec![BlockStart {
            compressed: 0,
            plain: 0,
        }];
        for &(compressed, plain) in index.as_ref() {
            let before = blocks.last().copied().unwrap_or(BlockStart {
                compressed: 0,
                plain: 0,
            });
            let grows = compressed > before.compressed && compressed < file_len;
            let fits = plain > before.plain && plain - before.plain <= PAGE_BYTES;
            if !grows || !fits {
                return Err(stale("its offsets are not those of this file"));
            }
            blocks.push(BlockStart { compressed, plain });
        }
        Ok(blocks)
    }

    fn damaged(&self, offset: u64) -> Error {
        self.wrong("the bgzip data is cut short or damaged, or its .gzi index is of another file")
            .with_detail("offset", offset)
            .with_remedy("delete the .gzi file; if that does not help, fetch the FASTA again")
    }
}

/// Reads a store from start to end, one page in memory.
pub(super) struct StoreReader<'a, R> {
    store: &'a mut ByteStore<R>,
    next_page: usize,
    bytes: Vec<u8>,
    at: usize,
}

impl<R: RangeRead> BufRead for StoreReader<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.bytes.len() && self.store.page_start(self.next_page) < self.store.len {
            self.bytes = self.store.load(self.next_page).map_err(io::Error::other)?;
            self.at = 0;
            self.next_page += 1;
        }
        Ok(self.bytes.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl<R: RangeRead> Read for StoreReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut rest = self.fill_buf()?;
        let read = rest.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// Turns an error that went through [`StoreReader`] back into ours.
pub(super) fn unwrap_io(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => failed(&error),
    }
}
