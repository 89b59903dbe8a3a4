//! Reading a shard of Parquet, whoever wrote it and whatever became of it since.

use super::key::{Sha256Bytes, WindowCacheKey};
use super::record::{Embedding, Shard, ShardFormat, WindowCacheRecord};
use super::shard::{STORAGE_DTYPE, corrupt};
use crate::shards::cause::system_cause;
use genolewm_core::Result;
use genolewm_core::calibration::parquet_check::{check_pages, open_checked};
use genolewm_core::limits::{MAX_HELD_BYTES, MAX_HELD_FOLD, MAX_STATES_NUMBERS};
use genolewm_report::guard::guarded;
use genolewm_report::output::{io_error_at, open};
use half::f16;
use parquet::basic::Type as Physical;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{
    AsBytes, BoolType, ByteArrayType, DataType, FixedLenByteArrayType, FloatType, Int32Type,
    Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::schema::types::SchemaDescriptor;
use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

/// Name, physical type and, where the type has one, length of each column that a shard must have. That
/// of states is another in each layout.
const COLUMNS: [(&str, Physical, i32); 13] = [
    ("chrom", Physical::BYTE_ARRAY, 0),
    ("start_bp", Physical::INT64, 0),
    ("end_bp", Physical::INT64, 0),
    ("window_hash", Physical::FIXED_LEN_BYTE_ARRAY, 32),
    ("encoder_hash", Physical::FIXED_LEN_BYTE_ARRAY, 32),
    ("state_layer", Physical::INT32, 0),
    ("pool_type", Physical::BYTE_ARRAY, 0),
    ("pool_radius", Physical::INT32, 0),
    (CENTER, Physical::INT32, 0),
    ("dtype", Physical::BYTE_ARRAY, 0),
    ("untargeted", Physical::BOOLEAN, 0),
    ("created_at", Physical::INT64, 0),
    ("schema_version", Physical::BYTE_ARRAY, 0),
];
const EMBEDDING: &str = "embedding";
const CENTER: &str = "center_token";
/// What only the present layout has.
const STORAGE: &str = "storage_dtype";

/// Values of a column that are there, and the definition and repetition levels of all rows.
type Levels<T> = (Vec<T>, Vec<i16>, Vec<i16>);
type Decoded<T> = std::result::Result<T, ParquetError>;

/// A shard of either layout.
///
/// # Errors
/// `RESOURCE.CACHE_CORRUPT` when it is no Parquet file, is of layout 1.0.0, lacks a column, has two rows of one key, or
/// a row that [`WindowCacheRecord::check`] refuses; `RESOURCE.GENERIC` when the file system fails,
/// which says nothing about the shard.
pub(super) fn read(path: &Path) -> Result<Shard> {
    let file = open(path)?;
    // The decoders of the Parquet crate panic on some damaged pages. A damaged file is what
    // `--repair` is for, so it must not end the program.
    let decoded = guarded(|| decode(file)).ok_or_else(|| corrupt(path, "cannot be decoded"))?;
    decoded.map_err(|error| match system_cause(error) {
        Ok(error) => io_error_at(path)(error),
        Err(cause) => corrupt(path, "cannot be read").with_detail("cause", cause),
    })
}

fn fault(what: impl Into<String>) -> ParquetError {
    ParquetError::General(what.into())
}

fn decode(file: File) -> Decoded<Shard> {
    let again = file.try_clone()?;
    let size = file.metadata()?.len();
    let mut left = size.saturating_mul(MAX_HELD_FOLD as u64);
    left = left.saturating_add(MAX_HELD_BYTES as u64);
    let reader = open_checked(again)?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let format = format(schema)?;
    let own: &[(&str, Physical, i32)] = match format {
        ShardFormat::V2 => &[(EMBEDDING, Physical::FIXED_LEN_BYTE_ARRAY, 2)],
        ShardFormat::V3 => &[
            (EMBEDDING, Physical::FLOAT, 0),
            (STORAGE, Physical::BYTE_ARRAY, 0),
        ],
    };
    let places = COLUMNS
        .iter()
        .chain(own)
        .map(|&(name, physical, length)| Ok((name, find(schema, name, physical, length)?)))
        .collect::<Decoded<Vec<_>>>()?;
    let mut records = Vec::new();
    for index in 0..reader.num_row_groups() {
        let group = reader.get_row_group(index)?;
        let columns = Columns {
            group: group.as_ref(),
            format,
            places: &places,
            rows: usize::try_from(group.metadata().num_rows())?,
        };
        columns.check(&file, size)?;
        let first = records.len();
        columns.read(&mut records)?;
        let read = records.iter().skip(first).map(held_bytes).sum();
        left = left
            .checked_sub(read)
            .ok_or_else(|| fault("it takes far more than it holds"))?;
    }
    let mut keys = HashSet::new();
    if !records.iter().all(|row| keys.insert(row.key)) {
        return Err(fault("two rows have the same key"));
    }
    let width = |row: &WindowCacheRecord| row.embedding.values().len();
    if !records.is_sorted_by(|one, next| width(one) == width(next)) {
        return Err(fault("its states differ in width"));
    }
    Ok(Shard { format, records })
}

/// Which layout the columns are of.
fn format(schema: &SchemaDescriptor) -> Decoded<ShardFormat> {
    let has = |name: &str| {
        let mut columns = schema.columns().iter();
        columns.any(|column| {
            column
                .path()
                .parts()
                .first()
                .is_some_and(|part| part == name)
        })
    };
    match (has(STORAGE), has(CENTER)) {
        (true, _) => Ok(ShardFormat::V3),
        (false, true) => Ok(ShardFormat::V2),
        (false, false) => Err(fault(
            "it is of version 1.0.0, whose rows do not say around which row they were pooled: set \
             such shards aside with `genolewm cache-windows --repair`, and encode the windows again \
             with --build",
        )),
    }
}

/// The place of a column, which must be of the type that it should have: the typed readers panic
/// on any other.
fn find(schema: &SchemaDescriptor, name: &str, physical: Physical, length: i32) -> Decoded<usize> {
    let named = |column: &parquet::schema::types::ColumnDescPtr| {
        let first = column.path().parts().first();
        first.is_some_and(|part| part == name)
    };
    let place = schema.columns().iter().position(named);
    let place = place.ok_or_else(|| fault(format!("there is no column {name}")))?;
    let column = schema.column(place);
    let nesting = i16::from(name == EMBEDDING);
    let fits = column.physical_type() == physical
        && (length == 0 || column.type_length() == length)
        && column.max_rep_level() == nesting;
    match fits {
        true => Ok(place),
        false => Err(fault(format!("the column {name} has another type"))),
    }
}

/// The columns of a row group.
struct Columns<'a> {
    group: &'a dyn RowGroupReader,
    format: ShardFormat,
    /// Where each column is in the file.
    places: &'a [(&'static str, usize)],
    rows: usize,
}

/// A column's values, none of which may be null, and the level of repetition of each.
type Values<T> = (Vec<T>, Vec<i16>);

fn held_bytes(record: &WindowCacheRecord) -> u64 {
    let numbers = size_of_val(record.embedding.values());
    (size_of::<WindowCacheRecord>() + record.chrom.len() + numbers) as u64
}

impl Columns<'_> {
    /// Looks at the pages before they are decoded. Numbers of states hardly pack.
    fn check(&self, file: &File, size: u64) -> Decoded<()> {
        let rows = self.rows as u64;
        let numbers = (size - size / 8 * 3).saturating_add(MAX_STATES_NUMBERS as u64);
        if rows > numbers / 64 {
            return Err(fault("it has far more rows than it can hold"));
        }
        let columns = self.places.iter().map(|&(name, place)| match name {
            EMBEDDING => (place, numbers),
            _ => (place, rows),
        });
        check_pages(file, self.group.metadata(), columns)
    }

    fn read(&self, records: &mut Vec<WindowCacheRecord>) -> Decoded<()> {
        let first = records.len();
        let chroms = self.texts("chrom")?.into_iter();
        let starts = self.flat::<Int64Type>("start_bp")?;
        let ends = self.flat::<Int64Type>("end_bp")?;
        let untargeted = self.flat::<BoolType>("untargeted")?;
        let created = self.flat::<Int64Type>("created_at")?;
        let versions = self.texts("schema_version")?;
        let wanted = self.format.version();
        if let Some(version) = versions.iter().find(|of| *of != wanted) {
            return Err(fault(format!(
                "its version is {version:?}; its columns are those of {wanted:?}"
            )));
        }
        if self.format == ShardFormat::V3
            && self.texts(STORAGE)?.iter().any(|of| of != STORAGE_DTYPE)
        {
            return Err(fault("its states are stored in another format than fp32"));
        }
        let rows = chroms.zip(starts).zip(ends).zip(untargeted).zip(created);
        let states = self.keys()?.into_iter().zip(self.embeddings()?);
        for (row, (key, embedding)) in rows.zip(states) {
            let ((((chrom, start_bp), end_bp), untargeted), created_at) = row;
            let record = WindowCacheRecord {
                chrom,
                start_bp,
                end_bp,
                key,
                embedding,
                untargeted,
                created_at,
            };
            let number = records.len();
            let checked = record.check();
            checked.map_err(|error| fault(format!("row {number}: {}", error.message())))?;
            records.push(record);
        }
        match records.len() - first == self.rows {
            true => Ok(()),
            false => Err(fault("a column has too few rows")),
        }
    }

    fn keys(&self) -> Decoded<Vec<WindowCacheKey>> {
        let windows = self.hashes("window_hash")?;
        let encoders = self.hashes("encoder_hash")?;
        let layers = self.flat::<Int32Type>("state_layer")?;
        let pools = self.texts("pool_type")?;
        let radii = self.flat::<Int32Type>("pool_radius")?;
        let dtypes = self.texts("dtype")?;
        let rows = windows.into_iter().zip(encoders).zip(layers);
        let rows = rows.zip(pools).zip(radii).zip(self.centers()?).zip(dtypes);
        let wrong = |error: genolewm_core::Error| fault(error.message());
        rows.map(
            |((((((window_hash, encoder_hash), layer), pool), radius), center_token), dtype)| {
                Ok(WindowCacheKey {
                    window_hash,
                    encoder_hash,
                    state_layer: i8::try_from(layer)?,
                    pool_type: pool.parse().map_err(wrong)?,
                    pool_radius: u32::try_from(radius)?,
                    center_token,
                    dtype: dtype.parse().map_err(wrong)?,
                })
            },
        )
        .collect()
    }

    /// The row in the middle of each pool, if it has one.
    fn centers(&self) -> Decoded<Vec<Option<u32>>> {
        let (values, definitions, _) = self.levels::<Int32Type>(CENTER)?;
        let mut values = values.into_iter();
        // A column that may not be null has no levels.
        let present = |row: usize| definitions.get(row).is_none_or(|&level| level > 0);
        let center = |row| -> Decoded<Option<u32>> {
            match present(row).then(|| values.next()) {
                None => Ok(None),
                Some(Some(value)) => Ok(Some(u32::try_from(value)?)),
                Some(None) => Err(fault("the column center_token has too few rows")),
            }
        };
        (0..self.rows).map(center).collect()
    }

    fn embeddings(&self) -> Decoded<Vec<Embedding>> {
        let (values, repetitions): Values<f32> = match self.format {
            ShardFormat::V3 => self.values::<FloatType>(EMBEDDING)?,
            ShardFormat::V2 => {
                let (values, levels) = self.values::<FixedLenByteArrayType>(EMBEDDING)?;
                let value = |bytes: &[u8]| -> Decoded<f32> {
                    let bytes = bytes.try_into();
                    let bytes =
                        bytes.map_err(|_| fault("a value of an embedding is not an f16"))?;
                    Ok(f16::from_le_bytes(bytes).to_f32())
                };
                let values = values.iter().map(|bytes| value(bytes.as_bytes()));
                (values.collect::<Decoded<_>>()?, levels)
            }
        };
        let mut lists: Vec<Vec<f32>> = Vec::new();
        for (value, level) in values.into_iter().zip(repetitions) {
            if level == 0 {
                lists.push(Vec::new());
            }
            let list = lists.last_mut();
            list.ok_or_else(|| fault("an embedding has no beginning"))?
                .push(value);
        }
        let taken = lists.into_iter().map(Embedding::new);
        taken
            .map(|taken| taken.map_err(|error| fault(error.message())))
            .collect()
    }

    fn texts(&self, name: &str) -> Decoded<Vec<String>> {
        let texts = self.flat::<ByteArrayType>(name)?;
        let text = |bytes: &[u8]| Ok(std::str::from_utf8(bytes)?.to_owned());
        texts.iter().map(|bytes| text(bytes.as_bytes())).collect()
    }

    fn hashes(&self, name: &str) -> Decoded<Vec<Sha256Bytes>> {
        let hashes = self.flat::<FixedLenByteArrayType>(name)?;
        let wrong = |_| fault("a hash does not have 32 bytes");
        hashes
            .iter()
            .map(|bytes| Sha256Bytes::try_from(bytes.as_bytes()).map_err(wrong))
            .collect()
    }

    /// One value for each row.
    fn flat<T: DataType>(&self, name: &str) -> Decoded<Vec<T::T>> {
        self.values::<T>(name).map(|(values, _)| values)
    }

    /// Every value of a column. A row without one is a fault: there is no null in a shard.
    fn values<T: DataType>(&self, name: &str) -> Decoded<Values<T::T>> {
        let (values, definitions, repetitions) = self.levels::<T>(name)?;
        // Values of a column without nulls are as many as its levels, where it has any.
        match definitions.is_empty() || definitions.len() == values.len() {
            true => Ok((values, repetitions)),
            false => Err(fault(format!("the column {name} has nulls"))),
        }
    }

    /// The values of a column that are there, and the levels of all.
    fn levels<T: DataType>(&self, name: &str) -> Decoded<Levels<T::T>> {
        let place = self.places.iter().find(|(known, _)| *known == name);
        let (_, place) = *place.ok_or_else(|| fault(format!("there is no column {name}")))?;
        let mut reader = get_typed_column_reader::<T>(self.group.get_column_reader(place)?);
        let (mut values, mut definitions, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
        let (rows, _, _) = reader.read_records(
            self.rows,
            Some(&mut definitions),
            Some(&mut repetitions),
            &mut values,
        )?;
        match rows == self.rows {
            true => Ok((values, definitions, repetitions)),
            false => Err(fault(format!("the column {name} has too few rows"))),
        }
    }
}
