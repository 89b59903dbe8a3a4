//! What a run hands on: every record with its outcomes and numbers, in input order.

use super::in_order::SentBatch;
use super::outcome::Outcome;
use super::tally::Tally;
use crate::scorer::calibrate::{Scored, ScoredBy};
use crate::scorer::placer::refused_for;
use genolewm_core::edit::SkipReason;
use genolewm_core::provenance::{Receipt, ReceiptBuilder, ReceiptScope};
use genolewm_core::source::VariantRecord;
use genolewm_core::{Error, Result};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

/// A record of the input, finished.
#[derive(Debug)]
pub enum Delivery<A = Scored> {
    /// One with an outcome for each of its alleles.
    Record(RecordOutcome<A>),
    /// One that was not understood.
    Malformed {
        /// The number of its row, as [`RecordOutcome::first_row`].
        row: u64,
        /// What is wrong with it, and where.
        error: Error,
    },
}

/// A record with one outcome for each of its alleles.
#[derive(Debug)]
pub struct RecordOutcome<A = Scored> {
    /// The record.
    pub record: Box<VariantRecord>,
    /// One outcome for each of its alleles, in their order.
    pub outcomes: Vec<Outcome<A>>,
    /// The number of its first row, from 0: an allele is a row, and so is a malformed record.
    pub first_row: u64,
    /// What gave each of its scores, in their order.
    pub by: Vec<Arc<ScoredBy>>,
    /// Scores of the run before its own.
    scores_before: u64,
    /// The bases that the reference has instead of the record's.
    found: Option<Box<str>>,
}

impl<A> RecordOutcome<A> {
    /// Why one of its alleles was skipped, in a sentence without a full stop.
    #[must_use]
    pub fn describe(&self, reason: SkipReason) -> Cow<'static, str> {
        match self.found_for(reason) {
            Some(bases) => format!("{}: {bases}", reason.describe()).into(),
            None => reason.describe().into(),
        }
    }

    /// The same as an error.
    #[must_use]
    pub fn refused(&self, reason: SkipReason) -> Error {
        let allele = self.record.reference.as_deref().unwrap_or(".");
        refused_for(reason, allele, self.found_for(reason))
    }

    fn found_for(&self, reason: SkipReason) -> Option<&str> {
        let found = self.found.as_deref();
        found.filter(|_| reason == SkipReason::RefMismatch)
    }
}

impl RecordOutcome {
    /// The receipts of its scores, numbered within the run; one entry for each allele. `builder` is
    /// that of what gave a score, `created_at` RFC 3339 in UTC.
    ///
    /// # Errors
    /// As [`ReceiptBuilder::build`], and those of `builder`.
    pub fn receipts<'b>(
        &self,
        builder: impl Fn(&Arc<ScoredBy>) -> Result<&'b ReceiptBuilder>,
        created_at: &str,
    ) -> Result<Vec<Option<Receipt>>> {
        let mut row_index = self.scores_before;
        let mut by = self.by.iter();
        let receipt = |outcome: &Outcome| match outcome {
            Outcome::Skipped(_) => Ok(None),
            Outcome::Scored(scored) => {
                row_index += 1;
                let scope = ReceiptScope::VcfRow { row_index };
                let by = by.next().ok_or_else(not_answered)?;
                scored.receipt(builder(by)?, scope, created_at).map(Some)
            }
        };
        self.outcomes.iter().map(receipt).collect()
    }
}

/// What is finished and was not taken.
#[derive(Debug)]
pub(super) struct Deliveries<A> {
    queue: VecDeque<Delivery<A>>,
    /// Answers to a record that ends in a later batch.
    early: VecDeque<(A, Arc<ScoredBy>)>,
    next_row: u64,
    /// Bytes of the input behind the last of it.
    pub(super) input_bytes: u64,
}

impl<A> Deliveries<A> {
    pub(super) const fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            early: VecDeque::new(),
            next_row: 0,
            input_bytes: 0,
        }
    }

    pub(super) fn take(&mut self) -> Option<Delivery<A>> {
        self.queue.pop_front()
    }

    /// Adds the records of a batch, and counts them.
    pub(super) fn add(&mut self, batch: SentBatch<A>, tally: &mut Tally) -> Result<()> {
        self.input_bytes = batch.input_bytes;
        let answers = batch.answers.into_iter().flatten();
        let by = batch.by.into_iter().cycle();
        self.early.extend(answers.zip(by));
        for waiting in batch.records {
            let mut by = Vec::new();
            let outcome = |slot: Option<_>| match slot {
                Some(reason) => Ok(Outcome::Skipped(reason)),
                None => {
                    let (answer, given_by) = self.early.pop_front().ok_or_else(not_answered)?;
                    by.push(given_by);
                    Ok(Outcome::Scored(Box::new(answer)))
                }
            };
            let outcomes: Vec<_> = waiting
                .slots
                .into_iter()
                .map(outcome)
                .collect::<Result<_>>()?;
            let first_row = self.next_row;
            self.next_row += outcomes.len() as u64;
            self.queue.push_back(match waiting.record {
                Ok(record) => {
                    let scores_before = tally.scored;
                    tally.add(&record, &outcomes, &by);
                    Delivery::Record(RecordOutcome {
                        record,
                        outcomes,
                        first_row,
                        by,
                        scores_before,
                        found: waiting.found,
                    })
                }
                Err(error) => {
                    self.next_row += 1;
                    Delivery::Malformed {
                        row: first_row,
                        error,
                    }
                }
            });
        }
        Ok(())
    }
}

fn not_answered() -> Error {
    Error::invariant("an allele was not answered")
}
