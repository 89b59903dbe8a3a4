//! The formats in which scores are written.

mod score_writer;
mod parquet;
mod text;

use crate::common::output::Output;
use clap::ValueEnum;
pub use genolewm::format::RunNote;
use genolewm::format::{TSV_COLUMNS, given, tsv_lines, vcf_header, vcf_line};
use genolewm::scorer::Outcome;
use genolewm_core::source::{SourceLine, VariantRecord};
use genolewm_core::{Error, ErrorCode, Result};
pub use score_writer::{Compressed, Origin, ScoreWriter};
use std::path::Path;
use text::Text;

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
    let plain = Compressed::V;
    Ok(match format {
        Format::Jsonl => Box::new(Text::new(output, plain, b"", json_lines)?),
        Format::Tsv => {
            let head = TSV_COLUMNS.join("\t") + "\n";
            let lines = |record: &_, outcomes: &_| Ok(tsv_lines(record, outcomes).into_bytes());
            Box::new(Text::new(output, plain, head.as_bytes(), lines)?)
        }
        Format::Vcf => {
            let head = vcf_header(&origin.header, note);
            let head: Vec<u8> = head.iter().flat_map(terminated).collect();
            let line = |record: &_, outcomes: &_| Ok(terminated(&vcf_line(record, outcomes)));
            Box::new(Text::new(output, compressed, &head, line)?)
        }
        Format::Parquet => Box::new(parquet::ParquetScores::new(output)?),
        Format::Table => {
            return Err(Error::new(
                ErrorCode::InternalInvariantViolation,
                "a table is not a file format",
            ));
        }
    })
}

/// The bytes of a line with its end.
fn terminated(line: &SourceLine) -> Vec<u8> {
    let mut bytes = line.to_bytes().into_owned();
    bytes.push(b'\n');
    bytes
}

/// One row of JSON for each scored allele.
fn json_lines(record: &VariantRecord, outcomes: &[Outcome]) -> Result<Vec<u8>> {
    let mut lines = String::new();
    for (allele, outcome) in outcomes.iter().enumerate() {
        if let Outcome::Scored(scored) = outcome {
            let variant = given(record, allele)?;
            lines += &scored.row(variant).to_json_line()?;
            lines.push('\n');
        }
    }
    Ok(lines.into_bytes())
}
