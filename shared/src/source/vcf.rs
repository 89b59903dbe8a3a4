//! VCF: the header through noodles, records split here so that an error can say where it is.

use super::header::is_valid;
use super::record::{SourceWarning, VariantRecord, normalise_allele};
use super::resaved::Resaved;
use super::table::spreadsheet_number;
use crate::bytes::{LineReader, SourceLine};
use crate::error::Location;
use crate::limits::{
    MAX_ALTERNATES, MAX_BLANK_LINES, MAX_HEADER_BYTES, MAX_HEADER_LINE_BYTES, MAX_HEADER_LINES,
    MAX_WARNINGS,
};
use crate::position::Position;
use crate::text::{is_hidden, is_plain};
use crate::{Error, ErrorCode, Result};
use noodles_vcf::header::ParseError;
use noodles_vcf::header::Parser;
use std::error::Error as _;

/// Characters of a warning about a header line.
const REFUSAL_CHARS: usize = 400;

/// Bytes of header lines that noodles holds at once: it takes many times the memory of its text.
const PARSED_BYTES: usize = 1 << 20;

const COLUMNS: [&str; 8] = [
    "#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO",
];

/// Reads a VCF: all of the header at once, then record by record.
pub(super) struct VcfReader {
    lines: LineReader,
    resaved: Option<Resaved>,
    header: Vec<SourceLine>,
    contigs: Vec<(String, Option<u64>)>,
    warnings: Vec<SourceWarning>,
    columns: usize,
}

impl VcfReader {
    pub(super) fn open(mut lines: LineReader) -> Result<Self> {
        let resaved = Resaved::detect(lines.peek());
        let mut header = Vec::new();
        let mut bytes = 0;
        let columns = loop {
            let Some((line, text)) = next_line(&mut lines, resaved.as_ref())? else {
                return Err(no_column_line(&lines, None));
            };
            bytes += text.len();
            if bytes > MAX_HEADER_BYTES || line > MAX_HEADER_LINES as u64 {
                let (lines_read, mib) = (MAX_HEADER_LINES, MAX_HEADER_BYTES >> 20);
                let message = format!("the header has more than {lines_read} lines or {mib} MiB");
                return Err(at_line(&lines, line, &message)
                    .with_remedy("check that this is a VCF, whole and not changed"));
            }
            if text.starts_with("#CHROM") {
                let names = text.trim_end_matches('\t');
                let columns = check_column_line(&lines, line, names)?;
                let names = text.with_text(names.to_owned());
                header.push(names);
                break columns;
            } else if text.starts_with('#') || (text.trim().is_empty() && !header.is_empty()) {
                header.push(text);
            } else {
                return Err(no_column_line(&lines, Some(line)));
            }
        };
        let (contigs, mut warnings) = read_header(&header);
        header.retain(|line| !line.trim().is_empty());
        if resaved.is_some() {
            let message = "a spreadsheet saved this VCF again: its quotes and delimiters are undone, \
                           other changes cannot be";
            warnings.push(SourceWarning {
                line: None,
                message: message.to_owned(),
            });
        }
        Ok(Self {
            lines,
            resaved,
            header,
            contigs,
            warnings,
            columns,
        })
    }

    pub(super) fn header(&self) -> &[SourceLine] {
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
        for _ in 0..MAX_BLANK_LINES {
            match next_line(&mut self.lines, self.resaved.as_ref())? {
                None => return Ok(None),
                Some((_, text)) if text.trim().is_empty() => {}
                Some((line, text)) => return self.parse_record(line, text).map(Some),
            }
        }
        Err(self.lines.too_many_blank())
    }

    fn parse_record(&self, line: u64, text: SourceLine) -> Result<VariantRecord> {
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
        // Empty columns at the end are no columns, as bcftools reads them.
        let empty = text.bytes().rev().take_while(|byte| *byte == b'\t').count();
        let extra = columns.saturating_sub(self.columns);
        if columns < self.columns || empty < extra {
            let named = self.columns;
            let message = format!("the line has {columns} columns, the header names {named}");
            let remedy = "check whether the file is cut here, or columns were lost in editing";
            return Err(row.whole(&message).with_remedy(remedy));
        }
        let [contig, pos, id, reference, alternates] = row.first_columns();
        if !is_plain(contig.text) {
            let message = "CHROM is empty, or holds a space or a hidden character";
            return Err(row.wrong(contig, message));
        }
        if id.text.contains(is_hidden) {
            return Err(row.wrong(id, "ID holds a hidden character"));
        }
        let mut record = VariantRecord {
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
        record.raw = Some(match text.get(..text.len() - extra) {
            Some(kept) if extra > 0 => text.with_text(kept.to_owned()),
            _ => text,
        });
        Ok(record)
    }
}

/// The next line, without what a spreadsheet did to it.
fn next_line(
    lines: &mut LineReader,
    resaved: Option<&Resaved>,
) -> Result<Option<(u64, SourceLine)>> {
    let next = lines.next_line()?;
    Ok(match resaved {
        Some(resaved) => next.map(|(line, text)| (line, text.with_text(resaved.restore(&text)))),
        None => next,
    })
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
            Ok(pos) if digits && Position::new(pos).is_ok() => Position::new(pos).map(Some),
            _ => {
                let (message, remedy) = spreadsheet_number(column.text).unwrap_or((
                    "POS is not a position",
                    "write POS as a whole number that counts from 1",
                ));
                Err(self.wrong(column, message).with_remedy(remedy))
            }
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
        if column.text.split(',').nth(MAX_ALTERNATES).is_some() {
            let message = format!("ALT lists more than {MAX_ALTERNATES} alleles");
            return Err(self
                .wrong(column, &message)
                .with_remedy("split the record: bcftools norm -m -any"));
        }
        for text in column.text.split(',') {
            if !is_plain(text) {
                return Err(self
                    .wrong(
                        VcfField { text, at },
                        "ALT lists an empty allele, or holds a space or a hidden character",
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
    let mut names = text.split('\t');
    for (index, want) in COLUMNS.iter().enumerate() {
        if names.next() != Some(want) {
            let message = format!("column {} of the #CHROM line is not {want}", index + 1);
            let remedy = format!(
                "write the first columns as {}, with tabs",
                COLUMNS.join(" ")
            );
            return Err(at_line(lines, line, &message).with_remedy(remedy));
        }
    }
    Ok(COLUMNS.len() + names.count())
}

/// Why noodles refuses a header line. Lines about samples are not quoted: they name people.
fn refusal(text: &str, error: &ParseError) -> String {
    let named = ["##SAMPLE", "##PEDIGREE", "##META"]
        .iter()
        .any(|key| text.starts_with(key));
    let message = match error.source() {
        _ if named => "the header line is not valid".to_owned(),
        Some(cause) => format!("the header line is not valid: {error}: {cause}"),
        None => format!("the header line is not valid: {error}"),
    };
    // An error may hold what it refuses.
    message.chars().take(REFUSAL_CHARS).collect()
}

type Contigs = Vec<(String, Option<u64>)>;

/// Reads the header lines through noodles, some at a time. A line that it refuses is kept for output
/// all the same, and becomes a warning: nothing that decides how alleles are read stands in the
/// header.
fn read_header(header: &[SourceLine]) -> (Contigs, Vec<SourceWarning>) {
    let mut read = HeaderRead::default();
    let mut lines = (1_u64..).zip(header).peekable();
    let version = lines.peek().map_or("", |(_, first)| first);
    let has_version = Parser::default().parse_partial(version.as_bytes()).is_ok();
    let version = match has_version {
        true => version,
        false => {
            read.warn(1, "the first line is not ##fileformat=VCFv4.x".to_owned());
            // Without one noodles would refuse every line.
            "##fileformat=VCFv4.2"
        }
    };
    let mut lines = lines
        .skip(usize::from(has_version))
        .filter(|(_, text)| text.starts_with('#') && !text.starts_with("#CHROM"))
        .filter(|(_, text)| text.len() <= MAX_HEADER_LINE_BYTES)
        .peekable();
    while lines.peek().is_some() {
        let mut parser = Parser::default();
        let _ = parser.parse_partial(version.as_bytes());
        let mut bytes = 0;
        while let Some((line, text)) = lines.next_if(|_| bytes < PARSED_BYTES) {
            bytes += text.len();
            // noodles does not know all that the specification allows.
            if let Err(error) = parser.parse_partial(text.as_bytes())
                && !is_valid(text)
            {
                read.warn(line, refusal(text, &error));
            }
        }
        read.finish(parser);
    }
    read.tell_unkept();
    (read.contigs, read.warnings)
}

/// What the header lines said so far.
#[derive(Default)]
struct HeaderRead {
    contigs: Contigs,
    warnings: Vec<SourceWarning>,
    unkept: usize,
}

impl HeaderRead {
    fn warn(&mut self, line: u64, message: String) {
        match self.warnings.len() < MAX_WARNINGS {
            true => self.warnings.push(SourceWarning {
                line: Some(line),
                message,
            }),
            false => self.unkept += 1,
        }
    }

    fn finish(&mut self, mut parser: Parser) {
        let _ = parser.parse_partial(COLUMNS.join("\t").as_bytes());
        let Ok(header) = parser.finish() else {
            return;
        };
        let length = |length: usize| u64::try_from(length).ok();
        let contigs = header.contigs().iter();
        self.contigs
            .extend(contigs.map(|(name, contig)| (name.clone(), contig.length().and_then(length))));
    }

    /// Says how many warnings there were beyond those that are kept.
    fn tell_unkept(&mut self) {
        if self.unkept > 0 {
            let message = format!("{} more header lines are not valid", self.unkept);
            self.warnings.push(SourceWarning {
                line: None,
                message,
            });
        }
    }
}
