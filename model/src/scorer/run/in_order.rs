//! Batches that were handed out, back in input order.

use super::batcher::WaitingRecord;
use crate::scorer::calibrate::ScoredBy;
use genolewm_core::{Error, Result};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A batch that was handed out.
#[derive(Debug)]
pub(super) struct SentBatch<A> {
    pub(super) records: Vec<WaitingRecord>,
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
}

impl<A> InOrder<A> {
    pub(super) const fn new() -> Self {
        Self {
            sent: BTreeMap::new(),
            next: 0,
        }
    }

    /// Batches that did not come back.
    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    /// Takes note of a batch of so many candidates, and returns its ticket. A batch without any is
    /// answered.
    pub(super) fn send(
        &mut self,
        records: Vec<WaitingRecord>,
        candidates: usize,
        input_bytes: u64,
    ) -> u64 {
        let ticket = self.next;
        self.next += 1;
        let batch = SentBatch {
            records,
            candidates,
            input_bytes,
            answers: (candidates == 0).then(Vec::new),
            by: None,
        };
        self.sent.insert(ticket, batch);
        ticket
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
        Some(first.remove())
    }
}
