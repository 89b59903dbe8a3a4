//! Writing a shard: under another name until it is whole.

use super::columns::schema_of;
use super::rows::Row;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::{io_error, temporary_in};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

/// Rows of a row group, and the most in memory.
const GROUP_ROWS: usize = 100_000;

/// A shard that is being written; dropped before [`finish`](Self::finish), it leaves nothing.
pub(super) struct ShardWriter<R> {
    target: PathBuf,
    writer: SerializedFileWriter<NamedTempFile>,
    rows: Vec<R>,
    written: u64,
}

/// A finished shard.
pub(super) struct Written {
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl<R: Row> ShardWriter<R> {
    /// Makes the folder of `target` and a file in it.
    pub(super) fn create(target: &Path) -> Result<Self> {
        let failed = |error: &io::Error| io_error(&target.display().to_string(), error);
        let folder = folder(target);
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let file = temporary_in(folder).map_err(|error| failed(&error))?;
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
            R::write(&self.rows, &mut group)?;
            group.close().map(drop)
        });
        written.map_err(|error| failure(&self.target, error))?;
        self.written += self.rows.len() as u64;
        self.rows.clear();
        Ok(())
    }

    /// Puts the file in its place once all of it is on the disk.
    pub(super) fn finish(mut self) -> Result<Written> {
        self.flush()?;
        let (target, rows) = (self.target, self.written);
        let file = self
            .writer
            .into_inner()
            .map_err(|error| failure(&target, error))?;
        let place = || -> io::Result<u64> {
            file.as_file().sync_all()?;
            let bytes = file.as_file().metadata()?.len();
            file.persist(&target).map_err(|error| error.error)?;
            // The rename itself must outlive a power cut.
            File::open(folder(&target))?.sync_all()?;
            Ok(bytes)
        };
        let bytes = place().map_err(|error| io_error(&target.display().to_string(), &error))?;
        Ok(Written { rows, bytes })
    }
}

fn folder(target: &Path) -> &Path {
    target
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn failure(target: &Path, error: ParquetError) -> Error {
    let name = target.display().to_string();
    let cause = match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(error) => return io_error(&name, &error),
            Err(cause) => cause.to_string(),
        },
        other => other.to_string(),
    };
    Error::new(ErrorCode::InternalGeneric, format!("{name}: {cause}"))
}
