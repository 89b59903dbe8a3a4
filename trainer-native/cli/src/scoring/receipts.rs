//! Receipts: what binds a score to model, input and options.

use crate::common::output::Output;
use genolewm::scorer::RecordOutcome;
use genolewm_core::Result;
use genolewm_core::provenance::ReceiptBuilder;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where the receipts of an output file go unless the user says otherwise.
#[must_use]
pub fn beside(output: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(output);
    name.push(suffix);
    name.into()
}

/// Receipts of a file: one line for each scored allele, in the order of the scores.
#[derive(Debug)]
pub struct ReceiptFile {
    /// Not yet committed.
    pub output: Output,
    builder: ReceiptBuilder,
    created_at: String,
}

impl ReceiptFile {
    /// Starts the file, of a run that began at `created_at`.
    ///
    /// # Errors
    /// `RESOURCE.*` when it cannot be written.
    pub fn create(path: &Path, builder: ReceiptBuilder, created_at: &str) -> Result<Self> {
        Ok(Self {
            output: Output::create(path)?,
            builder,
            created_at: created_at.to_owned(),
        })
    }

    /// Writes the receipts of a record's scores.
    ///
    /// # Errors
    /// `RESOURCE.*` when they cannot be written.
    pub fn record(&mut self, record: &RecordOutcome) -> Result<()> {
        let builder = |_: &_| Ok(&self.builder);
        let receipts = record.receipts(builder, &self.created_at)?;
        for receipt in receipts.iter().flatten() {
            self.output.line(receipt.to_json_line()?)?;
        }
        Ok(())
    }
}
