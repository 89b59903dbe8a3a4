//! One reader for every kind of sequence file: FASTA, JSONL and Parquet.

use crate::bases;
use crate::files::fasta::FastaReader;
use crate::files::lines::Lines;
use crate::files::source_mix::SourceClass;
use crate::files::subset::Subset;
use crate::sha256::hex;
use crate::shards::{SequenceFields, SequenceRow, SequenceTable};
use genolewm_core::position::BpOffset;
use genolewm_core::window::{canonicalize_dna, window_sha256};
use genolewm_core::{Error, ErrorCode, Result};
use serde_json::{Map, Value};
use std::path::Path;

/// Bytes of the SHA-256 of a sequence that name a record without a name.
const ID_BYTES: usize = 8;

/// A stretch of sequence and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceRecord {
    /// Its name: the FASTA header's first word, the row's id, or the first 16 digits of the
    /// sequence's SHA-256.
    pub record_id: String,
    /// Its class of source, where there is one; windows of a dataset package may have any label.
    pub source: Option<String>,
    /// Codes of [`bases`].
    pub bases: Vec<u8>,
    /// The first base on `contig`; 0 where it is not placed.
    pub start: BpOffset,
    /// The contig that it is placed on. A FASTA record is a contig of its own.
    pub contig: Option<String>,
}

impl SequenceRecord {
    /// Its class, if its label is one.
    #[must_use]
    pub fn class(&self) -> Option<SourceClass> {
        self.source.as_deref()?.parse().ok()
    }
}

/// What rows of a file are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RowKind {
    /// Records of a corpus, to cut windows from: the class of source must be known.
    #[default]
    Record,
    /// Windows of a dataset package, ready cut: name and any label of source must be there.
    Window {
        /// Whether the contig must be there too.
        placed: bool,
    },
}

/// How a file is read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordOptions {
    /// Names of the columns.
    pub fields: SequenceFields,
    /// The class of FASTA records, and of rows that name none.
    pub default_source: Option<SourceClass>,
    /// Leaves invalid rows out instead of stopping at the first. A file that cannot be decoded
    /// stops in any case.
    pub skip_invalid: bool,
    /// The records that are used.
    pub subset: Option<Subset>,
    /// What rows are.
    pub rows: RowKind,
}

/// The records of a file in their order; after an error there is none.
pub struct RecordReader {
    file: String,
    options: RecordOptions,
    input: RecordInput,
    skipped_rows: u64,
    failed: bool,
}

enum RecordInput {
    Fasta(FastaReader),
    Jsonl(Lines),
    Parquet(SequenceTable),
}

impl RecordReader {
    /// Opens a file: JSONL by the ending `.jsonl` or `.ndjson`, Parquet by `.parquet`, FASTA by any
    /// other. FASTA and JSONL may be packed with gzip (then `.jsonl.gz`).
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be read, `INPUT.GENERIC` for a Parquet file that is none
    /// or lacks the column of sequences.
    pub fn open(path: &Path, options: &RecordOptions) -> Result<Self> {
        let input = match ending(path).as_deref() {
            Some("jsonl" | "ndjson") => RecordInput::Jsonl(Lines::open_sequence(path)?),
            Some("parquet") => {
                let fields = &options.fields;
                RecordInput::Parquet(SequenceTable::open(path, fields, ErrorCode::InputGeneric)?)
            }
            _ => RecordInput::Fasta(FastaReader::open(path)?),
        };
        Ok(Self {
            file: path.display().to_string(),
            options: options.clone(),
            input,
            skipped_rows: 0,
            failed: false,
        })
    }

    /// Invalid rows that were left out so far.
    #[must_use]
    pub const fn skipped_rows(&self) -> u64 {
        self.skipped_rows
    }

    /// The next record, valid or not; `None` at the end. The outer error is the file's, the inner
    /// one the row's.
    fn read(&mut self) -> Result<Option<Result<SequenceRecord>>> {
        let (file, options) = (&self.file, &self.options);
        match &mut self.input {
            RecordInput::Fasta(reader) => {
                let mut bases = Vec::new();
                let name = reader.read_record(&mut bases)?;
                Ok(name.map(|name| Ok(fasta_record(name, bases, options))))
            }
            RecordInput::Jsonl(lines) => {
                while let Some(text) = lines.next_text()? {
                    if !text.trim().is_empty() {
                        let object = parse_object(text).map_err(|error| lines.locate(error))?;
                        let row = json_row(&object, options).and_then(|row| record(row, options));
                        return Ok(Some(row.map_err(|error| lines.locate(error))));
                    }
                }
                Ok(None)
            }
            RecordInput::Parquet(table) => match table.next().transpose()? {
                None => Ok(None),
                Some((number, row)) => Ok(Some(record(row, options).map_err(|error| {
                    let named = format!("{file}: row {number}: {}", error.message());
                    renamed(&error, named).with_detail("row", number)
                }))),
            },
        }
    }

    fn next_valid(&mut self) -> Result<Option<SequenceRecord>> {
        while let Some(record) = self.read()? {
            match record {
                Ok(record) => {
                    let subset = self.options.subset;
                    if subset.is_none_or(|subset| subset.includes(&record.record_id)) {
                        return Ok(Some(record));
                    }
                }
                Err(_) if self.options.skip_invalid => self.skipped_rows += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

impl Iterator for RecordReader {
    type Item = Result<SequenceRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.next_valid();
        self.failed = next.is_err();
        next.transpose()
    }
}

/// The ending that tells the format, in lower case and without that of the packing.
fn ending(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    plain.rsplit_once('.').map(|(_, ending)| ending.to_owned())
}

fn fasta_record(name: String, bases: Vec<u8>, options: &RecordOptions) -> SequenceRecord {
    SequenceRecord {
        contig: Some(name.clone()),
        record_id: name,
        source: options.default_source.map(|class| class.to_string()),
        bases,
        start: BpOffset(0),
    }
}

fn parse_object(line: &str) -> Result<Map<String, Value>> {
    let wrong = |cause: &str| {
        Error::new(ErrorCode::InputGeneric, "a line is not a JSON object")
            .with_detail("cause", cause)
            .with_remedy("write one object a line, such as {\"sequence\": \"ACGT\", …}")
    };
    match serde_json::from_str(line) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(wrong("it is another value")),
        Err(error) => Err(wrong(&error.to_string())),
    }
}

fn json_row(object: &Map<String, Value>, options: &RecordOptions) -> Result<SequenceRow> {
    let fields = &options.fields;
    let text = |name: &str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid("a field is not text", name)),
    };
    let label = |name: &str| match object.get(name) {
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        _ => text(name),
    };
    let start_bp = match object.get("start_bp") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let number = value.as_i64();
            Some(number.ok_or_else(|| invalid("a field is not a whole number", "start_bp"))?)
        }
    };
    let id = label(&fields.id)?.filter(|id| !id.is_empty());
    Ok(SequenceRow {
        sequence: text(&fields.sequence)?,
        source: text(&fields.source)?,
        id: id.map_or_else(|| label("record_id"), |id| Ok(Some(id)))?,
        chrom: text("chrom")?,
        start_bp,
    })
}

/// Checks a row and makes a record of it.
fn record(row: SequenceRow, options: &RecordOptions) -> Result<SequenceRecord> {
    let fields = &options.fields;
    let sequence = row
        .sequence
        .ok_or_else(|| invalid("a record has no sequence", &fields.sequence))?;
    let canonical = canonicalize_dna(&sequence)
        .map_err(|error| error.with_detail("column", &fields.sequence))?;
    let ready_cut = matches!(options.rows, RowKind::Window { .. });
    if ready_cut && canonical.is_empty() {
        return Err(invalid("a window has no bases", &fields.sequence));
    }
    let id = row.id.filter(|id| !id.is_empty());
    let record_id = match id {
        Some(id) => id,
        None if ready_cut => return Err(invalid("a window has no name", "record_id")),
        None => sequence_id(&canonical)?,
    };
    let start = u64::try_from(row.start_bp.unwrap_or(0))
        .map_err(|_| invalid("a start lies before the contig", "start_bp"))?;
    Ok(SequenceRecord {
        record_id,
        source: Some(source(row.source, options)?),
        bases: bases::encode(&canonical),
        start: BpOffset(start),
        contig: contig(row.chrom, options)?,
    })
}

fn source(label: Option<String>, options: &RecordOptions) -> Result<String> {
    let column = &options.fields.source;
    let label = label.or_else(|| options.default_source.map(|class| class.to_string()));
    let label = label.filter(|label| !label.trim().is_empty());
    let label = label.ok_or_else(|| {
        invalid("a record has no class of source", column)
            .with_remedy("name it in the file, or `source=CLASS` in the corpus table")
    })?;
    match options.rows {
        RowKind::Window { .. } => Ok(label),
        RowKind::Record => match label.parse::<SourceClass>() {
            Ok(class) => Ok(class.to_string()),
            Err(error) => Err(error.with_detail("column", column)),
        },
    }
}

fn contig(chrom: Option<String>, options: &RecordOptions) -> Result<Option<String>> {
    match chrom {
        Some(chrom) if chrom.trim().is_empty() => Err(invalid("a contig's name is empty", "chrom")),
        None if options.rows == (RowKind::Window { placed: true }) => {
            Err(invalid("a placed window has no contig", "chrom"))
        }
        chrom => Ok(chrom),
    }
}

/// The name of a record that has none.
///
/// # Errors
/// `INPUT.GENERIC` for a letter that is no base.
pub fn sequence_id(sequence: &str) -> Result<String> {
    Ok(hex(&window_sha256(sequence)?[..ID_BYTES]))
}

fn invalid(message: &str, column: &str) -> Error {
    Error::new(ErrorCode::InputGeneric, message)
        .with_detail("column", column)
        .with_remedy("correct the row, or leave invalid ones out with `invalid=skip`")
}

/// The same error with another message.
fn renamed(error: &Error, message: String) -> Error {
    let renamed = Error::new(error.code(), message).with_remedy(error.advice());
    let details = error.details().iter();
    details.fold(renamed, |renamed, (key, value)| {
        renamed.with_detail(key, value)
    })
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
