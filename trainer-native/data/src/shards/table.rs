//! Reading a Parquet table: columns by name, a batch of rows at a time. By hand over the column
//! readers: Arrow would be many more dependencies for four kinds of column.

use super::cause::system_cause;
use super::columns::{Cell, Column, ColumnKind};
use genolewm_core::calibration::parquet_check::{check_pages, open_checked};
use genolewm_core::error::Location;
use genolewm_core::limits::{MAX_CELL_BYTES, MAX_UNPACKED_BYTES, MAX_UNPACKED_FOLD};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::guard::guarded;
use genolewm_report::output::{io_error, open};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs::File;
use std::io;
use std::path::Path;

/// How a kind of table is opened, and what errors call it.
pub(super) struct Nature {
    /// Completes "not …".
    pub(super) what: &'static str,
    pub(super) remedy: &'static str,
    /// Rows in memory at a time.
    pub(super) batch_rows: usize,
    /// The longest text of a row, in bytes.
    pub(super) longest: usize,
    /// How often the size of its file all texts may be, beyond [`MAX_UNPACKED_BYTES`].
    pub(super) fold: usize,
    /// What a text is of that.
    pub(super) cost: fn(&[u8]) -> u64,
}

/// Every byte of a text.
pub(super) const fn text_bytes(text: &[u8]) -> u64 {
    text.len() as u64
}

/// A shard of variants.
const SHARD: Nature = Nature {
    what: "a shard",
    remedy: "make the shard again from its VCF with prepare-gnomad or prepare-clinvar --overwrite",
    batch_rows: 8192,
    longest: MAX_CELL_BYTES,
    fold: MAX_UNPACKED_FOLD,
    cost: text_bytes,
};

/// An open table. Columns may be required or optional, in any order and under any codec that is
/// built in (none, Snappy, zstd); other columns are never read.
pub(super) struct ShardTable {
    file: File,
    reader: SerializedFileReader<File>,
    source: ShardSource,
    columns: &'static [Column],
    /// For each of `columns`, which of the file's it is.
    places: Vec<Option<usize>>,
    next_group: usize,
    group: Option<OpenRowGroup>,
    /// Bytes of texts that may still come.
    left: u64,
}

/// What errors say of a file.
#[derive(Clone)]
pub(super) struct ShardSource {
    pub(super) name: String,
    pub(super) code: ErrorCode,
    nature: &'static Nature,
}

/// The row group that is being read.
struct OpenRowGroup {
    readers: Vec<Option<ColumnReader>>,
    left: usize,
}

/// Some rows, column by column.
pub(super) struct RowBatch {
    rows: usize,
    columns: &'static [Column],
    values: Vec<Vec<Option<Cell>>>,
}

impl ShardTable {
    /// Opens a shard. `code` is that of errors about its content.
    pub(super) fn open(path: &Path, columns: &'static [Column], code: ErrorCode) -> Result<Self> {
        Self::open_as(&SHARD, path, columns, code, |column| column.to_owned())
    }

    /// Opens a file in which the columns have the names that `named` gives them.
    pub(super) fn open_as(
        nature: &'static Nature,
        path: &Path,
        columns: &'static [Column],
        code: ErrorCode,
        named: impl Fn(&'static str) -> String,
    ) -> Result<Self> {
        let name = path.display().to_string();
        let file = open(path)?;
        let source = ShardSource { name, code, nature };
        let opened = || Ok::<_, io::Error>((file.try_clone()?, file.metadata()?));
        let (again, found) = opened().map_err(|error| io_error(&source.name, &error))?;
        if !found.is_file() {
            let message = "a Parquet file is read from its end, which a pipe does not have yet";
            return Err(Error::new(code, message)
                .in_file(&source.name)
                .with_remedy("save it as a file, and give that"));
        }
        let size = found.len();
        let reader = guarded(|| open_checked(again))
            .ok_or_else(|| source.damaged("its metadata make no sense"))?
            .map_err(|error| source.unreadable(error))?;
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            places.push(place(&reader, column, &named(column.name), &source)?);
        }
        let left = size.saturating_mul(nature.fold as u64);
        Ok(Self {
            left: left.saturating_add(MAX_UNPACKED_BYTES as u64),
            file,
            reader,
            source,
            columns,
            places,
            next_group: 0,
            group: None,
        })
    }

    /// For each column whether the file has it.
    pub(super) fn has(&self) -> Vec<bool> {
        self.places.iter().map(Option::is_some).collect()
    }

    /// What the file's metadata say under a key.
    pub(super) fn note(&self, key: &str) -> Option<String> {
        let notes = self
            .reader
            .metadata()
            .file_metadata()
            .key_value_metadata()?;
        notes.iter().find(|note| note.key == key)?.value.clone()
    }

    pub(super) const fn source(&self) -> &ShardSource {
        &self.source
    }

    /// The next rows, at least one; `None` at the end.
    pub(super) fn next_batch(&mut self) -> Result<Option<RowBatch>> {
        loop {
            if let Some(group) = &mut self.group
                && group.left > 0
            {
                let (columns, source) = (self.columns, &self.source);
                let batch = guarded(|| group.read(columns, source))
                    .ok_or_else(|| source.damaged("a page makes no sense"))??;
                self.count(&batch)?;
                return Ok(Some(batch));
            }
            if self.next_group >= self.reader.num_row_groups() {
                return Ok(None);
            }
            self.group = Some(self.open_group()?);
            self.next_group += 1;
        }
    }

    /// Counts the texts of a batch: a few bytes of a page may be text of any number of rows.
    fn count(&mut self, batch: &RowBatch) -> Result<()> {
        let cost = self.source.nature.cost;
        let texts = batch.values.iter().flatten().map(|cell| match cell {
            Some(Cell::Text(text)) => cost(text.data()),
            _ => 0,
        });
        self.left = self.left.checked_sub(texts.sum()).ok_or_else(|| {
            let error = self.source.damaged("it unpacks to far more than it holds");
            error.with_remedy("give it in several files")
        })?;
        Ok(())
    }

    fn open_group(&self) -> Result<OpenRowGroup> {
        let open = || -> Result<OpenRowGroup, ParquetError> {
            let group = self.reader.get_row_group(self.next_group)?;
            let rows = u64::try_from(group.metadata().num_rows()).unwrap_or(0);
            let places = self.places.iter().flatten().map(|place| (*place, rows));
            check_pages(&self.file, group.metadata(), places)?;
            let reader = |place: &Option<usize>| {
                place
                    .map(|place| group.get_column_reader(place))
                    .transpose()
            };
            Ok(OpenRowGroup {
                readers: self.places.iter().map(reader).collect::<Result<_, _>>()?,
                left: usize::try_from(group.metadata().num_rows()).unwrap_or(0),
            })
        };
        guarded(open)
            .ok_or_else(|| self.source.damaged("a row group makes no sense"))?
            .map_err(|error| self.source.unreadable(error))
    }
}

/// Where a column is in the file; `None` for an optional one that is not.
fn place(
    reader: &SerializedFileReader<File>,
    column: &Column,
    name: &str,
    source: &ShardSource,
) -> Result<Option<usize>> {
    let schema = reader.metadata().file_metadata().schema_descr();
    let named = |index: &usize| schema.column(*index).path().string() == name;
    let Some(index) = (0..schema.num_columns()).find(named) else {
        return if column.required {
            Err(source
                .damaged("a column is missing")
                .with_detail("column", name))
        } else {
            Ok(None)
        };
    };
    let found = schema.column(index);
    if found.max_rep_level() == 0 && column.kind.accepts(found.physical_type()) {
        return Ok(Some(index));
    }
    Err(source
        .damaged(&format!("a column does not hold {}", column.kind.name()))
        .with_detail("column", name))
}

impl OpenRowGroup {
    fn read(&mut self, columns: &'static [Column], source: &ShardSource) -> Result<RowBatch> {
        let rows = self.left.min(source.nature.batch_rows);
        let mut values = Vec::with_capacity(columns.len());
        for (reader, column) in self.readers.iter_mut().zip(columns) {
            let read = match reader {
                Some(reader) => read_column(reader, column, rows, source.nature.longest),
                None => Ok(vec![None; rows]),
            };
            let read =
                read.map_err(|error| source.unreadable(error).with_detail("column", column.name))?;
            if read.len() != rows {
                let error = source.damaged("a column has too few rows");
                return Err(error.with_detail("column", column.name));
            }
            values.push(read);
        }
        self.left -= rows;
        Ok(RowBatch {
            rows,
            columns,
            values,
        })
    }
}

fn read_column(
    reader: &mut ColumnReader,
    column: &Column,
    rows: usize,
    longest: usize,
) -> Result<Vec<Option<Cell>>, ParquetError> {
    // A value of a dictionary comes for one row after the other, and is looked at once.
    let mut last: Option<ByteArray> = None;
    let mut text = |value: ByteArray| {
        let place = |value: &ByteArray| (value.data().as_ptr(), value.len());
        if last.as_ref().map(place) != Some(place(&value)) {
            check_text(&value, longest)?;
            last = Some(value.clone());
        }
        Ok(Cell::Text(value))
    };
    match (column.kind, reader) {
        (ColumnKind::Text | ColumnKind::Label, ColumnReader::ByteArrayColumnReader(reader)) => {
            read_values(reader, rows, &mut text)
        }
        (ColumnKind::Label, ColumnReader::Int64ColumnReader(reader)) => {
            read_values(reader, rows, |value| Ok(Cell::from(&*value.to_string())))
        }
        (ColumnKind::Label, ColumnReader::Int32ColumnReader(reader)) => {
            read_values(reader, rows, |value| Ok(Cell::from(&*value.to_string())))
        }
        (ColumnKind::Integer, ColumnReader::Int64ColumnReader(reader)) => {
            read_values(reader, rows, |value| Ok(Cell::Integer(value)))
        }
        (ColumnKind::Integer, ColumnReader::Int32ColumnReader(reader)) => {
            read_values(reader, rows, |value| Ok(Cell::Integer(value.into())))
        }
        (ColumnKind::Number, ColumnReader::FloatColumnReader(reader)) => {
            read_values(reader, rows, |value| Ok(Cell::Number(widened(value))))
        }
        (ColumnKind::Number, ColumnReader::DoubleColumnReader(reader)) => {
            read_values(reader, rows, |value| Ok(Cell::Number(value)))
        }
        (ColumnKind::Flag, ColumnReader::BoolColumnReader(reader)) => {
            read_values(reader, rows, |value| Ok(Cell::from(&*value.to_string())))
        }
        _ => Err(ParquetError::General("its type changes".to_owned())),
    }
}

/// The next values of a column, `None` for nulls; fewer than `rows` at its end.
fn read_values<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    mut convert: impl FnMut(T::T) -> Result<Cell, ParquetError>,
) -> Result<Vec<Option<Cell>>, ParquetError> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let (records, ..) = reader.read_records(rows, Some(&mut levels), None, &mut values)?;
    let mut values = values.into_iter();
    if levels.is_empty() {
        // The field is required: nothing says which rows have a value, for all have one.
        return values.map(|value| convert(value).map(Some)).collect();
    }
    let present = levels.iter().take(records).map(|level| *level > 0);
    let mut next = |present| {
        let value = if present { values.next() } else { None };
        value.map(&mut convert).transpose()
    };
    present.map(&mut next).collect()
}

fn check_text(text: &ByteArray, longest: usize) -> Result<(), ParquetError> {
    if text.len() > longest {
        let message = format!("a text is longer than {} MiB", longest >> 20);
        return Err(ParquetError::General(message));
    }
    let checked = std::str::from_utf8(text.data());
    checked
        .map(drop)
        .map_err(|_| ParquetError::General("a text is not UTF-8".to_owned()))
}

/// The fraction that was meant by an f32: its shortest digits as f64. A plain widening would make
/// 0.01 smaller than it was before it was stored, and drop a variant at the threshold itself.
fn widened(value: f32) -> f64 {
    value
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(value))
}

impl RowBatch {
    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn cell(&self, name: &str, row: usize) -> Option<Cell> {
        let index = self.columns.iter().position(|column| column.name == name)?;
        self.values.get(index)?.get(row)?.clone()
    }
}

impl ShardSource {
    /// An error about the file's content.
    pub(super) fn damaged(&self, cause: &str) -> Error {
        let (name, what) = (&self.name, self.nature.what);
        Error::new(self.code, format!("{name}: not {what}: {cause}"))
            .with_remedy(self.nature.remedy)
    }

    /// The same of one row, counted from 1.
    pub(super) fn damaged_row(&self, cause: &str, row: u64) -> Error {
        Error::new(self.code, format!("not {}: {cause}", self.nature.what))
            .with_remedy(self.nature.remedy)
            .at(Location::line(&self.name, row))
    }

    fn unreadable(&self, error: ParquetError) -> Error {
        match system_cause(error) {
            Ok(error) => io_error(&self.name, &error),
            Err(cause) => self.damaged(&cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_frequency_is_the_one_that_was_meant() {
        assert_eq!(widened(0.01), 0.01);
        assert_eq!(widened(0.004_193_29), 0.004_193_29);
        assert!(f64::from(0.01_f32) < 0.01);
        assert!(widened(f32::from_bits(0.01_f32.to_bits() - 1)) < 0.01);
    }
}
