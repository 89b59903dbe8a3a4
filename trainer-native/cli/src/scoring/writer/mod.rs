//! The formats in which scores are written.

mod score_writer;
mod jsonl;
mod parquet;
mod tsv;
mod vcf;

use crate::common::output::Output;
use clap::ValueEnum;
pub use genolewm::format::RunNote;
use genolewm_core::{Error, ErrorCode, Result};
pub use score_writer::{Compressed, Origin, ScoreWriter};
use std::path::Path;

/// A format of the scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a scored allele
    Jsonl,
    /// The input's records with INFO fields for each allele
    Vcf,
    /// One line an allele, scored or not
    Tsv,
    /// The columns of tsv, typed
    Parquet,
    /// A readable table of the highest percentiles only
    Table,
}

impl Format {
    /// The format that a file name speaks of; JSONL when it says nothing.
    #[must_use]
    pub fn of_name(path: &Path) -> Self {
        let name = path.to_string_lossy().to_lowercase();
        let is = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if is(&[".vcf", ".vcf.gz", ".vcf.bgz"]) {
            Self::Vcf
        } else if is(&[".tsv", ".tab"]) {
            Self::Tsv
        } else if is(&[".parquet"]) {
            Self::Parquet
        } else {
            Self::Jsonl
        }
    }
}

/// A writer of `format` to `output`.
///
/// # Errors
/// `RESOURCE.*` when the header cannot be written, `INTERNAL.INVARIANT_VIOLATION` for a table,
/// which is no file.
pub fn open(
    format: Format,
    compressed: Compressed,
    output: Output,
    origin: &Origin,
    note: &RunNote,
) -> Result<Box<dyn ScoreWriter>> {
    Ok(match format {
        Format::Jsonl => Box::new(jsonl::JsonLines::new(output)),
        Format::Tsv => Box::new(tsv::Tsv::new(output)?),
        Format::Vcf => Box::new(vcf::Vcf::new(output, compressed, origin, note)?),
        Format::Parquet => Box::new(parquet::Table::new(output)?),
        Format::Table => {
            return Err(Error::new(
                ErrorCode::InternalInvariantViolation,
                "a table is not a file format",
            ));
        }
    })
}
