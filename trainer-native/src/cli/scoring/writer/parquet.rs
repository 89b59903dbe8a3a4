//! Parquet: the columns of the TSV, typed and compressed with zstd.

use super::ScoreWriter;
use crate::cli::common::output::Output;
use crate::cli::common::terminal::write_error;
use genolewm_model::format::{alternate, status};
use genolewm_model::scorer::{Outcome, Scored};
use genolewm_shared::source::VariantRecord;
use genolewm_shared::{Error, ErrorCode, Result};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::io;
use std::sync::Arc;

const SCHEMA: &str = "message scores {
    required binary chrom (UTF8);
    required int64 pos;
    optional binary id (UTF8);
    required binary ref (UTF8);
    required binary alt (UTF8);
    required binary status (UTF8);
    optional double sigma_raw;
    optional double sigma_calibrated;
    optional double displacement;
    optional binary bucket_id (UTF8);
    optional double confidence;
    optional boolean low_confidence;
}";

/// Alleles held in memory before they are written as one row group.
const ROW_GROUP: usize = 1 << 16;

pub(super) struct Table {
    writer: SerializedFileWriter<Output>,
    name: String,
    rows: Rows,
}

/// The columns of the current row group.
#[derive(Default)]
struct Rows {
    chrom: Vec<ByteArray>,
    pos: Vec<i64>,
    id: Optional<ByteArray>,
    reference: Vec<ByteArray>,
    alternate: Vec<ByteArray>,
    status: Vec<ByteArray>,
    raw: Optional<f64>,
    calibrated: Optional<f64>,
    displacement: Optional<f64>,
    bucket: Optional<ByteArray>,
    confidence: Optional<f64>,
    low_confidence: Optional<bool>,
}

/// Values, and for each row whether it has one.
struct Optional<T> {
    values: Vec<T>,
    levels: Vec<i16>,
}

impl<T> Default for Optional<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            levels: Vec::new(),
        }
    }
}

impl<T> Optional<T> {
    fn push(&mut self, value: Option<T>) {
        self.levels.push(i16::from(value.is_some()));
        self.values.extend(value);
    }
}

impl Table {
    pub(super) fn new(output: Output) -> Result<Self> {
        let name = output.name().to_owned();
        let properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()));
        let writer = parse_message_type(SCHEMA).and_then(|schema| {
            SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties.build()))
        });
        let writer = writer.map_err(|error| parquet_error(&name, error))?;
        Ok(Self {
            writer,
            name,
            rows: Rows::default(),
        })
    }

    fn flush(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        if rows.pos.is_empty() {
            return Ok(());
        }
        let written = self
            .writer
            .next_row_group()
            .and_then(|group| rows.write(group));
        written.map_err(|error| parquet_error(&self.name, error))
    }
}

impl ScoreWriter for Table {
    fn site(&mut self, record: &VariantRecord, outcomes: &[Outcome]) -> Result<()> {
        for (index, outcome) in outcomes.iter().enumerate() {
            self.rows.push(record, alternate(record, index), outcome);
        }
        if self.rows.pos.len() >= ROW_GROUP {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn finish(mut self: Box<Self>) -> Result<Output> {
        self.flush()?;
        self.writer
            .into_inner()
            .map_err(|error| parquet_error(&self.name, error))
    }
}

impl Rows {
    fn push(&mut self, record: &VariantRecord, alternate: &str, outcome: &Outcome) {
        let pos = record
            .pos
            .map_or(0, |pos| i64::try_from(pos.get()).unwrap_or(i64::MAX));
        let scored = match outcome {
            Outcome::Scored(scored) => Some(scored.as_ref()),
            Outcome::Skipped(_) => None,
        };
        self.chrom.push(record.contig.as_str().into());
        self.pos.push(pos);
        self.id.push(record.id.as_deref().map(ByteArray::from));
        self.reference
            .push(record.reference.as_deref().unwrap_or(".").into());
        self.alternate.push(alternate.into());
        self.status.push(status(outcome).into());
        self.push_figures(scored);
    }

    fn push_figures(&mut self, scored: Option<&Scored>) {
        let result = scored.map(|scored| &scored.result);
        self.raw.push(result.map(|result| result.sigma_raw));
        self.calibrated
            .push(result.map(|result| result.sigma_calibrated));
        self.displacement
            .push(scored.map(|scored| scored.displacement));
        self.bucket
            .push(result.map(|result| result.bucket_id.as_str().into()));
        self.confidence.push(result.map(|result| result.confidence));
        self.low_confidence
            .push(result.map(|result| result.low_confidence));
    }

    /// Writes the columns in the schema's order.
    fn write(self, mut group: SerializedRowGroupWriter<'_, Output>) -> Result<(), ParquetError> {
        column::<ByteArrayType>(&mut group, &self.chrom, None)?;
        column::<Int64Type>(&mut group, &self.pos, None)?;
        optional::<ByteArrayType>(&mut group, &self.id)?;
        column::<ByteArrayType>(&mut group, &self.reference, None)?;
        column::<ByteArrayType>(&mut group, &self.alternate, None)?;
        column::<ByteArrayType>(&mut group, &self.status, None)?;
        optional::<DoubleType>(&mut group, &self.raw)?;
        optional::<DoubleType>(&mut group, &self.calibrated)?;
        optional::<DoubleType>(&mut group, &self.displacement)?;
        optional::<ByteArrayType>(&mut group, &self.bucket)?;
        optional::<DoubleType>(&mut group, &self.confidence)?;
        optional::<BoolType>(&mut group, &self.low_confidence)?;
        group.close().map(drop)
    }
}

fn optional<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Output>,
    column_values: &Optional<T::T>,
) -> Result<(), ParquetError> {
    column::<T>(group, &column_values.values, Some(&column_values.levels))
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Output>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General(
            "the schema has too few columns".to_owned(),
        ));
    };
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}

fn parquet_error(name: &str, error: ParquetError) -> Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(error) => write_error(name, &error),
            Err(cause) => Error::new(ErrorCode::ResourceGeneric, format!("{name}: {cause}")),
        },
        other => Error::new(ErrorCode::InternalGeneric, format!("{name}: {other}")),
    }
}
