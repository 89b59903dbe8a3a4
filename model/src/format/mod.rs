//! Outcomes as text: what every side writes in the same words.

mod gene;
mod tsv;
mod vcf;

pub use gene::gene;
pub use tsv::{TSV_COLUMNS, tsv_lines};
pub use vcf::{RunNote, vcf_header, vcf_line};

use crate::scorer::Outcome;
use genolewm_core::source::VariantRecord;

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
