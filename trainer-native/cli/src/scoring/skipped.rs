//! The file of alleles that were not scored, with reasons.

use crate::common::output::Output;
use genolewm::scorer::RecordOutcome;
use genolewm_core::edit::SkipReason;
use genolewm_core::text::cell;
use genolewm_core::{Error, Result};
use std::path::Path;

const COLUMNS: &str = "line\tchrom\tpos\tid\tref\talt\treason\tdescription";

/// Writes one line for each skipped allele and each record that was not understood.
#[derive(Debug)]
pub struct SkippedFile {
    /// Not yet committed.
    pub output: Output,
}

impl SkippedFile {
    /// Starts the file.
    ///
    /// # Errors
    /// `RESOURCE.*` when it cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        let mut output = Output::create(path)?;
        output.line(COLUMNS)?;
        Ok(Self { output })
    }

    /// Notes why an allele of a record was skipped.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn allele<A>(
        &mut self,
        outcome: &RecordOutcome<A>,
        index: usize,
        reason: SkipReason,
    ) -> Result<()> {
        let record = &outcome.record;
        self.output.line(format_args!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{reason}\t{}",
            record.line,
            cell(&record.contig),
            record.pos.map_or(0, |pos| pos.get()),
            cell(record.id.as_deref().unwrap_or(".")),
            cell(record.reference.as_deref().unwrap_or(".")),
            cell(record.alternates.get(index).map_or(".", String::as_str)),
            outcome.describe(reason)
        ))
    }

    /// Notes a record that was not understood.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn malformed(&mut self, error: &Error) -> Result<()> {
        let line = error.location().and_then(|place| place.line).unwrap_or(0);
        self.output.line(format_args!(
            "{line}\t.\t.\t.\t.\t.\tmalformed\t{}",
            cell(error.message())
        ))
    }
}
