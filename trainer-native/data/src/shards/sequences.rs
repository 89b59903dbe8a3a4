//! Tables of sequence records, as corpora are published: one row a record.

use super::columns::{Column, Kind};
use super::table::{Batch, Nature, Table};
use genolewm_core::{ErrorCode, Result};
use std::collections::VecDeque;
use std::path::Path;

const SEQUENCE: &str = "sequence";
const SOURCE: &str = "source";
const ID: &str = "id";
const RECORD_ID: &str = "record_id";
const CHROM: &str = "chrom";
const START_BP: &str = "start_bp";

const COLUMNS: &[Column] = &[
    Column::required(SEQUENCE, Kind::Text),
    Column::optional(SOURCE, Kind::Text),
    Column::optional(ID, Kind::Label),
    Column::optional(RECORD_ID, Kind::Label),
    Column::optional(CHROM, Kind::Text),
    Column::optional(START_BP, Kind::Integer),
];

/// A row may be a megabase long, so few are held at a time.
const SEQUENCES: Nature = Nature {
    what: "a table of sequences",
    remedy: "give a Parquet file with a text column of sequences; its name and those of source \
             and id can be set",
    batch_rows: 32,
};

/// What the columns of a table of sequences are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceFields {
    /// The bases.
    pub sequence: String,
    /// The class of source.
    pub source: String,
    /// The record's name; `record_id` stands in for it.
    pub id: String,
}

impl Default for SequenceFields {
    /// `sequence`, `source` and `id`, as the Carbon corpus has them.
    fn default() -> Self {
        Self {
            sequence: SEQUENCE.to_owned(),
            source: SOURCE.to_owned(),
            id: ID.to_owned(),
        }
    }
}

/// A row as it is stored: nothing is checked but the types.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SequenceRow {
    /// The bases.
    pub sequence: Option<String>,
    /// The class of source.
    pub source: Option<String>,
    /// The record's name, from the column of names or else from `record_id`.
    pub id: Option<String>,
    /// The contig, where the record is placed.
    pub chrom: Option<String>,
    /// 0-based offset of the first base on the contig.
    pub start_bp: Option<i64>,
}

/// The rows of a Parquet table of sequences in their order, each with its number from 1. After an
/// error there is none.
pub struct SequenceTable {
    table: Table,
    pending: VecDeque<SequenceRow>,
    rows_read: u64,
    failed: bool,
}

impl SequenceTable {
    /// Opens a table. Columns may be in any order, others are ignored.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be read, `code` when it is no Parquet table or its columns
    /// are missing or of other types.
    pub fn open(path: &Path, fields: &SequenceFields, code: ErrorCode) -> Result<Self> {
        let named = |column: &'static str| match column {
            SEQUENCE => fields.sequence.clone(),
            SOURCE => fields.source.clone(),
            ID => fields.id.clone(),
            other => other.to_owned(),
        };
        Ok(Self {
            table: Table::open_as(&SEQUENCES, path, COLUMNS, code, named)?,
            pending: VecDeque::new(),
            rows_read: 0,
            failed: false,
        })
    }

    fn fill(&mut self) -> Result<()> {
        if let Some(batch) = self.table.next_batch()? {
            self.pending = (0..batch.rows()).map(|row| read(&batch, row)).collect();
        }
        Ok(())
    }
}

impl Iterator for SequenceTable {
    type Item = Result<(u64, SequenceRow)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.pending.is_empty()
            && !self.failed
            && let Err(error) = self.fill()
        {
            self.failed = true;
            return Some(Err(error.with_detail("after_row", self.rows_read)));
        }
        let row = self.pending.pop_front()?;
        self.rows_read += 1;
        Some(Ok((self.rows_read, row)))
    }
}

fn read(batch: &Batch, row: usize) -> SequenceRow {
    let text = |name| batch.text(name, row).map(str::to_owned);
    SequenceRow {
        sequence: text(SEQUENCE),
        source: text(SOURCE),
        id: text(ID)
            .filter(|id| !id.is_empty())
            .or_else(|| text(RECORD_ID)),
        chrom: text(CHROM),
        start_bp: batch.integer(START_BP, row),
    }
}
