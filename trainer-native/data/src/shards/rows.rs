//! The rows of a shard, one after the other.

use super::SHARD_SCHEMA_VERSION;
use super::columns::Column;
use super::table::{Batch, Source, Table};
use genolewm_core::position::Position;
use genolewm_core::{ErrorCode, Result};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedRowGroupWriter;
use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;

/// A row of one kind of shard.
pub(super) trait Row: Sized {
    /// The folder of a dataset that holds such shards.
    const FOLDER: &'static str;
    /// What is written, in this order, and what a reader looks for.
    const COLUMNS: &'static [Column];

    /// Makes a row of its cells.
    fn read(cells: &Cells<'_>) -> Result<Self>;

    /// Writes rows as one group, in the order of the columns.
    fn write<W: Write + Send>(
        rows: &[Self],
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError>;
}

/// The rows of a file in its order; after an error there is none.
pub(super) struct Rows<R> {
    table: Table,
    pending: VecDeque<R>,
    failed: bool,
}

impl<R: Row> Rows<R> {
    /// Opens a shard. `code` is that of errors about its content.
    pub(super) fn open(path: &Path, code: ErrorCode) -> Result<Self> {
        Ok(Self {
            table: Table::open(path, R::COLUMNS, code)?,
            pending: VecDeque::new(),
            failed: false,
        })
    }

    fn fill(&mut self) -> Result<()> {
        let Some(batch) = self.table.next_batch()? else {
            return Ok(());
        };
        let source = self.table.source();
        for row in 0..batch.rows() {
            let cells = Cells {
                batch: &batch,
                row,
                source,
            };
            cells.check_version()?;
            self.pending.push_back(R::read(&cells)?);
        }
        Ok(())
    }
}

impl<R: Row> Iterator for Rows<R> {
    type Item = Result<R>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.pending.is_empty()
            && !self.failed
            && let Err(error) = self.fill()
        {
            // The rows before the damaged one are not worth more than the error.
            self.pending.clear();
            self.failed = true;
            return Some(Err(error));
        }
        self.pending.pop_front().map(Ok)
    }
}

/// The cells of one row.
pub(super) struct Cells<'a> {
    batch: &'a Batch,
    row: usize,
    source: &'a Source,
}

impl Cells<'_> {
    /// A text that must be there.
    pub(super) fn text(&self, name: &str) -> Result<String> {
        let found = self.optional_text(name);
        found.ok_or_else(|| self.wrong("a cell is empty", name))
    }

    pub(super) fn optional_text(&self, name: &str) -> Option<String> {
        self.batch.text(name, self.row).map(str::to_owned)
    }

    /// A whole number that must be there.
    pub(super) fn integer(&self, name: &str) -> Result<i64> {
        let found = self.batch.integer(name, self.row);
        found.ok_or_else(|| self.wrong("a cell is empty", name))
    }

    /// A frequency, 0 to 1, that must be there.
    pub(super) fn frequency(&self, name: &str) -> Result<f64> {
        let found = self.optional_frequency(name)?;
        found.ok_or_else(|| self.wrong("a cell is empty", name))
    }

    pub(super) fn optional_frequency(&self, name: &str) -> Result<Option<f64>> {
        let found = self.batch.number(name, self.row);
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

    fn wrong(&self, cause: &str, column: &str) -> genolewm_core::Error {
        self.source.damaged(cause).with_detail("column", column)
    }
}
