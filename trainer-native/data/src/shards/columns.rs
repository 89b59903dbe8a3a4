//! Columns of a Parquet file: what a table has, and how one is written.

use parquet::basic::Type as PhysicalType;
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedRowGroupWriter;
use std::fmt;
use std::io::Write;

/// The version that every row names.
pub const SHARD_SCHEMA_VERSION: &str = "1.0.0";

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnKind {
    /// Text in UTF-8.
    Text,
    /// Text or whole numbers; read as text.
    Label,
    /// Whole numbers, stored in 64 or 32 bits.
    Integer,
    /// Fractions, stored as f32 or f64.
    Number,
    /// `true` or `false`; read as text.
    Flag,
}

impl ColumnKind {
    pub(super) const fn accepts(self, stored: PhysicalType) -> bool {
        match self {
            Self::Text => matches!(stored, PhysicalType::BYTE_ARRAY),
            Self::Label => matches!(
                stored,
                PhysicalType::BYTE_ARRAY | PhysicalType::INT64 | PhysicalType::INT32
            ),
            Self::Integer => matches!(stored, PhysicalType::INT64 | PhysicalType::INT32),
            Self::Number => matches!(stored, PhysicalType::FLOAT | PhysicalType::DOUBLE),
            Self::Flag => matches!(stored, PhysicalType::BOOLEAN),
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Label => "text or whole numbers",
            Self::Integer => "whole numbers",
            Self::Number => "fractions",
            Self::Flag => "true or false",
        }
    }
}

/// The schema of columns in Parquet's notation. Every field is nullable, as pyarrow writes them.
pub(super) fn schema_of(columns: &[Column]) -> String {
    let field = |Column { name, kind, .. }: &Column| match kind {
        ColumnKind::Text | ColumnKind::Label => format!("optional binary {name} (STRING);"),
        ColumnKind::Integer => format!("optional int64 {name};"),
        ColumnKind::Number => format!("optional float {name};"),
        ColumnKind::Flag => format!("optional boolean {name};"),
    };
    let fields: String = columns.iter().map(field).collect();
    format!("message schema {{ {fields} }}")
}

/// A column that a reader looks for by its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: ColumnKind,
    /// Whether a file without it is refused.
    pub(super) required: bool,
}

impl Column {
    pub(super) const fn required(name: &'static str, kind: ColumnKind) -> Self {
        Self {
            name,
            kind,
            required: true,
        }
    }

    pub(super) const fn optional(name: &'static str, kind: ColumnKind) -> Self {
        Self {
            name,
            kind,
            required: false,
        }
    }
}

/// What a row has in a column.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    /// In UTF-8. Rows share the bytes of their page.
    Text(ByteArray),
    Integer(i64),
    Number(f64),
}

impl Cell {
    pub(super) fn bytes(self) -> Option<ByteArray> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => text.as_utf8().ok().map(str::to_owned),
            _ => None,
        }
    }

    pub(super) fn integer(self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }
}

impl fmt::Display for Cell {
    /// Fractions have the digits that give them back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text.as_utf8().unwrap_or_default()),
            Self::Integer(number) => number.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// The values of an optional column, and for each row whether it has one.
#[derive(Debug, Clone, Default)]
pub struct Optional<T> {
    values: Vec<T>,
    levels: Vec<i16>,
}

impl<T> Optional<T> {
    /// Adds a row.
    pub fn push(&mut self, value: Option<T>) {
        self.levels.push(i16::from(value.is_some()));
        self.values.extend(value);
    }
}

impl<T: Default> FromIterator<Option<T>> for Optional<T> {
    fn from_iter<I: IntoIterator<Item = Option<T>>>(rows: I) -> Self {
        let mut column = Self::default();
        rows.into_iter().for_each(|value| column.push(value));
        column
    }
}

/// Writes the next column of a row group, an optional one.
///
/// # Errors
/// As [`write_column`].
pub fn write_optional<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    column: &Optional<T::T>,
) -> Result<(), ParquetError> {
    write_column::<T>(group, &column.values, Some(&column.levels), None)
}

/// Writes the next column of a row group: its values and, where it has them, their levels of
/// definition and repetition.
///
/// # Errors
/// When the schema has another column there, or the file cannot be written.
pub fn write_column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: &[T::T],
    definitions: Option<&[i16]>,
    repetitions: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        let message = "the schema has too few columns";
        return Err(ParquetError::General(message.to_owned()));
    };
    let writer = column.typed::<T>();
    writer.write_batch(values, definitions, repetitions)?;
    column.close()
}
