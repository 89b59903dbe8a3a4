//! The formats in which scores are written.

mod score_writer;
mod parquet;
mod text;

use crate::common::output::Output;
use clap::ValueEnum;
pub use genolewm::format::RunNote;
use genolewm::format::{given, tsv_head, tsv_lines, vcf_header, vcf_line};
use genolewm::scorer::Outcome;
use genolewm_core::provenance::ReceiptBuilder;
use genolewm_core::source::{SourceLine, VariantRecord};
use genolewm_core::{Error, ErrorCode, Result};
pub use parquet::{PROGRAM, RECEIPT_HEAD, THIS_PROGRAM, prefix_of};
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
    /// The same with commas, quoted where that is needed
    Csv,
    /// The columns of tsv, typed
    Parquet,
    /// A readable table of the highest percentiles only
    Table,
}

impl Format {
    /// The format that a file name speaks of; JSONL for a name without an ending.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for an ending that is no format's.
    pub fn of_name(path: &Path) -> Result<Self> {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let packed = [".gz", ".bgz"]
            .iter()
            .find_map(|end| name.strip_suffix(end));
        let name = packed.unwrap_or(&name);
        let Some((_, ending)) = name.rsplit_once('.') else {
            return Ok(Self::Jsonl);
        };
        Ok(match ending {
            "jsonl" | "ndjson" | "json" => Self::Jsonl,
            "vcf" => Self::Vcf,
            "tsv" | "tab" => Self::Tsv,
            "csv" => Self::Csv,
            "parquet" => Self::Parquet,
            _ => {
                let message = format!("the ending .{ending} does not say which format is meant");
                return Err(Error::new(ErrorCode::InputGeneric, message).with_remedy(
                    "end the name in .jsonl, .vcf, .vcf.gz, .tsv, .csv or .parquet, or choose --format",
                ));
            }
        })
    }
}

/// A writer of `format` to `output`, of scores whose receipts `builder` would make.
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
    builder: ReceiptBuilder,
) -> Result<Box<dyn ScoreWriter>> {
    let effects = note.effects;
    let plain = Compressed::V;
    Ok(match format {
        Format::Jsonl => Box::new(Text::new(output, plain, b"", Box::new(json_lines))?),
        Format::Tsv => {
            let head = tsv_head(effects) + "\n";
            let lines = move |record: &_, outcomes: &_| {
                Ok(tsv_lines(record, outcomes, effects).into_bytes())
            };
            Box::new(Text::new(output, plain, head.as_bytes(), Box::new(lines))?)
        }
        Format::Csv => {
            let head = csv_lines(&tsv_head(effects));
            let lines = move |record: &_, outcomes: &_| {
                Ok(csv_lines(&tsv_lines(record, outcomes, effects)).into_bytes())
            };
            Box::new(Text::new(output, plain, head.as_bytes(), Box::new(lines))?)
        }
        Format::Vcf => {
            let head = vcf_header(&origin.header, note);
            let head: Vec<u8> = head.iter().flat_map(terminated).collect();
            let line = |record: &_, outcomes: &_| Ok(terminated(&vcf_line(record, outcomes)));
            Box::new(Text::new(output, compressed, &head, Box::new(line))?)
        }
        Format::Parquet => Box::new(parquet::ParquetScores::new(output, builder, effects)?),
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

/// Lines of tab-separated values as comma-separated ones (RFC 4180, but for line ends, which are LF).
fn csv_lines(tsv: &str) -> String {
    let field = |text: &str| match text.contains([',', '"', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    let line = |line: &str| line.split('\t').map(field).collect::<Vec<_>>().join(",") + "\n";
    tsv.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_was_json() -> Result<()> {
        let named = |name: &str| Format::of_name(Path::new(name));
        assert_eq!(named("s.csv")?, Format::Csv);
        assert_eq!(named("a.b/S.VCF.gz")?, Format::Vcf);
        assert_eq!(
            (named("-")?, named("a.b/scores")?),
            (Format::Jsonl, Format::Jsonl)
        );
        for unknown in ["s.xlsx", "s.txt", "s.jsonll", "s.bcf"] {
            assert!(
                named(unknown).is_err_and(|error| error.remedy().is_some()),
                "{unknown}"
            );
        }
        assert_eq!(
            csv_lines("a\tb,c\t\nd\t\"e\"\tf\n"),
            "a,\"b,c\",\nd,\"\"\"e\"\"\",f\n"
        );
        Ok(())
    }
}
