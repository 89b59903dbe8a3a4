//! What errors of the Parquet crate come from.

use parquet::errors::ParquetError;
use std::io;

/// The I/O error that an error of the Parquet crate hides, or else what it says.
pub(crate) fn io_cause(error: ParquetError) -> Result<io::Error, String> {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(error) => Ok(*error),
            Err(cause) => Err(cause.to_string()),
        },
        other => Err(other.to_string()),
    }
}

/// As [`io_cause`] of a file that was read. Decompressors, too, speak of damage in I/O errors; the
/// system's own have a number.
pub(crate) fn system_cause(error: ParquetError) -> Result<io::Error, String> {
    match io_cause(error)? {
        error if error.raw_os_error().is_some() => Ok(error),
        error => Err(error.to_string()),
    }
}
