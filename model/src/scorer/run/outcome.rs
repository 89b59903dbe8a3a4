//! What becomes of the alleles of a record.

use crate::scorer::calibrate::Scored;
use crate::scorer::placer::{Candidate, Placed};
use genolewm_core::Result;
use genolewm_core::edit::{EditSpec, SkipReason};
use genolewm_core::reference::{BaseSource, Reference};
use genolewm_core::source::{AlleleOutcome, Carriers, VariantRecord};

/// What became of one allele; `A` is what a candidate is answered with.
#[derive(Debug, Clone)]
pub enum Outcome<A = Scored> {
    /// It was scored.
    Scored(Box<A>),
    /// It was not, and why.
    Skipped(SkipReason),
}

impl<A> Outcome<A> {
    /// Why the allele was skipped, if it was.
    #[must_use]
    pub const fn reason(&self) -> Option<SkipReason> {
        match self {
            Self::Scored(_) => None,
            Self::Skipped(reason) => Some(*reason),
        }
    }
}

/// The alleles of a record, each placed or skipped.
#[derive(Debug, Default)]
pub(super) struct PlacedAlleles {
    /// Why each allele is skipped; `None` for a candidate.
    pub(super) slots: Vec<Option<SkipReason>>,
    /// The candidates among the alleles, in their order.
    pub(super) candidates: Vec<Candidate>,
}

impl PlacedAlleles {
    /// Places each allele of a record that is a candidate and is carried. After an error the same record can be
    /// asked again.
    pub(super) fn of<S: BaseSource>(
        record: &mut VariantRecord,
        carriers: &Carriers,
        reference: &mut Reference<S>,
        mut place: impl FnMut(&mut Reference<S>, &EditSpec) -> Result<Placed>,
    ) -> Result<Self> {
        let mut placed = Self::default();
        let carried = carriers.carried(record);
        for (index, allele) in alleles_of(record, reference)?.into_iter().enumerate() {
            let is_carried = carried.as_ref().and_then(|carried| carried.get(index));
            let slot = match allele {
                AlleleOutcome::Skipped(reason) => Some(reason),
                AlleleOutcome::Candidate(_) if is_carried == Some(&false) => {
                    Some(SkipReason::NotCarried)
                }
                AlleleOutcome::Candidate(edit) => match place(reference, &edit)? {
                    Placed::Skipped(reason) => Some(reason),
                    Placed::Window(window) => {
                        placed.candidates.push(Candidate { edit, window });
                        None
                    }
                },
            };
            placed.slots.push(slot);
        }
        Ok(placed)
    }
}

/// The alleles of a record; an array row gets its reference base first, or the reason why there is
/// none.
fn alleles_of<S: BaseSource>(
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
