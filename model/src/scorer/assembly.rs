//! Sites into batches, and back into input order.
//!
//! What is in a batch depends on the input and the batch size alone, so results are the same bytes
//! however many workers score them, and in whatever order they finish.

use super::place::{Outcome, Placed, SiteOutcome};
use super::{Candidate, Scored};
use genolewm_core::edit::{EditSpec, SkipReason};
use genolewm_core::source::AlleleOutcome;
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::BTreeMap;

/// Sites in a batch, for each of its candidates: a stretch without any must come to an end too.
const SITES_PER_CANDIDATE: usize = 16;

/// A site whose candidates are in work: `None` where a score is due.
#[derive(Debug)]
struct Waiting<T> {
    payload: T,
    slots: Vec<Option<SkipReason>>,
}

/// The alleles of a site, each placed or skipped, on their way into an [`Assembly`].
#[derive(Debug)]
pub struct PlacedSite {
    /// Why each allele is skipped; `None` for a candidate.
    pub slots: Vec<Option<SkipReason>>,
    /// The candidates among the alleles, in their order.
    pub candidates: Vec<Candidate>,
}

impl PlacedSite {
    /// A site that only keeps its place among the others.
    #[must_use]
    pub const fn without_alleles() -> Self {
        Self {
            slots: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// Places each allele that is a candidate.
    ///
    /// # Errors
    /// What `place` returns.
    pub fn new(
        alleles: &[AlleleOutcome],
        mut place: impl FnMut(&EditSpec) -> Result<Placed>,
    ) -> Result<Self> {
        let mut candidates = Vec::new();
        let slot = |allele: &AlleleOutcome| match allele {
            AlleleOutcome::Skipped(reason) => Ok(Some(*reason)),
            AlleleOutcome::Candidate(edit) => Ok(match place(edit)? {
                Placed::Skipped(reason) => Some(reason),
                Placed::Window(window) => {
                    candidates.push(Candidate {
                        edit: edit.clone(),
                        window,
                    });
                    None
                }
            }),
        };
        Ok(Self {
            slots: alleles.iter().map(slot).collect::<Result<_>>()?,
            candidates,
        })
    }
}

/// Sites with the candidates among their alleles, in order.
#[derive(Debug)]
pub struct Batch<T> {
    sites: Vec<Waiting<T>>,
    /// The candidates, for [`Scorer::score`](super::Scorer::score).
    pub candidates: Vec<Candidate>,
}

/// Collects sites until they make a batch.
#[derive(Debug)]
pub struct Assembly<T> {
    batch_size: usize,
    batch: Batch<T>,
}

impl<T> Assembly<T> {
    /// Batches of at least `batch_size` candidates, save for the last.
    #[must_use]
    pub fn new(batch_size: usize) -> Self {
        Self {
            batch_size: batch_size.max(1),
            batch: Batch::empty(),
        }
    }

    /// Adds a site.
    pub fn push(&mut self, mut site: PlacedSite, payload: T) {
        self.batch.candidates.append(&mut site.candidates);
        self.batch.sites.push(Waiting {
            payload,
            slots: site.slots,
        });
    }

    /// Whether the batch should be taken.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.batch.candidates.len() >= self.batch_size
            || self.batch.sites.len() >= SITES_PER_CANDIDATE * self.batch_size
    }

    /// The batch so far; empty when nothing was added since the last.
    pub fn take(&mut self) -> Batch<T> {
        std::mem::replace(&mut self.batch, Batch::empty())
    }
}

impl<T> Batch<T> {
    const fn empty() -> Self {
        Self {
            sites: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// Whether there is no site in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
    }
}

/// The sites of a batch, and its scores when they are there.
type InWork<T> = (Vec<Waiting<T>>, Option<Vec<Scored>>);

/// Batches in work, by ticket; they are handed on in the order in which they were submitted.
#[derive(Debug)]
pub struct InOrder<T> {
    waiting: BTreeMap<u64, InWork<T>>,
    next: u64,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            next: 0,
        }
    }
}

impl<T> InOrder<T> {
    /// Batches that were submitted and not handed on.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes a batch in: its ticket, and the candidates to score. A batch without any is complete.
    pub fn submit(&mut self, batch: Batch<T>) -> (u64, Vec<Candidate>) {
        let ticket = self.next;
        self.next += 1;
        let scores = batch.candidates.is_empty().then(Vec::new);
        self.waiting.insert(ticket, (batch.sites, scores));
        (ticket, batch.candidates)
    }

    /// Completes a batch, with one score for each of its candidates.
    pub fn complete(&mut self, ticket: u64, scores: Vec<Scored>) {
        if let Some((_, slot)) = self.waiting.get_mut(&ticket) {
            *slot = Some(scores);
        }
    }

    /// Hands on the sites of every leading batch that is complete, each with the batch's ticket.
    ///
    /// # Errors
    /// What `sink` returns; `INTERNAL.INVARIANT_VIOLATION` when a batch has too few scores.
    pub fn flush(&mut self, mut sink: impl FnMut(u64, SiteOutcome<T>) -> Result<()>) -> Result<()> {
        while let Some(entry) = self.waiting.first_entry() {
            if entry.get().1.is_none() {
                return Ok(());
            }
            let ticket = *entry.key();
            let (sites, scores) = entry.remove();
            let mut scores = scores.unwrap_or_default().into_iter();
            for site in sites {
                let outcome = |slot: Option<SkipReason>| match slot {
                    Some(reason) => Ok(Outcome::Skipped(reason)),
                    None => scores
                        .next()
                        .map(|scored| Outcome::Scored(Box::new(scored)))
                        .ok_or_else(score_missing),
                };
                let outcomes = site.slots.into_iter().map(outcome).collect::<Result<_>>()?;
                let outcome = SiteOutcome {
                    payload: site.payload,
                    outcomes,
                };
                sink(ticket, outcome)?;
            }
        }
        Ok(())
    }
}

/// A worker ended, or answered with fewer scores than it was asked for.
pub(super) fn score_missing() -> Error {
    Error::new(
        ErrorCode::InternalInvariantViolation,
        "a scoring worker ended without a result",
    )
    .with_remedy("score again with one thread; if it happens again, report it")
}
