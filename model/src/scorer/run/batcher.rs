//! Records into batches.
//!
//! What is in a batch depends on the input and the batch size alone, so results are the same bytes
//! however many workers score them, and in whatever order they finish.

use super::outcome::PlacedAlleles;
use crate::scorer::placer::Candidate;
use genolewm_core::Result;
use genolewm_core::edit::SkipReason;
use genolewm_core::source::VariantRecord;

/// Records in a batch, for each of its candidates: a stretch without any must come to an end too.
const RECORDS_PER_CANDIDATE: usize = 16;

/// A record whose candidates are not answered yet.
#[derive(Debug)]
pub(super) struct WaitingRecord {
    /// The record, or why it was not understood.
    pub(super) record: Result<Box<VariantRecord>>,
    /// `None` where an answer is due.
    pub(super) slots: Vec<Option<SkipReason>>,
}

/// Collects records until they make a batch.
#[derive(Debug)]
pub(super) struct Batcher {
    batch_size: usize,
    records: Vec<WaitingRecord>,
    candidates: Vec<Candidate>,
}

impl Batcher {
    /// Batches of at least `batch_size` candidates, save for the last.
    pub(super) fn new(batch_size: usize) -> Self {
        Self {
            batch_size: batch_size.max(1),
            records: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// Adds a record; one that was not understood has no alleles, and only keeps its place.
    pub(super) fn push(&mut self, record: Result<Box<VariantRecord>>, mut placed: PlacedAlleles) {
        self.candidates.append(&mut placed.candidates);
        self.records.push(WaitingRecord {
            record,
            slots: placed.slots,
        });
    }

    /// Whether the batch should be taken.
    pub(super) fn is_full(&self) -> bool {
        self.candidates.len() >= self.batch_size
            || self.records.len() >= RECORDS_PER_CANDIDATE * self.batch_size
    }

    /// The batch so far; `None` when nothing was added since the last.
    pub(super) fn take(&mut self) -> Option<(Vec<WaitingRecord>, Vec<Candidate>)> {
        (!self.records.is_empty()).then(|| {
            (
                std::mem::take(&mut self.records),
                std::mem::take(&mut self.candidates),
            )
        })
    }
}
