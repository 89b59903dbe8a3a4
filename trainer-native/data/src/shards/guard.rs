//! Decoders of Parquet that panic on damaged data, and what their errors come from.
//!
//! The Parquet crate asserts what a damaged page breaks. A file that a user was handed must end in
//! an error about the file, so these panics are caught here, and only these stay unprinted.

use parquet::errors::ParquetError;
use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder; `None` when it panicked. What it was decoding must not be used again.
pub(crate) fn guarded<T>(decode: impl FnOnce() -> T) -> Option<T> {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        let others = take_hook();
        set_hook(Box::new(move |panic| {
            if !DECODING.get() {
                others(panic);
            }
        }));
    });
    let outer = DECODING.replace(true);
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    DECODING.set(outer);
    decoded.ok()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_nothing_and_others_are_still_told() {
        assert_eq!(guarded(|| 1), Some(1));
        assert_eq!(guarded(|| -> u8 { panic!("damaged") }), None);
        assert!(!DECODING.get());
    }
}
