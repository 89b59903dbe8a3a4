//! What a file may take in memory once it is read.

use crate::errors::input_error;
use genolewm_core::Result;
use genolewm_core::limits::MAX_HELD_BYTES;

/// Memory of one item beside its texts: its place in a list or map, and the heap's own.
const ITEM_BYTES: usize = 64;

/// Counts the memory of what is kept of a file, and refuses more than the limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Held(usize);

impl Held {
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
        self.0 += bytes;
        if self.0 <= MAX_HELD_BYTES {
            return Ok(());
        }
        let mib = MAX_HELD_BYTES >> 20;
        let error = input_error(format!("the file takes more than {mib} MiB of memory"));
        Err(error.with_remedy("give only the part of the file that is needed"))
    }
}
