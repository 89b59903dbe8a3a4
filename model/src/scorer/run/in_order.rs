//! Batches that were handed out, back in input order.

use super::batcher::{Batch, WaitingRecord};
use crate::scorer::calibrate::ScoredBy;
use crate::scorer::placer::Candidate;
use genolewm_core::{Error, Result};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A batch that was handed out.
#[derive(Debug)]
pub(super) struct SentBatch<A> {
    pub(super) records: Vec<WaitingRecord>,
    held_bytes: usize,
    candidates: usize,
    /// Bytes of the input that had come by then.
    pub(super) input_bytes: u64,
    /// One for each candidate, once they came.
    pub(super) answers: Option<Vec<A>>,
    /// What gave them; `None` for a batch that had nothing to answer.
    pub(super) by: Option<Arc<ScoredBy>>,
}

/// Batches that were handed out, by ticket; they come back in the order in which they went.
#[derive(Debug)]
pub(super) struct InOrder<A> {
    sent: BTreeMap<u64, SentBatch<A>>,
    next: u64,
    held_bytes: usize,
}

impl<A> InOrder<A> {
    pub(super) const fn new() -> Self {
        Self {
            sent: BTreeMap::new(),
            next: 0,
            held_bytes: 0,
        }
    }

    /// Batches that did not come back.
    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    /// About the memory that their records take.
    pub(super) const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Takes note of a batch, and returns its ticket with the candidates. A batch without any is
    /// answered.
    pub(super) fn send(&mut self, batch: Batch, input_bytes: u64) -> (u64, Vec<Candidate>) {
        let ticket = self.next;
        self.next += 1;
        self.held_bytes += batch.held_bytes;
        let sent = SentBatch {
            records: batch.records,
            held_bytes: batch.held_bytes,
            candidates: batch.candidates.len(),
            input_bytes,
            answers: batch.candidates.is_empty().then(Vec::new),
            by: None,
        };
        self.sent.insert(ticket, sent);
        (ticket, batch.candidates)
    }

    /// Takes the answers to a batch, one for each of its candidates.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` for a batch that was not handed out, or another number.
    pub(super) fn answer(
        &mut self,
        ticket: u64,
        answers: Vec<A>,
        by: &Arc<ScoredBy>,
    ) -> Result<()> {
        let wrong = |what| Error::invariant(what);
        let Some(sent) = self.sent.get_mut(&ticket) else {
            return Err(wrong("an answer came for a batch that was not asked for"));
        };
        if answers.len() != sent.candidates {
            return Err(wrong("a batch came back with another number of answers"));
        }
        (sent.answers, sent.by) = (Some(answers), Some(Arc::clone(by)));
        Ok(())
    }

    /// The first batch, if it is answered.
    pub(super) fn take_answered(&mut self) -> Option<SentBatch<A>> {
        let first = self.sent.first_entry()?;
        first.get().answers.as_ref()?;
        let batch = first.remove();
        self.held_bytes -= batch.held_bytes;
        Some(batch)
    }
}
