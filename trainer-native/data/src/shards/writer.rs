//! Writing a shard as Parquet: under another name until it is whole.

use super::cause::io_cause;
use super::columns::schema_of;
use super::rows::{ShardRow, write_rows};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::{StagedFile, io_error_at};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of a row group, and the most in memory.
const GROUP_ROWS: usize = 100_000;

/// A shard that is being written; dropped before [`finish`](Self::finish), it leaves nothing.
pub(super) struct ShardWriter<R> {
    target: PathBuf,
    writer: SerializedFileWriter<StagedFile>,
    rows: Vec<R>,
    written: u64,
}

impl<R: ShardRow> ShardWriter<R> {
    /// Makes the folder of `target` and a file in it.
    pub(super) fn create(target: &Path) -> Result<Self> {
        let file = StagedFile::create_with_folder(target).map_err(io_error_at(target))?;
        let properties = ZstdLevel::try_new(3).map(|level| {
            WriterProperties::builder()
                .set_compression(Compression::ZSTD(level))
                .build()
        });
        let writer = properties.and_then(|properties| {
            let schema = parse_message_type(&schema_of(R::COLUMNS))?;
            SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))
        });
        Ok(Self {
            writer: writer.map_err(|error| failure(target, error))?,
            target: target.to_owned(),
            rows: Vec::new(),
            written: 0,
        })
    }

    pub(super) fn push(&mut self, row: R) -> Result<()> {
        self.rows.push(row);
        if self.rows.len() < GROUP_ROWS {
            return Ok(());
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let written = self.writer.next_row_group().and_then(|mut group| {
            write_rows(&self.rows, &mut group)?;
            group.close().map(drop)
        });
        written.map_err(|error| failure(&self.target, error))?;
        self.written += self.rows.len() as u64;
        self.rows.clear();
        Ok(())
    }

    /// Puts the file in its place once all of it is on the disk.
    pub(super) fn finish(mut self) -> Result<(u64, u64)> {
        self.flush()?;
        let (target, rows) = (self.target, self.written);
        let file = self
            .writer
            .into_inner()
            .map_err(|error| failure(&target, error))?;
        let place = || -> io::Result<u64> {
            let bytes = file.len_bytes()?;
            file.commit()?;
            Ok(bytes)
        };
        let bytes = place().map_err(io_error_at(&target))?;
        Ok((rows, bytes))
    }
}

fn failure(target: &Path, error: ParquetError) -> Error {
    match io_cause(error) {
        Ok(error) => io_error_at(target)(error),
        Err(cause) => {
            let message = format!("{}: {cause}", target.display());
            Error::new(ErrorCode::InternalGeneric, message)
        }
    }
}
