//! Range reads: bytes by offset.

use crate::{Error, ErrorCode, Result};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

/// Bytes that can be read from any offset: a file, memory, a `Blob`.
pub trait RangeRead {
    /// The length in bytes.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be told.
    fn len(&self) -> Result<u64>;

    /// Reads at `offset` into `buffer`, and returns how many bytes were read: fewer than asked is
    /// allowed, 0 only at the end.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when reading fails.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize>;

    /// Whether there are no bytes.
    ///
    /// # Errors
    /// As [`len`](Self::len).
    fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }
}

impl<R: RangeRead + ?Sized> RangeRead for Box<R> {
    fn len(&self) -> Result<u64> {
        (**self).len()
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        (**self).read_at(offset, buffer)
    }
}

impl RangeRead for File {
    fn len(&self) -> Result<u64> {
        Ok(self.metadata().map_err(failed)?.len())
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.seek(SeekFrom::Start(offset)).map_err(failed)?;
        loop {
            match self.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read.map_err(failed),
            }
        }
    }
}

impl RangeRead for &[u8] {
    fn len(&self) -> Result<u64> {
        Ok(<[u8]>::len(self) as u64)
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let mut rest = self.get(start..).unwrap_or_default();
        rest.read(buffer).map_err(failed)
    }
}

impl RangeRead for Vec<u8> {
    fn len(&self) -> Result<u64> {
        RangeRead::len(&self.as_slice())
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.as_slice().read_at(offset, buffer)
    }
}

/// Fills `buffer` from `offset` as far as there are bytes.
pub(crate) fn read_full<R: RangeRead>(
    data: &mut R,
    offset: u64,
    buffer: &mut [u8],
) -> Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match data.read_at(offset + filled as u64, rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn failed(error: io::Error) -> Error {
    Error::new(
        ErrorCode::ResourceGeneric,
        format!("reading failed: {error}"),
    )
    .with_remedy("check that the file is readable and its disk works")
    .with_source(error)
}
