//! A shard: rows as a Parquet file, in the columns that the Python package writes.
//!
//! Layout 3.0.0: states in f32, as they were pooled; only the centre's row may be null.

use super::record::{CACHE_SCHEMA_VERSION, WindowCacheRecord};
use crate::shards::write_column;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use genolewm_core::{Error, ErrorCode, Result};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType,
    FloatType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use std::path::Path;
use std::sync::Arc;

const SCHEMA: &str = "message schema {
    REQUIRED BYTE_ARRAY chrom (STRING);
    REQUIRED INT64 start_bp;
    REQUIRED INT64 end_bp;
    REQUIRED FIXED_LEN_BYTE_ARRAY (32) window_hash;
    REQUIRED FIXED_LEN_BYTE_ARRAY (32) encoder_hash;
    REQUIRED INT32 state_layer (INTEGER(8,true));
    REQUIRED BYTE_ARRAY pool_type (STRING);
    REQUIRED INT32 pool_radius;
    OPTIONAL INT32 center_token;
    REQUIRED BYTE_ARRAY dtype (STRING);
    REQUIRED BYTE_ARRAY storage_dtype (STRING);
    REQUIRED GROUP embedding (LIST) {
        REPEATED GROUP list { REQUIRED FLOAT element; }
    }
    REQUIRED BOOLEAN untargeted;
    REQUIRED INT64 created_at;
    REQUIRED BYTE_ARRAY schema_version (STRING);
}";

/// What the states of the present layout are stored as.
pub(super) const STORAGE_DTYPE: &str = "fp32";

/// The Arrow schema of these columns as a message of Arrow's IPC format, which Parquet files of Arrow
/// carry: readers tell a list of fixed size by nothing else. As pyarrow 26.0.1 writes it, for states
/// of width 7.
const ARROW_SCHEMA: &[u8] = include_bytes!("arrow_schema.bin");
/// Where in it the width stands, 4 bytes, the lowest first.
const ARROW_WIDTH: std::ops::Range<usize> = 308..312;
/// The key under which it stands.
const ARROW_KEY: &str = "ARROW:schema";

/// Rows of a row group.
const GROUP_ROWS: usize = 1_024;

/// Level of compression that the Python package uses.
const ZSTD_LEVEL: i32 = 9;

type ParquetResult<T> = std::result::Result<T, ParquetError>;
type ShardGroup<'a> = SerializedRowGroupWriter<'a, Vec<u8>>;

/// The rows as the bytes of a file. The same rows give the same bytes.
///
/// # Errors
/// `INTERNAL.GENERIC` when the encoder fails, which valid rows give no cause for.
pub(super) fn encode(records: &[WindowCacheRecord]) -> Result<Vec<u8>> {
    write_file(records).map_err(|error| {
        Error::new(
            ErrorCode::InternalGeneric,
            "a cache shard could not be encoded",
        )
        .with_detail("cause", error)
        .with_remedy("report this, with the command that was run")
    })
}

/// A shard that does not hold what it should. `what` completes the sentence "the cache shard …".
pub(super) fn corrupt(path: &Path, what: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorCode::ResourceCacheCorrupt,
        format!("the cache shard {what}"),
    )
    .with_detail("shard_path", path.display())
    .with_remedy(
        "run `genolewm cache-windows --repair`: it moves what cannot be read aside and keeps the rest",
    )
}

fn write_file(records: &[WindowCacheRecord]) -> ParquetResult<Vec<u8>> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let values = ColumnPath::new(["embedding", "list", "element"].map(str::to_owned).to_vec());
    // Neither a dictionary nor a least value helps where no two values are alike.
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_column_dictionary_enabled(values.clone(), false)
        .set_column_statistics_enabled(values, EnabledStatistics::None)
        .set_key_value_metadata(Some(vec![KeyValue::new(
            ARROW_KEY.to_owned(),
            arrow_schema(records),
        )]));
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))?;
    for rows in records.chunks(GROUP_ROWS) {
        let mut group = file.next_row_group()?;
        write_columns(&mut group, rows)?;
        group.close()?;
    }
    file.into_inner()
}

/// The Arrow schema for states of these rows' width, as text.
fn arrow_schema(records: &[WindowCacheRecord]) -> String {
    let width = records
        .first()
        .map_or(0, |row| row.embedding.values().len());
    let width = i32::try_from(width).unwrap_or(i32::MAX).to_le_bytes();
    let mut schema = ARROW_SCHEMA.to_vec();
    if let Some(place) = schema.get_mut(ARROW_WIDTH) {
        place.copy_from_slice(&width);
    }
    STANDARD.encode(&schema)
}

/// Writes the columns in the schema's order.
fn write_columns(group: &mut ShardGroup<'_>, records: &[WindowCacheRecord]) -> ParquetResult<()> {
    flat::<ByteArrayType>(group, records, |row| text(&row.chrom))?;
    flat::<Int64Type>(group, records, |row| row.start_bp)?;
    flat::<Int64Type>(group, records, |row| row.end_bp)?;
    flat::<FixedLenByteArrayType>(group, records, |row| bytes(&row.key.window_hash))?;
    flat::<FixedLenByteArrayType>(group, records, |row| bytes(&row.key.encoder_hash))?;
    flat::<Int32Type>(group, records, |row| i32::from(row.key.state_layer))?;
    flat::<ByteArrayType>(group, records, |row| text(row.key.pool_type.as_str()))?;
    // Checked before: a radius fits.
    flat::<Int32Type>(group, records, |row| row.key.pool_radius.cast_signed())?;
    centers(group, records)?;
    flat::<ByteArrayType>(group, records, |row| text(row.key.dtype.as_str()))?;
    flat::<ByteArrayType>(group, records, |_| text(STORAGE_DTYPE))?;
    embeddings(group, records)?;
    flat::<BoolType>(group, records, |row| row.untargeted)?;
    flat::<Int64Type>(group, records, |row| row.created_at)?;
    flat::<ByteArrayType>(group, records, |_| text(CACHE_SCHEMA_VERSION))
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text.as_bytes().to_vec())
}

fn bytes(bytes: &[u8]) -> FixedLenByteArray {
    FixedLenByteArray::from(bytes.to_vec())
}

fn flat<T: DataType>(
    group: &mut ShardGroup<'_>,
    records: &[WindowCacheRecord],
    value: impl Fn(&WindowCacheRecord) -> T::T,
) -> ParquetResult<()> {
    let values: Vec<T::T> = records.iter().map(value).collect();
    write_column::<T>(group, &values, None, None)
}

fn centers(group: &mut ShardGroup<'_>, records: &[WindowCacheRecord]) -> ParquetResult<()> {
    let centers = || records.iter().map(|row| row.key.center_token);
    // Checked before: a row's number fits.
    let values: Vec<i32> = centers().flatten().map(u32::cast_signed).collect();
    let definitions: Vec<i16> = centers()
        .map(|center| i16::from(center.is_some()))
        .collect();
    write_column::<Int32Type>(group, &values, Some(&definitions), None)
}

fn embeddings(group: &mut ShardGroup<'_>, records: &[WindowCacheRecord]) -> ParquetResult<()> {
    let (mut values, mut repetitions) = (Vec::new(), Vec::new());
    for row in records {
        for (index, value) in row.embedding.values().iter().enumerate() {
            values.push(*value);
            repetitions.push(i16::from(index > 0));
        }
    }
    // The list has an element here.
    let definitions = vec![1; values.len()];
    write_column::<FloatType>(group, &values, Some(&definitions), Some(&repetitions))
}
