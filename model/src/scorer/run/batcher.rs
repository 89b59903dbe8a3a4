//! Records into batches.
//!
//! What is in a batch depends on the input and the batch size alone, so results are the same bytes
//! however many workers score them, and in whatever order they finish.

use super::outcome::PlacedAlleles;
use crate::scorer::placer::Candidate;
use genolewm_core::Result;
use genolewm_core::edit::SkipReason;
use genolewm_core::limits::{MAX_BATCH_ALLELES, MAX_BATCH_BYTES};
use genolewm_core::source::VariantRecord;
use genolewm_core::window::ExtractedWindow;
use std::collections::VecDeque;
use std::sync::Arc;

/// Records in a batch, for each of its candidates: a stretch without any must come to an end too.
const RECORDS_PER_CANDIDATE: usize = 16;

/// How many batches the candidates of one window fill at most before they are parted.
const MOST_OF_WINDOW: usize = 8;

/// What an error about a record takes in memory, about.
pub(super) const ERROR_BYTES: usize = 1_024;

/// A record whose candidates are not answered yet.
#[derive(Debug)]
pub(super) struct WaitingRecord {
    /// The record, or why it was not understood.
    pub(super) record: Result<Box<VariantRecord>>,
    /// `None` where an answer is due.
    pub(super) slots: Vec<Option<SkipReason>>,
    /// The bases that the reference has instead of the record's.
    pub(super) found: Option<Box<str>>,
}

impl WaitingRecord {
    fn held_bytes(&self) -> usize {
        let record = self.record.as_ref().map(|record| record.held_bytes());
        record.unwrap_or(ERROR_BYTES) + self.slots.len() + self.found.as_deref().map_or(0, str::len)
    }
}

/// What a batch holds: candidates, and the records that end with one of them. A record with more
/// candidates than a batch ends in a later one than it begins.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) records: Vec<WaitingRecord>,
    pub(super) candidates: Vec<Candidate>,
    /// About the memory that the records take.
    pub(super) held_bytes: usize,
}

/// A record, or candidates of one that goes on.
#[derive(Debug)]
struct Piece {
    candidates: Vec<Candidate>,
    /// With its last candidates.
    record: Option<WaitingRecord>,
    held_bytes: usize,
}

impl Piece {
    /// Whether it shares the window of a batch's last candidate, or has none to be shared.
    fn goes_on(&self, batch: &Batch) -> bool {
        let (Some(own), Some(last)) = (self.candidates.first(), batch.candidates.last()) else {
            return true;
        };
        Arc::ptr_eq(&own.window, &last.window)
    }
}

/// Collects records until they make a batch.
#[derive(Debug)]
pub(super) struct Batcher {
    batch_size: usize,
    pieces: VecDeque<Piece>,
    candidates: usize,
    held_bytes: usize,
    /// Whether many sites share a window, and a batch goes on to the end of one.
    keeps_windows: bool,
    last_window: Option<Arc<ExtractedWindow>>,
    /// Whether a window begins behind a batch.
    is_at_border: bool,
}

impl Batcher {
    /// Batches of at least `batch_size` candidates, save for the last, and of less than twice as
    /// many; beyond [`MAX_BATCH_ALLELES`] none is larger.
    ///
    /// With `keeps_windows` a batch goes on while candidates share the window of its last, to
    /// [`MOST_OF_WINDOW`] times its size, and no further than [`MAX_BATCH_ALLELES`].
    pub(super) fn new(batch_size: usize, keeps_windows: bool) -> Self {
        Self {
            batch_size: batch_size.clamp(1, MAX_BATCH_ALLELES),
            pieces: VecDeque::new(),
            candidates: 0,
            held_bytes: 0,
            keeps_windows,
            last_window: None,
            is_at_border: false,
        }
    }

    /// Adds a record; one that was not understood has no alleles, and only keeps its place.
    pub(super) fn push(&mut self, record: Result<Box<VariantRecord>>, placed: PlacedAlleles) {
        let mut candidates = placed.candidates;
        while candidates.len() > self.batch_size {
            let rest = candidates.split_off(self.batch_size);
            self.add(candidates, None);
            candidates = rest;
        }
        let record = WaitingRecord {
            record,
            slots: placed.slots,
            found: placed.found,
        };
        self.add(candidates, Some(record));
    }

    fn add(&mut self, candidates: Vec<Candidate>, record: Option<WaitingRecord>) {
        if let (Some(first), Some(last)) = (candidates.first(), candidates.last()) {
            let known = self.last_window.as_ref();
            let goes_on = known.is_some_and(|known| Arc::ptr_eq(known, &first.window));
            self.is_at_border |= !goes_on && self.holds(1);
            self.last_window = self.keeps_windows.then(|| Arc::clone(&last.window));
        }
        let held_bytes = record.as_ref().map_or(0, WaitingRecord::held_bytes);
        self.candidates += candidates.len();
        self.held_bytes += held_bytes;
        self.pieces.push_back(Piece {
            candidates,
            record,
            held_bytes,
        });
    }

    /// Whether a batch should be taken.
    pub(super) fn is_full(&self) -> bool {
        let goes_on = self.keeps_windows && !self.is_at_border;
        self.holds(if goes_on { MOST_OF_WINDOW } else { 1 })
    }

    fn holds(&self, batches: usize) -> bool {
        self.fills(batches, self.candidates, self.pieces.len(), self.held_bytes)
    }

    /// The next batch; `None` when nothing was added since the last.
    pub(super) fn take(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        let mut pieces = 0;
        while let Some(piece) = self.pieces.front() {
            let goes_on = self.keeps_windows && piece.goes_on(&batch);
            let batches = if goes_on { MOST_OF_WINDOW } else { 1 };
            if self.fills(batches, batch.candidates.len(), pieces, batch.held_bytes) {
                break;
            }
            let Some(piece) = self.pieces.pop_front() else {
                break;
            };
            pieces += 1;
            batch.held_bytes += piece.held_bytes;
            batch.candidates.extend(piece.candidates);
            batch.records.extend(piece.record);
        }
        self.candidates -= batch.candidates.len();
        self.held_bytes -= batch.held_bytes;
        self.is_at_border = false;
        (pieces > 0).then_some(batch)
    }

    /// Whether so much makes so many batches; memory always makes one.
    fn fills(&self, batches: usize, candidates: usize, pieces: usize, held_bytes: usize) -> bool {
        let size = self
            .batch_size
            .saturating_mul(batches)
            .min(MAX_BATCH_ALLELES);
        candidates >= size
            || pieces >= RECORDS_PER_CANDIDATE.saturating_mul(size)
            || held_bytes >= MAX_BATCH_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::position::BpOffset;
    use genolewm_core::window::window_of_model;

    /// How many alleles each batch has, of `sites` alleles in each window after another.
    fn batches(sites: &[usize], keeps_windows: bool) -> Result<Vec<usize>> {
        let mut batcher = Batcher::new(4, keeps_windows);
        let mut batches = Vec::new();
        for &alleles in sites {
            let window = Arc::new(window_of_model(&"A".repeat(96), BpOffset(0), None, 96)?);
            for _ in 0..alleles {
                let placed = PlacedAlleles {
                    candidates: vec![Candidate::new("1:1:A:C".parse()?, Arc::clone(&window))],
                    ..PlacedAlleles::default()
                };
                let unread = Err(genolewm_core::Error::input("nothing is read of it"));
                batcher.push(unread, placed);
                if batcher.is_full() {
                    batches.extend(batcher.take().map(|batch| batch.candidates.len()));
                }
            }
        }
        while let Some(batch) = batcher.take() {
            batches.push(batch.candidates.len());
        }
        Ok(batches)
    }

    #[test]
    fn a_batch_ends_with_a_window_of_a_grid() -> Result<()> {
        assert_eq!(batches(&[3, 7, 2, 3, 1], true)?, [10, 5, 1]);
        assert_eq!(batches(&[3, 7, 2, 3, 1], false)?, [4, 4, 4, 4]);
        // One that holds very many is parted.
        assert_eq!(batches(&[70, 1], true)?, [32, 32, 6, 1]);
        Ok(())
    }
}
