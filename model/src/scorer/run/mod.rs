//! One pass over a file of variants, without input or output of its own.
//!
//! A [`Run`] is fed bytes of the input and asked for the next [`RunStep`]: what it needs, or a batch to
//! answer. What comes out of it, in input order, is taken as [`Delivery`]. A browser starves it and
//! brings the bytes when they are there; `drive` reads files and never lets it wait.

mod outcome;
mod agreement;
mod tally;
mod batcher;
mod in_order;
mod delivery;
mod step;
mod intake;
mod import;

pub use agreement::Agreement;
pub use delivery::{Delivery, RecordOutcome};
pub use import::{Import, ImportRequest};
pub use intake::{Intake, RecordFilter, Selection};
pub use outcome::Outcome;
pub use step::Need;
pub use tally::Tally;

use super::calibrate::{Scored, ScoredBy};
use super::placer::{Candidate, Placer};
use batcher::Batcher;
use delivery::Deliveries;
use genolewm_core::limits::MAX_WAITING_BYTES;
use genolewm_core::reference::{BaseSource, Reference};
use genolewm_core::source::VariantRecord;
use genolewm_core::{Error, Result};
use in_order::InOrder;
use outcome::PlacedAlleles;
use std::num::NonZeroUsize;
use std::sync::Arc;
use step::{Stop, or_needs};

/// Alleles in one call of the model, unless told.
pub const BATCH_SIZE: NonZeroUsize = match NonZeroUsize::new(32) {
    Some(size) => size,
    None => NonZeroUsize::MIN,
};

/// What a run does next.
#[derive(Debug)]
pub enum RunStep {
    /// Nothing before this is met.
    Needs(Need),
    /// Hands out a batch.
    Batch(CandidateBatch),
    /// Nothing before a batch is answered.
    Wait,
    /// Nothing: what is finished should be taken, and it is asked again.
    Again,
    /// Nothing: everything was handed on.
    Done,
}

/// Alleles for one call of the model.
#[derive(Debug)]
pub struct CandidateBatch {
    /// By which its answers are known.
    pub ticket: u64,
    /// What is to be answered; never empty.
    pub candidates: Vec<Candidate>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunProgress {
    /// Bytes of the input behind what was handed on, as the file has them: compressed or not.
    pub input_bytes: u64,
    /// Alleles that were handed on.
    pub alleles: u64,
    /// Those of them that were scored.
    pub scored: u64,
}

/// One pass over a file of variants; `A` is what a candidate is answered with.
#[derive(Debug)]
pub struct Run<A = Scored> {
    intake: Intake,
    placer: Placer,
    /// The record that the reference could not place yet.
    unplaced: Option<Box<VariantRecord>>,
    batcher: Batcher,
    in_order: InOrder<A>,
    deliveries: Deliveries<A>,
    /// The input's error, which comes after what was read before it.
    failure: Option<Error>,
}

impl<A> Run<A> {
    /// A run over what `intake` takes in, in the windows of `placer`.
    #[must_use]
    pub fn new(intake: Intake, placer: Placer, batch_size: usize) -> Self {
        Self {
            intake,
            batcher: Batcher::new(batch_size, placer.is_on_grid()),
            placer,
            unplaced: None,
            in_order: InOrder::new(),
            deliveries: Deliveries::new(),
            failure: None,
        }
    }

    /// The input.
    #[must_use]
    pub const fn intake(&self) -> &Intake {
        &self.intake
    }

    /// The input, to push more of it.
    pub const fn intake_mut(&mut self) -> &mut Intake {
        &mut self.intake
    }

    /// Goes on, and says what is next. After a need was met, it is asked again.
    ///
    /// # Errors
    /// `INPUT.*` for an input that cannot be read or belongs to another reference, once everything
    /// before has been answered.
    pub fn next<S: BaseSource>(&mut self, reference: &mut Reference<S>) -> Result<RunStep> {
        if let Some(need) = self.intake.check(reference)? {
            return Ok(RunStep::Needs(need));
        }
        if self.in_order.held_bytes() >= MAX_WAITING_BYTES {
            return Ok(RunStep::Wait);
        }
        while self.failure.is_none() {
            if self.batcher.is_full() {
                return Ok(self.send()?.map_or(RunStep::Again, RunStep::Batch));
            }
            match self.take_in(reference) {
                Ok(true) => {}
                Ok(false) => break,
                Err(Stop::Needs(need)) => return Ok(RunStep::Needs(need)),
                Err(Stop::Again) => return Ok(RunStep::Again),
                Err(Stop::Failed(error)) => self.failure = Some(error),
            }
        }
        if let Some(batch) = self.send()? {
            return Ok(RunStep::Batch(batch));
        }
        if self.in_work() > 0 {
            return Ok(RunStep::Wait);
        }
        self.failure.clone().map_or(Ok(RunStep::Done), Err)
    }

    /// Takes the answers to a batch, one for each of its candidates, and what gave them.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` for a batch that was not handed out, or another number.
    pub fn complete(&mut self, ticket: u64, answers: Vec<A>, by: &Arc<ScoredBy>) -> Result<()> {
        self.in_order.answer(ticket, answers, by)?;
        self.flush()
    }

    /// The next record that is finished, in input order.
    pub fn deliver(&mut self) -> Option<Delivery<A>> {
        self.deliveries.take()
    }

    /// Batches that were handed out and have not come back, with those that wait for an earlier one.
    #[must_use]
    pub fn in_work(&self) -> usize {
        self.in_order.len()
    }

    /// How far it is.
    #[must_use]
    pub const fn progress(&self) -> RunProgress {
        let tally = self.tally();
        RunProgress {
            input_bytes: self.deliveries.input_bytes,
            alleles: tally.alleles,
            scored: tally.scored,
        }
    }

    /// What was counted so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        self.intake.tally()
    }

    /// What was counted in all, when everything was handed on.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` when it does not add up: variants went missing.
    pub fn summary(&self) -> Result<&Tally> {
        self.tally().reconcile()?;
        Ok(self.tally())
    }

    /// Places the next record and puts it in the batch; `false` at the end of the input.
    fn take_in<S: BaseSource>(&mut self, reference: &mut Reference<S>) -> Result<bool, Stop> {
        let mut record = match self.unplaced.take() {
            Some(record) => record,
            None => match self.intake.next(reference)? {
                Some(Ok(record)) => record,
                Some(malformed) => {
                    self.batcher.push(malformed, PlacedAlleles::default());
                    return Ok(true);
                }
                None => return Ok(false),
            },
        };
        let (placer, carriers) = (&mut self.placer, self.intake.carriers());
        let placed = PlacedAlleles::of(&mut record, carriers, reference, placer);
        match or_needs(Need::Reference, placed) {
            Ok(placed) => {
                self.batcher.push(Ok(record), placed);
                Ok(true)
            }
            Err(stop) => {
                self.unplaced = Some(record);
                Err(stop)
            }
        }
    }

    /// The batch so far, if there is anything to answer in it.
    fn send(&mut self) -> Result<Option<CandidateBatch>> {
        let Some(batch) = self.batcher.take() else {
            return Ok(None);
        };
        let (ticket, candidates) = self.in_order.send(batch, self.intake.bytes_behind());
        if candidates.is_empty() {
            self.flush()?;
            return Ok(None);
        }
        Ok(Some(CandidateBatch { ticket, candidates }))
    }

    /// Hands on what is answered, as far as everything before it is.
    fn flush(&mut self) -> Result<()> {
        while let Some(batch) = self.in_order.take_answered() {
            self.deliveries.add(batch, &mut self.intake.tally)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
