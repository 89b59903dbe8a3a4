//! Outcomes as text: what every side writes in the same words.

mod gene;
mod tsv;
mod vcf;

pub use gene::gene;
pub use tsv::{EFFECT_COLUMNS, TSV_COLUMNS, tsv_head, tsv_lines};
pub use vcf::{RunNote, vcf_header, vcf_line, vcf_text};

use crate::scorer::{Outcome, Scored};
use genolewm_core::edit::VariantSpelling;
use genolewm_core::source::VariantRecord;
use genolewm_core::{Error, Result};

/// What stands for an allele's status in files: `scored`, or the reason.
#[must_use]
pub fn status(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Scored(_) => "scored",
        Outcome::Skipped(reason) => reason.as_str(),
    }
}

/// The alternate allele of an outcome as the input has it; `.` for a record without any.
#[must_use]
pub fn alternate(record: &VariantRecord, index: usize) -> &str {
    record.alternates.get(index).map_or(".", String::as_str)
}

/// The variant of an outcome as the input has it.
///
/// # Errors
/// `INTERNAL.INVARIANT_VIOLATION` where the record names no two alleles at a position: then nothing was
/// scored.
pub fn given(record: &VariantRecord, allele: usize) -> Result<VariantSpelling> {
    let given = record.spelling(allele);
    given.ok_or_else(|| Error::invariant("a scored allele has no spelling"))
}

/// The edit that was scored, `CHROM:POS:REF:ALT`, where the input spells it in another way.
#[must_use]
pub fn scored_as(record: &VariantRecord, allele: usize, scored: &Scored) -> Option<String> {
    let given = record.spelling(allele)?;
    (given != scored.edit).then(|| scored.edit.to_string())
}
