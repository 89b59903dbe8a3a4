//! Long intervals, piece by piece.

use crate::Result;

/// The most bases that are decoded at once, and how far ahead where fetches follow each other.
pub(super) const PIECE_BP: u64 = 256 * 1024;

/// A fetch that is longer than a piece, as far as it came.
///
/// It is kept where a piece fails: over bytes that arrive from outside, the whole interval may take
/// more of them than are held at a time, and a fetch that began anew would never end.
#[derive(Debug, Default)]
pub(super) struct LongFetch {
    contig: usize,
    start: u64,
    bases: String,
}

impl LongFetch {
    /// The bases of `start..end`, each piece by `decode`; goes on where the last call for the same
    /// start failed.
    pub(super) fn run(
        &mut self,
        contig: usize,
        start: u64,
        end: u64,
        mut decode: impl FnMut(u64, u64) -> Result<String>,
    ) -> Result<String> {
        let fits =
            (self.contig, self.start) == (contig, start) && start + self.bases.len() as u64 <= end;
        if !fits {
            *self = Self {
                contig,
                start,
                bases: String::new(),
            };
        }
        loop {
            let from = start + self.bases.len() as u64;
            let piece = match end.saturating_sub(from) {
                0 => String::new(),
                left => decode(from, from + left.min(PIECE_BP))?,
            };
            if piece.is_empty() {
                return Ok(std::mem::take(&mut self.bases));
            }
            self.bases.push_str(&piece);
        }
    }
}
