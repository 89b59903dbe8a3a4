//! Telling a shard from a VCF, and one kind of shard from another.

use super::columns::{Column, ColumnKind};
use super::table::ShardTable;
use genolewm_core::{ErrorCode, Result};
use genolewm_report::output::{io_error_at, open};
use std::io::Read;
use std::path::Path;

/// The first bytes of a Parquet file.
const MAGIC: &[u8; 4] = b"PAR1";

/// What a shard is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardKind {
    /// gnomAD: frequencies.
    Gnomad,
    /// ClinVar: classes.
    Clinvar,
}

/// The kind of shard that a file is, by its columns; `None` for one that is no Parquet, neither by
/// its first bytes nor by its name.
///
/// # Errors
/// `code` for a damaged Parquet file and one that is neither kind; `RESOURCE.GENERIC` when the file
/// cannot be read.
pub fn shard_kind(path: &Path, code: ErrorCode) -> Result<Option<ShardKind>> {
    const TELLING: &[Column] = &[
        Column::optional("af_global", ColumnKind::Number),
        Column::optional("clinical_significance", ColumnKind::Text),
    ];
    let is_named_so = path.extension().is_some_and(|name| name == "parquet");
    if !is_named_so && !begins_as_parquet(path)? {
        return Ok(None);
    }
    let table = ShardTable::open(path, TELLING, code)?;
    match table.has().as_slice() {
        [true, ..] => Ok(Some(ShardKind::Gnomad)),
        [_, true] => Ok(Some(ShardKind::Clinvar)),
        _ => Err(table
            .source()
            .damaged("a column is missing")
            .with_detail("column", "af_global or clinical_significance")),
    }
}

fn begins_as_parquet(path: &Path) -> Result<bool> {
    let mut file = open(path)?;
    // A pipe can be read once only, by whoever reads the VCF in it.
    if !file.metadata().map_err(io_error_at(path))?.is_file() {
        return Ok(false);
    }
    let mut first = [0; 4];
    Ok(file.read_exact(&mut first).is_ok() && first == *MAGIC)
}
