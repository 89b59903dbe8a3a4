//! Tables of scores, as `genolewm score --format parquet` writes them.

use super::columns::{Column, ColumnKind};
use super::rows::{Cells, Rows};
use super::table::{Nature, ShardTable, text_bytes};
use genolewm_core::edit::EditSpec;
use genolewm_core::limits::{MAX_LINE_BYTES, MAX_UNPACKED_FOLD};
use genolewm_core::{ErrorCode, Result};
use std::collections::BTreeMap;
use std::path::Path;

const COLUMNS: &[Column] = &[
    Column::required("chrom", ColumnKind::Text),
    Column::required("pos", ColumnKind::Integer),
    Column::required("ref", ColumnKind::Text),
    Column::required("alt", ColumnKind::Text),
    Column::required("status", ColumnKind::Text),
    Column::required("sigma_raw", ColumnKind::Number),
    Column::required("sigma_calibrated", ColumnKind::Number),
    Column::required("bucket_id", ColumnKind::Text),
    Column::required("confidence", ColumnKind::Number),
    Column::required("low_confidence", ColumnKind::Flag),
    Column::optional("scored_as", ColumnKind::Text),
    Column::optional("displacement", ColumnKind::Number),
];

const SCORES: Nature = Nature {
    what: "a table of scores",
    remedy: "give the Parquet file that `genolewm score` wrote",
    batch_rows: 8192,
    longest: MAX_LINE_BYTES,
    fold: MAX_UNPACKED_FOLD,
    cost: text_bytes,
};

/// The rows of a table of scores in their order, each by the names of its columns: text, with the
/// digits of numbers that give them back. After an error there is none.
///
/// # Errors
/// `RESOURCE.GENERIC` when the file cannot be read, `INPUT.GENERIC` when it is no table of scores.
pub fn score_rows(
    path: &Path,
) -> Result<impl Iterator<Item = Result<BTreeMap<&'static str, String>>>> {
    let code = ErrorCode::InputGeneric;
    let table = ShardTable::open_as(&SCORES, path, COLUMNS, code, |column| column.to_owned())?;
    Ok(Rows::of(table, |cells| Ok(read(cells))))
}

/// What the metadata of a table of scores say under a key.
///
/// # Errors
/// As [`score_rows`].
pub fn score_note(path: &Path, key: &str) -> Result<Option<String>> {
    let code = ErrorCode::InputGeneric;
    let table = ShardTable::open_as(&SCORES, path, COLUMNS, code, |column| column.to_owned())?;
    Ok(table.note(key))
}

/// What a score that is known is found by, and what is taken of it.
#[derive(Debug, Clone)]
pub struct KnownScore {
    /// The edit that was scored.
    pub edit: EditSpec,
    /// What its receipt's `input_commitment` begins with.
    pub input_prefix: i64,
    /// Its raw surprise.
    pub sigma_raw: f64,
    /// `1 - cos(prediction, reference state)`.
    pub displacement: f64,
}

/// The scores of a table whose rows say what they are of; rows without a score are left out.
///
/// # Errors
/// As [`score_rows`].
pub fn known_scores(path: &Path) -> Result<impl Iterator<Item = Result<KnownScore>>> {
    const KNOWN: &[Column] = &[
        Column::required("chrom", ColumnKind::Text),
        Column::required("pos", ColumnKind::Integer),
        Column::required("ref", ColumnKind::Text),
        Column::required("alt", ColumnKind::Text),
        Column::required("sigma_raw", ColumnKind::Number),
        Column::required("displacement", ColumnKind::Number),
        Column::required("scored_as", ColumnKind::Text),
        Column::required("input_prefix", ColumnKind::Integer),
    ];
    let code = ErrorCode::InputGeneric;
    let table = ShardTable::open_as(&SCORES, path, KNOWN, code, |column| column.to_owned())?;
    Ok(Rows::of(table, known).filter_map(Result::transpose))
}

fn known(cells: &Cells<'_>) -> Result<Option<KnownScore>> {
    if cells.optional_number("sigma_raw").is_none() {
        return Ok(None);
    }
    let parsed = |edit: String| {
        let edit: Result<EditSpec> = edit.parse();
        edit.map_err(|error| cells.wrong(error.message(), "scored_as"))
    };
    Ok(Some(KnownScore {
        edit: cells
            .optional_text("scored_as")
            .map_or_else(|| cells.edit(), parsed)?,
        input_prefix: cells.integer("input_prefix")?,
        sigma_raw: cells.finite("sigma_raw")?,
        displacement: cells.finite("displacement")?,
    }))
}

fn read(cells: &Cells<'_>) -> BTreeMap<&'static str, String> {
    let cell = |column: &Column| Some((column.name, cells.shown(column.name)?));
    COLUMNS.iter().filter_map(cell).collect()
}
