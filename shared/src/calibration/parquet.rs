//! The calibration table as a Parquet file: the columns of `docs/formats.md`, and nothing else.
//!
//! Lists are the standard three levels (`cdf.list.element`), every field is nullable as other
//! writers make it, and only `back_off_to` may in fact be null.
//!
//! The Python package refuses columns and buckets that it does not know. Buckets of kinds of edits are
//! therefore a table of their own, a file of the same layout between this one's rows and its footer,
//! which says where: readers of Parquet pass over what no column lies in.

use super::decode::{Plain, StoredColumn};
use super::parquet_check::{check_pages, in_memory, open_checked};
use super::table::{
    CALIBRATION_SCHEMA_VERSION, CalibrationBucket, CalibrationTable, MAX_GRID_SIZE,
};
use crate::context::kind_and_context;
use crate::{Error, ErrorCode, Result};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use parquet::basic::{Compression, Type as PhysicalType, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{ChunkReader, FileReader, RowGroupReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

/// The schema of the file.
const SCHEMA: &str = "
    message schema {
        OPTIONAL BYTE_ARRAY bucket_id (STRING);
        OPTIONAL INT64 n_calibration;
        OPTIONAL GROUP cdf (LIST) { REPEATED GROUP list { OPTIONAL FLOAT element; } }
        OPTIONAL GROUP sigma_grid (LIST) { REPEATED GROUP list { OPTIONAL FLOAT element; } }
        OPTIONAL BYTE_ARRAY back_off_to (STRING);
        OPTIONAL BYTE_ARRAY schema_version (STRING);
    }
";

/// Each column's name, physical type, and whether it is a list.
const COLUMNS: [(&str, PhysicalType, bool); 6] = [
    ("bucket_id", PhysicalType::BYTE_ARRAY, false),
    ("n_calibration", PhysicalType::INT64, false),
    ("cdf", PhysicalType::FLOAT, true),
    ("sigma_grid", PhysicalType::FLOAT, true),
    ("back_off_to", PhysicalType::BYTE_ARRAY, false),
    ("schema_version", PhysicalType::BYTE_ARRAY, false),
];

/// Most buckets of a table; there are fewer contexts than this, for each kind of edit.
const MAX_BUCKETS: usize = 1 << 11;

/// The metadata that says at which bytes the table of kinds lies, `START-END`.
const KINDS_KEY: &str = "genolewm.kinds";
/// The metadata with [`CalibrationTable::made_for`].
const MADE_FOR_KEY: &str = "genolewm.made_for";

/// Reads a table from the bytes of its file. Whatever the bytes are, memory stays bounded.
///
/// # Errors
/// `CONFIG.SCHEMA_INCOMPAT` for bytes that are not a Parquet file of the table's columns and
/// version; `INPUT.GENERIC` for buckets that make no sense (see [`CalibrationBucket::new`]).
pub fn read_calibration_table(bytes: &[u8]) -> Result<CalibrationTable> {
    let mut buckets = Vec::new();
    let metadata = read_file(bytes, &mut buckets)?;
    if let Some(place) = said(&metadata, KINDS_KEY) {
        let kinds = range(place).and_then(|range| bytes.get(range));
        let kinds = kinds.ok_or_else(|| unreadable("its table of kinds lies nowhere"))?;
        read_file(kinds, &mut buckets)?;
    }
    let made_for = said(&metadata, MADE_FOR_KEY).map(ToString::to_string);
    Ok(CalibrationTable::new(buckets, Vec::new())?.for_states(made_for))
}

/// Adds the buckets of one file.
fn read_file(bytes: &[u8], buckets: &mut Vec<CalibrationBucket>) -> Result<ParquetMetaData> {
    let file = in_memory(bytes);
    let reader = open_checked(file.clone()).map_err(refused)?;
    check_columns(reader.metadata())?;
    check_sizes(reader.metadata(), &file)?;
    for index in 0..reader.num_row_groups() {
        let group = reader.get_row_group(index).map_err(refused)?;
        read_row_group(group.as_ref(), buckets)?;
    }
    Ok(reader.metadata().clone())
}

/// What a file's metadata say under a key.
fn said<'a>(metadata: &'a ParquetMetaData, key: &str) -> Option<&'a str> {
    let pairs = metadata.file_metadata().key_value_metadata()?;
    pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
}

/// `START-END`.
fn range(text: &str) -> Option<Range<usize>> {
    let (start, end) = text.split_once('-')?;
    Some(start.parse().ok()?..end.parse().ok()?)
}

/// Writes a table as the bytes of a file. The same table gives the same bytes.
///
/// # Errors
/// `INPUT.GENERIC` for a surprise beyond the range of f32; `INTERNAL.GENERIC` when the encoder
/// fails.
pub fn write_calibration_table(table: &CalibrationTable) -> Result<Vec<u8>> {
    let (kinds, contexts): (Vec<_>, Vec<_>) = table
        .buckets()
        .partition(|bucket| kind_and_context(bucket.bucket_id()).0.is_some());
    let kinds = match kinds.is_empty() {
        true => None,
        false => Some(encode(&FileColumns::new(&kinds)?, None, None).map_err(not_encoded)?),
    };
    let contexts = FileColumns::new(&contexts)?;
    encode(&contexts, kinds.as_deref(), table.made_for()).map_err(not_encoded)
}

fn not_encoded(error: ParquetError) -> Error {
    let message = "the calibration table could not be encoded";
    Error::new(ErrorCode::InternalGeneric, message)
        .with_detail("cause", &error)
        .with_source(error)
}

fn check_columns(metadata: &ParquetMetaData) -> Result<()> {
    let schema = metadata.file_metadata().schema_descr();
    let fits = schema.num_columns() == COLUMNS.len()
        && schema
            .columns()
            .iter()
            .zip(COLUMNS)
            .all(|(column, (name, physical, list))| {
                let parts = column.path().parts();
                let path_fits = if list {
                    parts.len() == 3
                } else {
                    parts.len() == 1
                };
                path_fits
                    && parts.first().is_some_and(|part| part == name)
                    && column.physical_type() == physical
                    && column.max_rep_level() == i16::from(list)
            });
    if fits {
        Ok(())
    } else {
        Err(unreadable("its columns are not those of the table"))
    }
}

/// Checks, before anything is decoded, that decoding takes no more than a table can need.
fn check_sizes(metadata: &ParquetMetaData, file: &impl ChunkReader) -> Result<()> {
    let rows = metadata
        .row_groups()
        .iter()
        .map(|group| usize::try_from(group.num_rows()));
    let total = rows
        .clone()
        .try_fold(0_usize, |sum, rows| sum.checked_add(rows.ok()?));
    if total.is_none_or(|total| total > MAX_BUCKETS) || rows.len() > MAX_BUCKETS {
        return Err(unreadable(format!("it has more than {MAX_BUCKETS} rows")));
    }
    for group in metadata.row_groups() {
        let columns = (0..COLUMNS.len()).map(|index| (index, most_values(group, index) as u64));
        check_pages(file, group, columns).map_err(refused)?;
    }
    Ok(())
}

/// Values that a column may have in a group of rows.
fn most_values(group: &RowGroupMetaData, index: usize) -> usize {
    let rows = usize::try_from(group.num_rows()).unwrap_or(0);
    match COLUMNS.get(index) {
        Some((_, _, true)) => rows.saturating_mul(MAX_GRID_SIZE),
        _ => rows,
    }
}

fn read_row_group(group: &dyn RowGroupReader, buckets: &mut Vec<CalibrationBucket>) -> Result<()> {
    let ids = read_flat::<String>(group, 0)?;
    let counts = read_flat::<i64>(group, 1)?;
    let cdfs = read_lists(group, 2)?;
    let grids = read_lists(group, 3)?;
    let parents = read_flat::<String>(group, 4)?;
    let versions = read_flat::<String>(group, 5)?;
    let present = |what: &str| unreadable(format!("{what} is null"));
    let rows = ids
        .into_iter()
        .zip(counts)
        .zip(cdfs)
        .zip(grids)
        .zip(parents)
        .zip(versions);
    for (((((id, count), cdf), grid), parent), version) in rows {
        if version.as_deref() != Some(CALIBRATION_SCHEMA_VERSION) {
            return Err(unreadable(format!(
                "its schema version is {version:?}; this program reads \
                 {CALIBRATION_SCHEMA_VERSION:?}"
            )));
        }
        let count = count.ok_or_else(|| present("n_calibration"))?;
        let count = u64::try_from(count).map_err(|_| Error::input("n_calibration is negative"))?;
        let id = id.ok_or_else(|| present("bucket_id"))?;
        buckets.push(CalibrationBucket::new(&id, count, cdf, grid, parent)?);
    }
    Ok(())
}

fn read_column<T: Plain>(
    group: &dyn RowGroupReader,
    index: usize,
) -> Result<(StoredColumn<T>, usize)> {
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
    let limit = most_values(group.metadata(), index);
    let mut pages = group.get_column_page_reader(index).map_err(refused)?;
    let descriptor = group.metadata().column(index).column_descr();
    let column = StoredColumn::read(pages.as_mut(), descriptor, limit).map_err(unreadable)?;
    Ok((column, rows))
}

/// The rows of a column without lists.
fn read_flat<T: Plain>(group: &dyn RowGroupReader, index: usize) -> Result<Vec<Option<T>>> {
    let (column, rows) = read_column::<T>(group, index)?;
    if column.definitions.len() != rows {
        return Err(unreadable("a column has too few rows"));
    }
    let mut values = column.values.into_iter();
    let row = |level| {
        if level == column.present {
            values.next()
        } else {
            None
        }
    };
    Ok(column.definitions.into_iter().map(row).collect())
}

fn read_lists(group: &dyn RowGroupReader, index: usize) -> Result<Vec<Vec<f64>>> {
    let (column, rows) = read_column::<f32>(group, index)?;
    if column
        .definitions
        .iter()
        .any(|&level| level != column.present)
    {
        return Err(unreadable("a list is empty or holds nulls"));
    }
    let mut lists: Vec<Vec<f64>> = Vec::new();
    for (&level, &value) in column.repetitions.iter().zip(&column.values) {
        if level == 0 {
            lists.push(Vec::new());
        }
        match lists.last_mut() {
            Some(list) if list.len() < MAX_GRID_SIZE => list.push(f64::from(value)),
            _ => return Err(unreadable("a list is too long")),
        }
    }
    if lists.len() == rows {
        Ok(lists)
    } else {
        Err(unreadable("a list is missing"))
    }
}

/// The table, turned into what the file holds column by column.
struct FileColumns {
    ids: Vec<ByteArray>,
    counts: Vec<i64>,
    cdfs: ListColumn,
    grids: ListColumn,
    parents: Vec<ByteArray>,
    has_parent: Vec<i16>,
    versions: Vec<ByteArray>,
}

#[derive(Default)]
struct ListColumn {
    values: Vec<f32>,
    repetitions: Vec<i16>,
}

impl ListColumn {
    fn push(&mut self, list: &[f64]) -> Result<()> {
        for (index, &value) in list.iter().enumerate() {
            let narrow = value as f32;
            if !narrow.is_finite() {
                return Err(Error::input("a surprise is beyond the range of f32")
                    .with_detail("sigma_raw", value));
            }
            self.values.push(narrow);
            self.repetitions.push(i16::from(index > 0));
        }
        Ok(())
    }
}

impl FileColumns {
    fn new(buckets: &[&CalibrationBucket]) -> Result<Self> {
        let text = |text: &str| ByteArray::from(text.as_bytes().to_vec());
        let each = || buckets.iter();
        let mut columns = Self {
            ids: each().map(|bucket| text(bucket.bucket_id())).collect(),
            counts: Vec::new(),
            cdfs: ListColumn::default(),
            grids: ListColumn::default(),
            parents: each().filter_map(|b| b.back_off_to().map(text)).collect(),
            has_parent: each()
                .map(|b| i16::from(b.back_off_to().is_some()))
                .collect(),
            versions: each().map(|_| text(CALIBRATION_SCHEMA_VERSION)).collect(),
        };
        for bucket in buckets {
            let rows = i64::try_from(bucket.n_calibration())
                .map_err(|_| Error::input("a bucket has more rows than a file can say"))?;
            columns.counts.push(rows);
            columns.cdfs.push(bucket.cdf())?;
            columns.grids.push(bucket.sigma_grid())?;
        }
        Ok(columns)
    }
}

type Encoded<T> = core::result::Result<T, parquet::errors::ParquetError>;

fn encode(columns: &FileColumns, kinds: Option<&[u8]>, made_for: Option<&str>) -> Encoded<Vec<u8>> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()));
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))?;
    let mut group = file.next_row_group()?;
    let all = vec![1; columns.ids.len()];
    write_column::<ByteArrayType>(&mut group, &columns.ids, &all, None)?;
    write_column::<Int64Type>(&mut group, &columns.counts, &all, None)?;
    for list in [&columns.cdfs, &columns.grids] {
        // The list is present, has an element here, and that element is present.
        let levels = vec![3; list.values.len()];
        write_column::<FloatType>(&mut group, &list.values, &levels, Some(&list.repetitions))?;
    }
    write_column::<ByteArrayType>(&mut group, &columns.parents, &columns.has_parent, None)?;
    write_column::<ByteArrayType>(&mut group, &columns.versions, &all, None)?;
    group.close()?;
    let say = |file: &mut SerializedFileWriter<_>, key: &str, value: String| {
        file.append_key_value_metadata(KeyValue::new(key.to_string(), value));
    };
    if let Some(kinds) = kinds {
        let start = file.bytes_written();
        file.write_all(kinds)?;
        let end = file.bytes_written();
        say(&mut file, KINDS_KEY, format!("{start}-{end}"));
    }
    if let Some(made_for) = made_for {
        say(&mut file, MADE_FOR_KEY, made_for.to_string());
    }
    file.into_inner()
}

fn write_column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
    definitions: &[i16],
    repetitions: Option<&[i16]>,
) -> Encoded<()> {
    if let Some(mut column) = group.next_column()? {
        column
            .typed::<T>()
            .write_batch(values, Some(definitions), repetitions)?;
        column.close()?;
    }
    Ok(())
}

fn refused(error: ParquetError) -> Error {
    unreadable(&error).with_source(error)
}

fn unreadable(cause: impl fmt::Display) -> Error {
    let message = format!("the calibration table cannot be read: {cause}");
    Error::new(ErrorCode::ConfigSchemaIncompat, message)
        .with_remedy("fetch the model directory again, or calibrate again")
}
