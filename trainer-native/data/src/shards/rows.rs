//! The rows of a shard, as they are read and written.

use super::columns::{Cell, Column, ColumnKind, SHARD_SCHEMA_VERSION, write_optional};
use super::table::{RowBatch, ShardSource, ShardTable};
use genolewm_core::edit::EditSpec;
use genolewm_core::position::Position;
use genolewm_core::{ErrorCode, Result};
use parquet::data_type::{BoolType, ByteArrayType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedRowGroupWriter;
use std::io::Write;
use std::path::Path;

/// A row of one kind of shard.
pub(super) trait ShardRow: Sized {
    /// The folder of a dataset that holds such shards.
    const FOLDER: &'static str;
    /// What is written, in this order, and what a reader looks for.
    const COLUMNS: &'static [Column];

    /// Makes a row of its cells.
    fn read(cells: &Cells<'_>) -> Result<Self>;

    /// Contig, position, reference and alternate allele.
    fn allele(&self) -> (&str, Position, &str, &str);

    /// The cell of a column that only this kind of shard has.
    fn cell(&self, column: &str) -> Option<Cell>;
}

/// Writes rows as one group, in the order of the columns.
pub(super) fn write_rows<R: ShardRow>(
    rows: &[R],
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
) -> Result<(), ParquetError> {
    for Column { name, kind, .. } in R::COLUMNS {
        let cells = rows.iter().map(|row| cell(row, name));
        match kind {
            ColumnKind::Text | ColumnKind::Label => {
                let texts = cells.map(|cell| cell?.bytes());
                write_optional::<ByteArrayType>(group, &texts.collect())?;
            }
            ColumnKind::Integer => {
                let numbers = cells.map(|cell| cell?.integer());
                write_optional::<Int64Type>(group, &numbers.collect())?;
            }
            ColumnKind::Number => {
                let numbers = cells.map(|cell| Some(cell?.number()? as f32));
                write_optional::<FloatType>(group, &numbers.collect())?;
            }
            ColumnKind::Flag => {
                let flags = cells.map(|cell| cell?.text()?.parse().ok());
                write_optional::<BoolType>(group, &flags.collect())?;
            }
        }
    }
    Ok(())
}

fn cell(row: &impl ShardRow, column: &str) -> Option<Cell> {
    let (chrom, pos, reference, alternate) = row.allele();
    Some(match column {
        "chrom" => chrom.into(),
        "pos" => Cell::Integer(pos.get().cast_signed()),
        "ref" => reference.into(),
        "alt" => alternate.into(),
        "schema_version" => SHARD_SCHEMA_VERSION.into(),
        own => return row.cell(own),
    })
}

/// The rows of a file in its order; after an error there is none.
pub(super) struct Rows<R> {
    table: ShardTable,
    make: fn(&Cells<'_>) -> Result<R>,
    /// The rows that were read, and how many of them were made.
    batch: Option<(RowBatch, usize)>,
    /// Rows of the batches before.
    before: usize,
    failed: bool,
}

impl<R: ShardRow> Rows<R> {
    /// Opens a shard. `code` is that of errors about its content.
    pub(super) fn open(path: &Path, code: ErrorCode) -> Result<Self> {
        let table = ShardTable::open(path, R::COLUMNS, code)?;
        Ok(Self::of(table, |cells| {
            cells.check_version()?;
            R::read(cells)
        }))
    }
}

impl<R> Rows<R> {
    /// The rows of a table, each made of its cells.
    pub(super) fn of(table: ShardTable, make: fn(&Cells<'_>) -> Result<R>) -> Self {
        Self {
            table,
            make,
            batch: None,
            before: 0,
            failed: false,
        }
    }

    fn read(&mut self) -> Result<Option<R>> {
        loop {
            if let Some((batch, next)) = &mut self.batch
                && *next < batch.rows()
            {
                let (row, source) = (*next, self.table.source());
                let cells = Cells {
                    batch,
                    row,
                    number: (self.before + row + 1) as u64,
                    source,
                };
                let made = (self.make)(&cells);
                *next += 1;
                return made.map(Some);
            }
            self.before += self.batch.take().map_or(0, |(batch, _)| batch.rows());
            match self.table.next_batch()? {
                Some(batch) => self.batch = Some((batch, 0)),
                None => return Ok(None),
            }
        }
    }
}

impl<R> Iterator for Rows<R> {
    type Item = Result<R>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let read = self.read();
        self.failed = read.is_err();
        read.transpose()
    }
}

/// The cells of one row.
pub(super) struct Cells<'a> {
    batch: &'a RowBatch,
    row: usize,
    /// Its number in the file, from 1.
    number: u64,
    source: &'a ShardSource,
}

impl Cells<'_> {
    /// A text that must be there.
    pub(super) fn text(&self, name: &str) -> Result<String> {
        let found = self.optional_text(name);
        found.ok_or_else(|| self.wrong("a cell is empty", name))
    }

    /// What the row has in a column, as text.
    pub(super) fn shown(&self, name: &str) -> Option<String> {
        Some(self.batch.cell(name, self.row)?.to_string())
    }

    pub(super) fn optional_text(&self, name: &str) -> Option<String> {
        self.batch.cell(name, self.row)?.text()
    }

    pub(super) fn optional_integer(&self, name: &str) -> Option<i64> {
        self.batch.cell(name, self.row)?.integer()
    }

    /// A whole number that must be there.
    pub(super) fn integer(&self, name: &str) -> Result<i64> {
        let found = self.optional_integer(name);
        found.ok_or_else(|| self.wrong("a cell is empty", name))
    }

    pub(super) fn optional_number(&self, name: &str) -> Option<f64> {
        self.batch.cell(name, self.row)?.number()
    }

    /// A fraction that must be there.
    pub(super) fn number(&self, name: &str) -> Result<f64> {
        let found = self.optional_number(name);
        found.ok_or_else(|| self.wrong("a cell is empty", name))
    }

    /// A frequency, 0 to 1, that must be there.
    pub(super) fn frequency(&self, name: &str) -> Result<f64> {
        let found = self.optional_frequency(name)?;
        found.ok_or_else(|| self.wrong("a cell is empty", name))
    }

    pub(super) fn optional_frequency(&self, name: &str) -> Result<Option<f64>> {
        let found = self.batch.cell(name, self.row).and_then(Cell::number);
        if found.is_some_and(|af| !(0.0..=1.0).contains(&af)) {
            return Err(self.wrong("a frequency is not between 0 and 1", name));
        }
        Ok(found)
    }

    /// The 1-based position.
    pub(super) fn position(&self) -> Result<Position> {
        let pos = u64::try_from(self.integer("pos")?).ok();
        pos.and_then(|pos| Position::new(pos).ok())
            .ok_or_else(|| self.wrong("a position does not count from 1", "pos"))
    }

    /// The column's code as what it stands for.
    pub(super) fn code<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
        let text = self.text(name)?;
        parse(&text).ok_or_else(|| {
            let error = self.wrong("a code is not known", name);
            error.with_detail("code", text)
        })
    }

    /// Refuses rows of another major version: their columns may mean something else.
    fn check_version(&self) -> Result<()> {
        let version = self.text("schema_version")?;
        let major = |version: &str| version.split('.').next().map(str::to_owned);
        if major(&version) == major(SHARD_SCHEMA_VERSION) {
            return Ok(());
        }
        let error = self.wrong("its rows are of another version", "schema_version");
        Err(error
            .with_detail("version", version)
            .with_detail("supported", SHARD_SCHEMA_VERSION))
    }

    /// A number that must be there and finite.
    pub(super) fn finite(&self, name: &str) -> Result<f64> {
        let found = self.number(name)?;
        match found.is_finite() {
            true => Ok(found),
            false => Err(self.wrong("a number is not finite", name)),
        }
    }

    /// The edit that the cells of the allele say.
    pub(super) fn edit(&self) -> Result<EditSpec> {
        let (pos, [chrom, reference, alternate]) = (
            self.position()?,
            ["chrom", "ref", "alt"].map(|name| self.text(name)),
        );
        let edit = EditSpec::new(&chrom?, pos, &reference?, &alternate?);
        edit.map_err(|error| self.wrong(error.message(), "alt"))
    }

    pub(super) fn wrong(&self, cause: &str, column: &str) -> genolewm_core::Error {
        let error = self.source.damaged_row(cause, self.number);
        error.with_detail("column", column)
    }
}
