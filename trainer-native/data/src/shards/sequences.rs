//! Tables of sequence records, as corpora are published: one row a record.

use super::columns::{Column, ColumnKind};
use super::rows::{Cells, Rows};
use super::table::{Nature, ShardTable};
use crate::bases;
use genolewm_core::limits::{MAX_LINE_BYTES, MAX_SEQUENCE_FOLD};
use genolewm_core::{ErrorCode, Result};
use std::path::Path;

const SEQUENCE: &str = "sequence";
const SOURCE: &str = "source";
const ID: &str = "id";
const RECORD_ID: &str = "record_id";
const CHROM: &str = "chrom";
const START_BP: &str = "start_bp";

const COLUMNS: &[Column] = &[
    Column::required(SEQUENCE, ColumnKind::Text),
    Column::optional(SOURCE, ColumnKind::Text),
    Column::optional(ID, ColumnKind::Label),
    Column::optional(RECORD_ID, ColumnKind::Label),
    Column::optional(CHROM, ColumnKind::Text),
    Column::optional(START_BP, ColumnKind::Integer),
];

/// A row may be a megabase long, so few are held at a time.
const SEQUENCES: Nature = Nature {
    what: "a table of sequences",
    remedy: "give a Parquet file with a text column of sequences; its name and those of source \
             and id can be set",
    batch_rows: 32,
    longest: MAX_LINE_BYTES,
    fold: MAX_SEQUENCE_FOLD,
    cost: bases::packed_cost,
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
    rows: Rows<SequenceRow>,
    rows_read: u64,
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
        let table = ShardTable::open_as(&SEQUENCES, path, COLUMNS, code, named)?;
        Ok(Self {
            rows: Rows::of(table, |cells| Ok(read(cells))),
            rows_read: 0,
        })
    }
}

impl Iterator for SequenceTable {
    type Item = Result<(u64, SequenceRow)>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        let row = row.map_err(|error| error.with_detail("after_row", self.rows_read));
        self.rows_read += 1;
        Some(row.map(|row| (self.rows_read, row)))
    }
}

fn read(cells: &Cells<'_>) -> SequenceRow {
    let named = cells.optional_text(ID).filter(|id| !id.is_empty());
    SequenceRow {
        sequence: cells.optional_text(SEQUENCE),
        source: cells.optional_text(SOURCE),
        id: named.or_else(|| cells.optional_text(RECORD_ID)),
        chrom: cells.optional_text(CHROM),
        start_bp: cells.optional_integer(START_BP),
    }
}
