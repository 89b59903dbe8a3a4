//! A shard: rows as a Parquet file, in the columns that the Python package writes.
//!
//! Every field is nullable, as other writers make it; in fact none is null. Source of the schema: a
//! file of geno-lewm 0.2.1 (`_arrow_schema` in its `encoder/cache.py`).

use super::record::{CACHE_SCHEMA_VERSION, WindowCacheRecord};
use crate::shards::write_column;
use genolewm_core::{Error, ErrorCode, Result};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType,
    Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use std::path::Path;
use std::sync::Arc;

const SCHEMA: &str = "message schema {
    OPTIONAL BYTE_ARRAY chrom (STRING);
    OPTIONAL INT64 start_bp;
    OPTIONAL INT64 end_bp;
    OPTIONAL FIXED_LEN_BYTE_ARRAY (32) window_hash;
    OPTIONAL FIXED_LEN_BYTE_ARRAY (32) encoder_hash;
    OPTIONAL INT32 state_layer (INTEGER(8,true));
    OPTIONAL BYTE_ARRAY pool_type (STRING);
    OPTIONAL INT32 pool_radius;
    OPTIONAL BYTE_ARRAY dtype (STRING);
    OPTIONAL GROUP embedding (LIST) {
        REPEATED GROUP list { OPTIONAL FIXED_LEN_BYTE_ARRAY (2) element (FLOAT16); }
    }
    OPTIONAL BOOLEAN untargeted;
    OPTIONAL INT64 created_at;
    OPTIONAL BYTE_ARRAY schema_version (STRING);
}";

/// Level of compression that the Python package uses.
const ZSTD_LEVEL: i32 = 9;

type ParquetResult<T> = std::result::Result<T, ParquetError>;
type ShardGroup<'a> = SerializedRowGroupWriter<'a, Vec<u8>>;

/// The rows as the bytes of a file, one row group. The same rows give the same bytes.
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
        .set_column_statistics_enabled(values, EnabledStatistics::None);
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))?;
    let mut group = file.next_row_group()?;
    write_columns(&mut group, records)?;
    group.close()?;
    file.into_inner()
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
    flat::<ByteArrayType>(group, records, |row| text(row.key.dtype.as_str()))?;
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
    write_column::<T>(group, &values, Some(&vec![1; values.len()]), None)
}

fn embeddings(group: &mut ShardGroup<'_>, records: &[WindowCacheRecord]) -> ParquetResult<()> {
    let (mut values, mut repetitions) = (Vec::new(), Vec::new());
    for row in records {
        for (index, value) in row.embedding.halves().iter().enumerate() {
            values.push(bytes(&value.to_le_bytes()));
            repetitions.push(i16::from(index > 0));
        }
    }
    // The list is there, has an element here, and that element is there.
    let definitions = vec![3; values.len()];
    write_column::<FixedLenByteArrayType>(group, &values, Some(&definitions), Some(&repetitions))
}
