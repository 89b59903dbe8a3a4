//! What a file may take in memory once it is read.

use crate::limits::{MAX_HELD_BYTES, MAX_HELD_FOLD, MAX_VARIANTS_BYTES, MAX_VARIANTS_FOLD};
use crate::{Error, Result};
use std::path::Path;

/// Memory of one item beside its texts: its place in a list or map, and the heap's own.
const ITEM_BYTES: usize = 64;

/// Counts the memory of what is kept of a file, and refuses far more than the file is large.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    bytes: u64,
    /// Of the file, as far as it is known.
    size: u64,
    always: u64,
    fold: u64,
}

impl Held {
    /// Of the file at `path`; one that tells no size has the least limit.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self::of_size(size_of_file(path))
    }

    /// As [`of`](Self::of), of a file of so many bytes.
    #[must_use]
    pub const fn of_size(size: u64) -> Self {
        Self::within(size, MAX_HELD_BYTES, MAX_HELD_FOLD)
    }

    /// As [`of`](Self::of), for variants with what is known of them: they take far more than in
    /// the file.
    #[must_use]
    pub fn of_variants(path: &Path) -> Self {
        Self::within(size_of_file(path), MAX_VARIANTS_BYTES, MAX_VARIANTS_FOLD)
    }

    const fn within(size: u64, bytes: usize, fold: usize) -> Self {
        Self {
            bytes: 0,
            size,
            always: bytes as u64,
            fold: fold as u64,
        }
    }

    /// Says how much of the file was read: a pipe tells no size.
    pub fn has_read(&mut self, bytes: u64) {
        self.size = self.size.max(bytes);
    }

    /// Counts an item with so many bytes of texts and numbers.
    ///
    /// # Errors
    /// `INPUT.GENERIC` beyond the limit.
    pub fn add(&mut self, bytes: usize) -> Result<()> {
        self.add_bare(ITEM_BYTES + bytes)
    }

    /// Counts what takes these bytes and no more: a place in a list.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_bare(&mut self, bytes: usize) -> Result<()> {
        self.bytes += bytes as u64;
        let most = self
            .size
            .saturating_mul(self.fold)
            .saturating_add(self.always);
        if self.bytes <= most {
            return Ok(());
        }
        let mib = most >> 20;
        let error = Error::input(format!("the file takes more than {mib} MiB of memory"));
        Err(error.with_remedy("give only the part of the file that is needed"))
    }
}

fn size_of_file(path: &Path) -> u64 {
    path.metadata().map_or(0, |found| found.len())
}
