//! Readers take paths, so what is fuzzed is written to a file.

use genolewm_core::{ErrorCode, Result};
use std::path::Path;

/// Reads a file of these bytes, whose name tells its format. A reader answers with what it has read or
/// with an error of its own.
///
/// # Panics
/// Where it answers with one that stands for a fault of the program.
pub fn with_file(name: &str, bytes: &[u8], read: impl FnOnce(&Path) -> Result<()>) {
    let directory = tempfile::tempdir().expect("a temporary folder");
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).expect("a temporary file");
    if let Err(error) = read(&path) {
        assert!(error.code() != ErrorCode::InternalGeneric, "{error}");
    }
}
