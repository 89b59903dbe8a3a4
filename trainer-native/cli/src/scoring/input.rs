//! Variants from a file or standard input, with a count of the bytes that were read.

use super::writer::Origin;
use crate::common::output::is_stdin_or_stdout;
use genolewm_core::source::{VariantReader, VariantRecord};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::io_error;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Text of records that is read ahead at most: lines of many samples are long.
const HELD_BYTES: usize = 16 << 20;

/// An open source of variants.
#[derive(Debug)]
pub struct Input {
    reader: VariantReader,
    read_ahead: VecDeque<Result<VariantRecord>>,
    bytes_read: Arc<AtomicU64>,
    bytes: Option<u64>,
}

impl Input {
    /// Opens a file, or standard input for `-`.
    ///
    /// # Errors
    /// As [`open_file`] and [`VariantReader::open`].
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let bytes_read = Arc::new(AtomicU64::new(0));
        let (reader, bytes): (Box<dyn Read + Send>, _) = if is_stdin_or_stdout(path) {
            (Box::new(io::stdin()), None)
        } else {
            let file = open_file(path)?;
            let length = file
                .metadata()
                .ok()
                .filter(std::fs::Metadata::is_file)
                .map(|found| found.len());
            (Box::new(file), length)
        };
        let counted = Counted {
            inner: reader,
            bytes: Arc::clone(&bytes_read),
        };
        let reader = VariantReader::open(Box::new(counted), &name)?;
        Ok(Self {
            reader,
            read_ahead: VecDeque::new(),
            bytes_read,
            bytes,
        })
    }

    /// The reader, for what its header says.
    #[must_use]
    pub fn reader(&self) -> &VariantReader {
        &self.reader
    }

    /// Bytes of the file, where it is one.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// A counter of the bytes read so far.
    #[must_use]
    pub fn bytes_read(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes_read)
    }

    /// Whether the next record was shown to [`look_ahead`](Self::look_ahead) before.
    #[must_use]
    pub fn was_seen(&self) -> bool {
        !self.read_ahead.is_empty()
    }

    /// What writers must know of it.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin {
            format: self.reader.format(),
            header: self.reader.header().to_vec(),
        }
    }

    /// Reads up to `limit` records ahead and shows each that is well formed to `look`, which says
    /// whether it has seen enough. [`next_record`](Self::next_record) gives them again.
    ///
    /// # Errors
    /// What `look` returns. Errors of the input come with [`next_record`](Self::next_record).
    pub fn look_ahead(
        &mut self,
        limit: usize,
        mut look: impl FnMut(&VariantRecord) -> Result<bool>,
    ) -> Result<()> {
        let mut held_bytes = 0;
        while self.read_ahead.len() < limit && held_bytes < HELD_BYTES {
            let Some(record) = self.reader.next_record().transpose() else {
                return Ok(());
            };
            let raw = record.as_ref().ok().and_then(|record| record.raw.as_ref());
            held_bytes += raw.map_or(0, String::len);
            let enough = record.as_ref().map_or(Ok(false), &mut look);
            self.read_ahead.push_back(record);
            if enough? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next record.
    ///
    /// # Errors
    /// As [`VariantReader::next_record`].
    pub fn next_record(&mut self) -> Result<Option<VariantRecord>> {
        match self.read_ahead.pop_front() {
            Some(record) => record.map(Some),
            None => self.reader.next_record(),
        }
    }
}

/// Opens a file of the user's.
///
/// # Errors
/// `INPUT.GENERIC` when there is none, `RESOURCE.GENERIC` when it cannot be read.
pub fn open_file(path: &Path) -> Result<File> {
    let name = path.display().to_string();
    let opened = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        false => Ok(file),
    });
    opened.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::new(
            ErrorCode::InputGeneric,
            format!("{name}: there is no such file"),
        )
        .with_remedy("check the path; - means standard input"),
        _ => io_error(&name, &error),
    })
}

struct Counted {
    inner: Box<dyn Read + Send>,
    bytes: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
