//! Consumer-array files (23andMe, AncestryDNA, MyHeritage): one row a site, a genotype and no
//! reference allele.

use super::detect::{SourceFormat, name_table};
use super::genotype::{Reading, parse_call};
use super::record::{ArrayCall, VariantRecord};
use super::table::{
    Delimiter, Field, GenotypeColumns, TWICE, TableLayout, split, spreadsheet_number,
};
use crate::bytes::{LineReader, SourceLine};
use crate::contig::common_form;
use crate::error::Location;
use crate::limits::{MAX_BLANK_LINES, MAX_HEADER_BYTES, MAX_HEADER_LINES, MAX_POSITION};
use crate::position::Position;
use crate::text::{is_hidden, is_plain};
use crate::{Error, ErrorCode, Result};

/// Comment lines that are kept, for the vendor's name and the genome build.
const MAX_COMMENTS: usize = 256;

/// Characters of each that are kept.
const MAX_COMMENT_CHARS: usize = 512;

/// Reads a raw-data table row by row.
pub(super) struct ArrayReader {
    lines: LineReader,
    layout: TableLayout,
    reading: Reading,
    comments: Vec<String>,
    /// The line that names the columns, where it is no comment.
    columns: String,
    /// The first row, when it had to be read to learn the columns.
    pending: Option<(u64, SourceLine)>,
}

impl ArrayReader {
    /// Reads up to the first row, and learns the columns from the header or from that row.
    pub(super) fn detect(mut lines: LineReader, reading: Reading) -> Result<Self> {
        let mut comments = Vec::new();
        let mut bytes = 0;
        let mut in_preamble = false;
        let mut from_comment = None;
        let mut columns = String::new();
        let (layout, pending) = loop {
            let Some((line, text)) = lines.next_line()? else {
                match from_comment {
                    Some(layout) => break (layout, None),
                    None => return Err(unrecognised(lines.name(), 1, "it has no rows")),
                }
            };
            bytes += text.len();
            if bytes > MAX_HEADER_BYTES || line > MAX_HEADER_LINES as u64 {
                return Err(unrecognised(lines.name(), line, "no rows come for long"));
            }
            let trimmed = text.trim();
            if in_preamble || trimmed.eq_ignore_ascii_case("[header]") {
                in_preamble = !trimmed.eq_ignore_ascii_case("[data]");
            } else if let Some(comment) = comment(trimmed) {
                let header = TableLayout::of_header(comment);
                if header == Err(TWICE) {
                    return Err(unrecognised(lines.name(), line, TWICE));
                }
                from_comment = header.ok().or(from_comment);
                if comments.len() < MAX_COMMENTS {
                    comments.push(comment.chars().take(MAX_COMMENT_CHARS).collect());
                }
            } else if !trimmed.is_empty() {
                let header = TableLayout::of_header(trimmed);
                if let Ok(layout) = header {
                    columns = trimmed.chars().take(MAX_COMMENT_CHARS).collect();
                    break (layout, None);
                }
                match from_comment.or_else(|| TableLayout::of_first_row(trimmed)) {
                    Some(layout) => break (layout, Some((line, text))),
                    None => {
                        let why = header.err().unwrap_or_default();
                        return Err(unrecognised(lines.name(), line, why));
                    }
                }
            }
        };
        Ok(Self {
            lines,
            layout,
            reading,
            comments,
            columns,
            pending,
        })
    }

    /// Reads with the columns that `format` always has, and nothing else.
    pub(super) fn strict(lines: LineReader, format: SourceFormat, reading: Reading) -> Self {
        let layout = match format {
            SourceFormat::AncestryDna => TableLayout::plain(Delimiter::Space, true),
            SourceFormat::MyHeritage | SourceFormat::FamilyTreeDna => {
                TableLayout::plain(Delimiter::Comma, false)
            }
            _ => TableLayout::plain(Delimiter::Space, false),
        };
        Self {
            lines,
            layout,
            reading,
            comments: Vec::new(),
            columns: String::new(),
            pending: None,
        }
    }

    /// The format and what tells it.
    pub(super) fn format(&self) -> (SourceFormat, String) {
        name_table(&self.layout, &self.comments, &self.columns)
    }

    pub(super) fn comments(&self) -> &[String] {
        &self.comments
    }

    pub(super) const fn lines(&self) -> &LineReader {
        &self.lines
    }

    pub(super) fn next_record(&mut self) -> Result<Option<VariantRecord>> {
        for _ in 0..MAX_BLANK_LINES {
            let next = match self.pending.take() {
                Some(row) => Some(row),
                None => self.lines.next_line()?,
            };
            let Some((line, text)) = next else {
                return Ok(None);
            };
            let trimmed = text.trim();
            if trimmed.is_empty() || comment(trimmed).is_some() {
                continue;
            }
            let fields = split(&text, self.delimiter(&text));
            let first = fields
                .first()
                .map(|field| field.text.as_ref())
                .unwrap_or_default();
            // A second header, as in files that were joined.
            if first.eq_ignore_ascii_case("rsid") {
                continue;
            }
            return self.parse_row(line, &fields).map(Some);
        }
        Err(self.lines.too_many_blank())
    }

    /// MyHeritage rows without a comma are separated by blanks; everyone else keeps to one kind.
    fn delimiter(&self, text: &str) -> Delimiter {
        match self.layout.delimiter {
            Delimiter::Comma if !text.contains(',') => Delimiter::Space,
            Delimiter::Semicolon if !text.contains(';') => Delimiter::Space,
            delimiter => delimiter,
        }
    }

    fn parse_row(&self, line: u64, fields: &[Field<'_>]) -> Result<VariantRecord> {
        let layout = &self.layout;
        let row = ArrayRow {
            file: self.lines.name(),
            line,
        };
        let enough = if layout.exact {
            fields.len() == layout.columns && fields.iter().all(|field| !field.text.is_empty())
        } else {
            fields.len() >= layout.least_fields()
        };
        if !enough {
            let (got, want) = (fields.len(), layout.columns);
            return Err(row.wrong(0, &format!("the row has {got} fields, not {want}")));
        }
        let id = layout.id.and_then(|column| fields.get(column));
        let (Some(chrom), Some(pos)) = (fields.get(layout.chrom), fields.get(layout.pos)) else {
            return Err(row.wrong(0, "the row is too short"));
        };
        let pos_number = row.position(pos, self.reading)?;
        if !is_plain(&chrom.text) {
            let message = "the chromosome is empty, or holds a blank or a hidden character";
            return Err(row.wrong(chrom.at, message));
        }
        if let Some(id) = id.filter(|id| id.text.contains(is_hidden)) {
            return Err(row.wrong(id.at, "the identifier holds a hidden character"));
        }
        Ok(VariantRecord {
            line,
            raw: None,
            contig: contig_name(&chrom.text, pos_number, self.reading),
            // None for position 0, where vendors put sites that they could not place.
            pos: Position::new(pos_number).ok(),
            id: id
                .map(|field| field.text.to_string())
                .filter(|id| !id.is_empty() && id != "."),
            reference: None,
            alternates: Vec::new(),
            call: Some(row.call(layout.genotype, fields, self.reading)?),
        })
    }
}

/// For errors about a row: they point at columns but never quote, for a genotype may stand there.
struct ArrayRow<'a> {
    file: &'a str,
    line: u64,
}

impl ArrayRow<'_> {
    fn position(&self, field: &Field<'_>, reading: Reading) -> Result<u64> {
        match field.text.parse::<u64>() {
            Ok(0) if reading == Reading::Strict => {
                Err(self.wrong(field.at, "the position is not at least 1"))
            }
            Ok(pos) if pos <= MAX_POSITION => Ok(pos),
            _ => Err(match spreadsheet_number(&field.text) {
                Some((message, remedy)) => self.wrong(field.at, message).with_remedy(remedy),
                None => self.wrong(field.at, "the position is not a whole number"),
            }),
        }
    }

    fn call(
        &self,
        columns: GenotypeColumns,
        fields: &[Field<'_>],
        reading: Reading,
    ) -> Result<ArrayCall> {
        let at = |column: usize| fields.get(column).map_or("", |field| &field.text);
        let (first, call) = match columns {
            GenotypeColumns::One(column) => (column, parse_call(&[at(column)], reading)),
            GenotypeColumns::Two(one, two) => (one, parse_call(&[at(one), at(two)], reading)),
        };
        call.map_err(|message| self.wrong(fields.get(first).map_or(0, |field| field.at), message))
    }

    fn wrong(&self, at: usize, message: &str) -> Error {
        let mut place = Location::line(self.file, self.line);
        place.column = Some(at as u64 + 1);
        Error::new(ErrorCode::InputVcfParse, message)
            .at(place)
            .with_remedy("a row holds an identifier, chromosome, position and genotype")
    }
}

/// A chromosome in its common form: no `chr`, capitals for X, Y and MT, and the number codes of
/// arrays. Code 25 is the mitochondrion to some vendors and the pseudo-autosomal part of X to
/// others; the latter lies beyond the mitochondrion's 16,569 bp.
pub(super) fn contig_name(name: &str, pos: u64, reading: Reading) -> String {
    const MITOCHONDRION_BP: u64 = 16_569;
    let form = common_form(name.trim());
    match form.as_str() {
        "23" => "X".to_owned(),
        "24" => "Y".to_owned(),
        "25" if reading == Reading::Lenient && pos > MITOCHONDRION_BP => "X".to_owned(),
        "25" | "26" => "MT".to_owned(),
        "XY" | "PAR" if reading == Reading::Lenient => "X".to_owned(),
        _ => form,
    }
}

/// The text of a comment line, which spreadsheets put in quotes where it holds a comma.
fn comment(trimmed: &str) -> Option<&str> {
    trimmed.strip_prefix('#').or_else(|| {
        let quoted = trimmed.strip_prefix("\"#")?;
        Some(quoted.trim_end_matches(['"', ',', ';', '\t']))
    })
}

fn unrecognised(file: &str, line: u64, why: &str) -> Error {
    Error::new(
        ErrorCode::InputVcfParse,
        format!("the format is not recognised: {why}"),
    )
    .at(Location::line(file, line))
    .with_remedy(
        "give a VCF, a 23andMe, AncestryDNA or MyHeritage file, a Sequencing.com JSON, or a \
             table whose header names rsid, chromosome, position and genotype",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chromosome_codes() {
        let name = |name, pos| contig_name(name, pos, Reading::Lenient);
        assert_eq!(name("chrx", 1), "X");
        assert_eq!(name("23", 1), "X");
        assert_eq!(name("25", 73), "MT");
        assert_eq!(name("25", 60_001), "X");
        assert_eq!(contig_name("25", 60_001, Reading::Strict), "MT");
        assert_eq!(name("M", 1), "MT");
    }
}
