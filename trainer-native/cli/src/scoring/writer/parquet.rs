//! Parquet: the columns of the TSV, typed and compressed with zstd.

use super::score_writer::ScoreWriter;
use crate::common::output::Output;
use crate::common::terminal::write_error;
use genolewm::format::{alternate, scored_as, status};
use genolewm::scorer::{Outcome, Scored};
use genolewm_core::genome::Effect;
use genolewm_core::provenance::{ReceiptBuilder, ReceiptHead};
use genolewm_core::source::VariantRecord;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::shards::{Optional, write_column, write_optional};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::io;
use std::sync::Arc;

/// Those of what an allele does to a gene, where annotation was given.
const EFFECT_COLUMNS: &str = "
    optional binary gene (UTF8);
    optional binary transcript (UTF8);
    optional binary consequence (UTF8);";

const COLUMNS: &str = "
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
    optional binary scored_as (UTF8);
    optional binary repeat (UTF8);
    optional int64 input_prefix;";
/// Under which the metadata hold what the receipts of all rows say alike.
pub const RECEIPT_HEAD: &str = "genolewm.receipt_head";
/// Under which they name the program that wrote them.
pub const PROGRAM: &str = "genolewm.program";
/// The program, as it names itself there.
pub const THIS_PROGRAM: &str = concat!("genolewm ", env!("CARGO_PKG_VERSION"));

/// Alleles held in memory before they are written as one row group.
const ROW_GROUP: usize = 1 << 16;

pub(super) struct ParquetScores {
    writer: SerializedFileWriter<Output>,
    name: String,
    builder: ReceiptBuilder,
    rows: RowGroupColumns,
}

/// The columns of the current row group.
#[derive(Default)]
struct RowGroupColumns {
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
    scored_as: Optional<ByteArray>,
    repeat: Optional<ByteArray>,
    input_prefix: Optional<i64>,
    /// Gene, transcript and consequence, where annotation was given.
    effects: Option<[Optional<ByteArray>; 3]>,
}

impl ParquetScores {
    /// A writer of rows whose receipts `builder` would make, with what they do to genes where there
    /// are `effects`.
    pub(super) fn new(output: Output, builder: ReceiptBuilder, effects: bool) -> Result<Self> {
        let name = output.name().to_owned();
        let of_effects = if effects { EFFECT_COLUMNS } else { "" };
        let schema = format!("message scores {{{COLUMNS}{of_effects}\n}}");
        let properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()));
        let writer = parse_message_type(&schema).and_then(|schema| {
            SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties.build()))
        });
        let mut writer = writer.map_err(|error| parquet_error(&name, error))?;
        let head = ReceiptHead::of_builder(&builder).to_json_line()?;
        for (key, value) in [(RECEIPT_HEAD, head), (PROGRAM, THIS_PROGRAM.to_owned())] {
            writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        Ok(Self {
            writer,
            name,
            builder,
            rows: RowGroupColumns::new(effects),
        })
    }

    fn flush(&mut self) -> Result<()> {
        let next = RowGroupColumns::new(self.rows.effects.is_some());
        let rows = std::mem::replace(&mut self.rows, next);
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

impl ScoreWriter for ParquetScores {
    fn site(&mut self, record: &VariantRecord, outcomes: &[Outcome]) -> Result<()> {
        for (index, outcome) in outcomes.iter().enumerate() {
            self.rows.push(record, index, outcome);
            let prefix = match outcome {
                Outcome::Scored(scored) => Some(input_prefix(&self.builder, scored)?),
                Outcome::Skipped(_) => None,
            };
            self.rows.input_prefix.push(prefix);
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

impl RowGroupColumns {
    fn new(effects: bool) -> Self {
        Self {
            effects: effects.then(Default::default),
            ..Self::default()
        }
    }

    fn push(&mut self, record: &VariantRecord, allele: usize, outcome: &Outcome) {
        let pos = record.pos.map_or(0, |pos| pos.get());
        let scored = match outcome {
            Outcome::Scored(scored) => Some(scored.as_ref()),
            Outcome::Skipped(_) => None,
        };
        self.chrom.push(record.contig.as_str().into());
        self.pos.push(i64::try_from(pos).unwrap_or(i64::MAX));
        self.id.push(record.id.as_deref().map(ByteArray::from));
        self.reference
            .push(record.reference.as_deref().unwrap_or(".").into());
        self.alternate.push(alternate(record, allele).into());
        self.status.push(status(outcome).into());
        let displacement = scored.map(|scored| scored.displacement);
        let result = scored.map(|scored| &scored.result);
        self.raw.push(result.map(|of| of.sigma_raw));
        self.calibrated.push(result.map(|of| of.sigma_calibrated));
        self.displacement.push(displacement);
        self.bucket
            .push(result.map(|of| of.bucket_id.as_str().into()));
        self.confidence.push(result.map(|of| of.confidence));
        self.low_confidence.push(result.map(|of| of.low_confidence));
        let scored_as = scored.and_then(|scored| scored_as(record, allele, scored));
        self.scored_as
            .push(scored_as.as_deref().map(ByteArray::from));
        let repeat = scored.and_then(Scored::repeat_word);
        self.repeat.push(repeat.map(ByteArray::from));
        if let Some([gene, transcript, consequence]) = &mut self.effects {
            let effect = scored.and_then(|scored| scored.effect.as_deref());
            gene.push(effect.and_then(Effect::gene).map(ByteArray::from));
            transcript.push(effect.and_then(Effect::transcript).map(ByteArray::from));
            let terms = effect.map(Effect::consequence);
            consequence.push(terms.as_deref().map(ByteArray::from));
        }
    }

    /// Writes the columns in the schema's order.
    fn write(self, mut group: SerializedRowGroupWriter<'_, Output>) -> Result<(), ParquetError> {
        write_column::<ByteArrayType>(&mut group, &self.chrom, None, None)?;
        write_column::<Int64Type>(&mut group, &self.pos, None, None)?;
        write_optional::<ByteArrayType>(&mut group, &self.id)?;
        write_column::<ByteArrayType>(&mut group, &self.reference, None, None)?;
        write_column::<ByteArrayType>(&mut group, &self.alternate, None, None)?;
        write_column::<ByteArrayType>(&mut group, &self.status, None, None)?;
        write_optional::<DoubleType>(&mut group, &self.raw)?;
        write_optional::<DoubleType>(&mut group, &self.calibrated)?;
        write_optional::<DoubleType>(&mut group, &self.displacement)?;
        write_optional::<ByteArrayType>(&mut group, &self.bucket)?;
        write_optional::<DoubleType>(&mut group, &self.confidence)?;
        write_optional::<BoolType>(&mut group, &self.low_confidence)?;
        write_optional::<ByteArrayType>(&mut group, &self.scored_as)?;
        write_optional::<ByteArrayType>(&mut group, &self.repeat)?;
        write_optional::<Int64Type>(&mut group, &self.input_prefix)?;
        for column in self.effects.iter().flatten() {
            write_optional::<ByteArrayType>(&mut group, column)?;
        }
        group.close().map(drop)
    }
}

fn input_prefix(builder: &ReceiptBuilder, scored: &Scored) -> Result<i64> {
    let hash = builder.input_commitment(&scored.edit, scored.window.sequence())?;
    prefix_of(&hash)
}

/// The first eight bytes of a hash, as a number.
///
/// # Errors
/// `INPUT.GENERIC` for what is no `sha256:…`.
pub fn prefix_of(hash: &str) -> Result<i64> {
    let digits = hash
        .strip_prefix("sha256:")
        .and_then(|digits| digits.get(..16));
    let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let number = number.ok_or_else(|| Error::input("this is no hash").with_detail("hash", hash));
    Ok(number?.cast_signed())
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
