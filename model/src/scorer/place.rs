//! Sites before and after scoring.

use super::Scored;
use genolewm_shared::edit::SkipReason;
use genolewm_shared::window::ExtractedWindow;
use std::sync::Arc;

/// One input record with its alternate alleles.
#[derive(Debug, Clone)]
pub struct Site<T, A> {
    /// Whatever the caller wants back with the outcomes.
    pub payload: T,
    /// The alternate alleles, in the record's order.
    pub alleles: Vec<A>,
}

/// Where an edit is scored, or why it is not.
#[derive(Debug, Clone)]
pub enum Placed {
    /// In this window; edits at one locus should share the `Arc`, and with it the encoding.
    Window(Arc<ExtractedWindow>),
    /// Nowhere.
    Skipped(SkipReason),
}

/// What became of one allele.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It was scored.
    Scored(Box<Scored>),
    /// It was not, and why.
    Skipped(SkipReason),
}

/// A site with one outcome for each of its alleles, in their order.
#[derive(Debug, Clone)]
pub struct SiteOutcome<T> {
    /// What the caller gave with the site.
    pub payload: T,
    /// One outcome for each allele.
    pub outcomes: Vec<Outcome>,
}
