//! What becomes of the alleles of a record.

use crate::scorer::calibrate::Scored;
use crate::scorer::placer::{Candidate, Placer, bases_instead};
use genolewm_core::edit::{AlleleForm, SkipReason};
use genolewm_core::reference::{BaseSource, Reference};
use genolewm_core::source::{AlleleOutcome, Carriers, VariantRecord};
use genolewm_core::{Error, Result};

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
    /// The bases that the reference has instead of the record's.
    pub(super) found: Option<Box<str>>,
}

impl PlacedAlleles {
    /// Places each allele of a record that is a candidate and is carried. After an error the same record can be
    /// asked again.
    pub(super) fn of<S: BaseSource>(
        record: &mut VariantRecord,
        carriers: &Carriers,
        reference: &mut Reference<S>,
        placer: &mut Placer,
    ) -> Result<Self> {
        let mut placed = Self::default();
        let carried = carriers.carried(record);
        // The whole reference allele is judged, once for all alternates: what is trimmed off must be
        // there, too.
        let mut objection = None;
        let alleles = alleles_of(record, reference, placer.form())?;
        for (index, allele) in alleles.into_iter().enumerate() {
            let is_carried = carried.as_ref().and_then(|carried| carried.get(index));
            let slot = match allele {
                AlleleOutcome::Skipped(reason) => Some(reason),
                AlleleOutcome::Candidate(_) if is_carried == Some(&false) => {
                    Some(SkipReason::NotCarried)
                }
                AlleleOutcome::Candidate(edit) => {
                    let known = match objection {
                        Some(known) => known,
                        None => {
                            let (reason, found) = objection_to(record, reference)?;
                            placed.found = found;
                            *objection.insert(reason)
                        }
                    };
                    if known.is_none() {
                        placed.candidates.push(placer.checked(reference, &edit)?);
                    }
                    known
                }
            };
            placed.slots.push(slot);
        }
        Ok(placed)
    }
}

/// Why the reference speaks against a record, and the bases that it has instead.
fn objection_to<S: BaseSource>(
    record: &VariantRecord,
    reference: &mut Reference<S>,
) -> Result<(Option<SkipReason>, Option<Box<str>>)> {
    let (Some(pos), Some(allele)) = (record.pos, &record.reference) else {
        return Err(Error::invariant("a candidate has no place"));
    };
    let reason = reference.check(&record.contig, pos, allele)?;
    let found = bases_instead(reference, &record.contig, pos, allele, reason)?;
    Ok((reason, found))
}

/// The alleles of a record; an array row gets its reference base first, or the reason why there is
/// none.
fn alleles_of<S: BaseSource>(
    record: &mut VariantRecord,
    reference: &mut Reference<S>,
    form: AlleleForm,
) -> Result<Vec<AlleleOutcome>> {
    if !record.needs_reference() {
        return Ok(record.alleles(form));
    }
    let base = match record.pos {
        Some(pos) => reference.base(&record.contig, pos)?,
        None => None,
    };
    let reason = match base {
        Some('N') => SkipReason::ReferenceN,
        Some(base) => {
            record.set_reference_base(base);
            return Ok(record.alleles(form));
        }
        None if record.pos.is_some() && reference.contig(&record.contig).is_none() => {
            reference.why_unknown(&record.contig)
        }
        None => SkipReason::OutOfContig,
    };
    Ok(vec![AlleleOutcome::Skipped(reason)])
}
