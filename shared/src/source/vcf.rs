//! VCF: the header through noodles, records split here so that an error can say where it is.

use super::header::is_valid;
use super::record::{SourceWarning, VariantRecord, normalise_allele};
use crate::bytes::LineReader;
use crate::error::Location;
use crate::limits::{MAX_HEADER_BYTES, MAX_POSITION};
use crate::position::Position;
use crate::{Error, ErrorCode, Result};
use noodles_vcf::header::ParseError;
use noodles_vcf::header::Parser;
use std::error::Error as _;

const COLUMNS: [&str; 8] = [
    "#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO",
];

/// Reads a VCF: all of the header at once, then record by record.
pub(super) struct VcfReader {
    lines: LineReader,
    header: Vec<String>,
    contigs: Vec<(String, Option<u64>)>,
    warnings: Vec<SourceWarning>,
    columns: usize,
}

impl VcfReader {
    pub(super) fn open(mut lines: LineReader) -> Result<Self> {
        let mut header = Vec::new();
        let mut bytes = 0;
        let columns = loop {
            let Some((line, text)) = lines.next_line()? else {
                return Err(no_column_line(&lines, None));
            };
            bytes += text.len();
            if bytes > MAX_HEADER_BYTES {
                return Err(at_line(&lines, line, "the header is larger than 32 MiB")
                    .with_remedy("check that this is a VCF"));
            }
            if text.starts_with("##") || (text.trim().is_empty() && !header.is_empty()) {
                header.push(text);
            } else if text.starts_with("#CHROM") {
                let columns = check_column_line(&lines, line, &text)?;
                header.push(text);
                break columns;
            } else {
                return Err(no_column_line(&lines, Some(line)));
            }
        };
        let (contigs, warnings) = read_header(&header);
        header.retain(|line| !line.trim().is_empty());
        Ok(Self {
            lines,
            header,
            contigs,
            warnings,
            columns,
        })
    }

    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// The contigs that `##contig` lines declare, with their lengths in bp.
    pub(super) fn contigs(&self) -> &[(String, Option<u64>)] {
        &self.contigs
    }

    pub(super) fn warnings(&self) -> &[SourceWarning] {
        &self.warnings
    }

    pub(super) const fn lines(&self) -> &LineReader {
        &self.lines
    }

    pub(super) fn next_record(&mut self) -> Result<Option<VariantRecord>> {
        loop {
            match self.lines.next_line()? {
                None => return Ok(None),
                Some((_, text)) if text.trim().is_empty() => {}
                Some((line, text)) => return self.parse_record(line, text).map(Some),
            }
        }
    }

    fn parse_record(&self, line: u64, text: String) -> Result<VariantRecord> {
        let row = VcfLine {
            file: self.lines.name(),
            line,
            text: &text,
        };
        if text.starts_with('#') {
            let remedy = "merge VCF files with `bcftools concat`, which keeps one header";
            return Err(row
                .whole("a header line stands among the records")
                .with_remedy(remedy));
        }
        let columns = 1 + text.bytes().filter(|byte| *byte == b'\t').count();
        if columns != self.columns {
            let named = self.columns;
            let message = format!("the line has {columns} columns, the header names {named}");
            let remedy = "check whether the file is cut here, or columns were lost in editing";
            return Err(row.whole(&message).with_remedy(remedy));
        }
        let [contig, pos, id, reference, alternates] = row.first_columns();
        if contig.text.is_empty() || contig.text.contains(char::is_whitespace) {
            return Err(row.wrong(contig, "CHROM is empty or holds a space"));
        }
        let record = VariantRecord {
            line,
            contig: contig.text.to_owned(),
            pos: row.position(pos)?,
            id: Some(id.text)
                .filter(|id| !matches!(*id, "." | ""))
                .map(str::to_owned),
            reference: Some(row.reference(reference)?),
            alternates: row.alternates(alternates)?,
            call: None,
            raw: None,
        };
        Ok(VariantRecord {
            raw: Some(text),
            ..record
        })
    }
}

/// A column's text and its 0-based byte offset in the line.
#[derive(Clone, Copy, Default)]
struct VcfField<'a> {
    text: &'a str,
    at: usize,
}

/// A record line, for parsing and for errors that point into it.
struct VcfLine<'a> {
    file: &'a str,
    line: u64,
    text: &'a str,
}

impl<'a> VcfLine<'a> {
    /// CHROM, POS, ID, REF and ALT.
    fn first_columns(&self) -> [VcfField<'a>; 5] {
        let mut columns = [VcfField::default(); 5];
        let mut at = 0;
        for (column, text) in columns.iter_mut().zip(self.text.split('\t')) {
            *column = VcfField { text, at };
            at += text.len() + 1;
        }
        columns
    }

    fn position(&self, column: VcfField<'_>) -> Result<Option<Position>> {
        let digits = !column.text.is_empty() && column.text.bytes().all(|b| b.is_ascii_digit());
        match column.text.parse::<u64>() {
            Ok(0) if digits => Ok(None),
            Ok(pos) if digits && pos <= MAX_POSITION => Position::new(pos).map(Some),
            _ => Err(self
                .wrong(column, "POS is not a position")
                .with_remedy("write POS as a whole number that counts from 1")),
        }
    }

    fn reference(&self, column: VcfField<'_>) -> Result<String> {
        let plausible = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'.' | b'-' | b'*');
        if column.text.is_empty() || !column.text.bytes().all(plausible) {
            return Err(self
                .wrong(column, "REF is not an allele")
                .with_remedy("write the reference bases; one allele, never a list"));
        }
        Ok(normalise_allele(column.text))
    }

    fn alternates(&self, column: VcfField<'_>) -> Result<Vec<String>> {
        let mut alternates = Vec::new();
        let mut at = column.at;
        for text in column.text.split(',') {
            if text.is_empty() || text.contains(char::is_whitespace) {
                return Err(self
                    .wrong(
                        VcfField { text, at },
                        "ALT lists an empty allele or holds a space",
                    )
                    .with_remedy("separate alleles with single commas; write `.` for none"));
            }
            alternates.push(normalise_allele(text));
            at += text.len() + 1;
        }
        Ok(alternates)
    }

    fn wrong(&self, column: VcfField<'_>, message: &str) -> Error {
        let place = Location::line(self.file, self.line).column(column.at as u64 + 1, column.text);
        Error::new(ErrorCode::InputVcfParse, message)
            .at(place)
            .with_remedy("correct the line; columns are separated by single tabs")
    }

    /// An error about the whole line: no text, for it may hold genotypes.
    fn whole(&self, message: &str) -> Error {
        let mut place = Location::line(self.file, self.line);
        place.column = Some(1);
        Error::new(ErrorCode::InputVcfParse, message).at(place)
    }
}

fn at_line(lines: &LineReader, line: u64, message: &str) -> Error {
    VcfLine {
        file: lines.name(),
        line,
        text: "",
    }
    .whole(message)
}

fn no_column_line(lines: &LineReader, line: Option<u64>) -> Error {
    let message = "the header has no #CHROM line";
    at_line(lines, line.unwrap_or(1), message)
        .with_remedy("check that the VCF is whole; its header ends with a line of column names")
}

/// Checks the `#CHROM` line and returns its number of columns.
fn check_column_line(lines: &LineReader, line: u64, text: &str) -> Result<usize> {
    let names: Vec<&str> = text.split('\t').collect();
    for (index, want) in COLUMNS.iter().enumerate() {
        if names.get(index) != Some(want) {
            let message = format!("column {} of the #CHROM line is not {want}", index + 1);
            let remedy = format!(
                "write the first columns as {}, with tabs",
                COLUMNS.join(" ")
            );
            return Err(at_line(lines, line, &message).with_remedy(remedy));
        }
    }
    Ok(names.len())
}

/// Why noodles refuses a header line. Lines about samples are not quoted: they name people.
fn refusal(text: &str, error: &ParseError) -> String {
    let named = ["##SAMPLE", "##PEDIGREE", "##META"]
        .iter()
        .any(|key| text.starts_with(key));
    match error.source() {
        _ if named => "the header line is not valid".to_owned(),
        Some(cause) => format!("the header line is not valid: {error}: {cause}"),
        None => format!("the header line is not valid: {error}"),
    }
}

type Contigs = Vec<(String, Option<u64>)>;

/// Reads the header lines through noodles. A line that it refuses is kept for output all the same,
/// and becomes a warning: nothing that decides how alleles are read stands in the header.
fn read_header(header: &[String]) -> (Contigs, Vec<SourceWarning>) {
    let mut parser = Parser::default();
    let mut warnings = Vec::new();
    let mut lines = (1_u64..).zip(header).peekable();
    let has_version = lines
        .peek()
        .is_some_and(|(_, first)| parser.parse_partial(first.as_bytes()).is_ok());
    if has_version {
        lines.next();
    } else {
        let message = "the first line is not ##fileformat=VCFv4.x".to_owned();
        warnings.push(SourceWarning {
            line: Some(1),
            message,
        });
        parser = Parser::default();
        // Cannot fail; without it noodles would refuse every line.
        let _ = parser.parse_partial(b"##fileformat=VCFv4.2");
    }
    for (line, text) in lines.filter(|(_, text)| text.starts_with("##")) {
        // noodles does not know all that the specification allows.
        if let Err(error) = parser.parse_partial(text.as_bytes())
            && !is_valid(text)
        {
            warnings.push(SourceWarning {
                line: Some(line),
                message: refusal(text, &error),
            });
        }
    }
    let _ = parser.parse_partial(COLUMNS.join("\t").as_bytes());
    let contigs = parser.finish().map(|header| {
        let length = |length: usize| u64::try_from(length).ok();
        header
            .contigs()
            .iter()
            .map(|(name, contig)| (name.clone(), contig.length().and_then(length)))
            .collect()
    });
    (contigs.unwrap_or_default(), warnings)
}
