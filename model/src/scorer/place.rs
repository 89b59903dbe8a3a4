//! Sites before and after scoring.

use super::Scored;
use genolewm_core::Result;
use genolewm_core::edit::SkipReason;
use genolewm_core::reference::{BaseSource, Reference};
use genolewm_core::source::{AlleleOutcome, VariantRecord};
use genolewm_core::window::ExtractedWindow;
use std::sync::Arc;

/// One input record with its alternate alleles.
#[derive(Debug, Clone)]
pub struct Site<T, A> {
    /// Whatever the caller wants back with the outcomes.
    pub payload: T,
    /// The alternate alleles, in the record's order.
    pub alleles: Vec<A>,
}

impl Site<VariantRecord, AlleleOutcome> {
    /// A record with its [alleles](alleles_of).
    ///
    /// # Errors
    /// As [`BaseSource::fetch`].
    pub fn of_record<S: BaseSource>(
        mut record: VariantRecord,
        reference: &mut Reference<S>,
    ) -> Result<Self> {
        Ok(Site {
            alleles: alleles_of(&mut record, reference)?,
            payload: record,
        })
    }
}

/// The alleles of a record; an array row gets its reference base first, or the reason why there is
/// none. After an error the same record can be asked again.
///
/// # Errors
/// As [`BaseSource::fetch`].
pub fn alleles_of<S: BaseSource>(
    record: &mut VariantRecord,
    reference: &mut Reference<S>,
) -> Result<Vec<AlleleOutcome>> {
    if !record.needs_reference() {
        return Ok(record.alleles());
    }
    let base = match record.pos {
        Some(pos) => reference.base(&record.contig, pos)?,
        None => None,
    };
    let reason = match base {
        Some('N') => SkipReason::ReferenceN,
        Some(base) => {
            record.set_reference_base(base);
            return Ok(record.alleles());
        }
        None if record.pos.is_some() && reference.contig(&record.contig).is_none() => {
            SkipReason::ContigUnknown
        }
        None => SkipReason::OutOfContig,
    };
    Ok(vec![AlleleOutcome::Skipped(reason)])
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

impl Outcome {
    /// Why the allele was skipped, if it was.
    #[must_use]
    pub const fn reason(&self) -> Option<SkipReason> {
        match self {
            Self::Scored(_) => None,
            Self::Skipped(reason) => Some(*reason),
        }
    }
}

/// A site with one outcome for each of its alleles, in their order.
#[derive(Debug, Clone)]
pub struct SiteOutcome<T> {
    /// What the caller gave with the site.
    pub payload: T,
    /// One outcome for each allele.
    pub outcomes: Vec<Outcome>,
}
