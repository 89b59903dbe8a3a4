//! A reader as a function of bytes, and what its errors may be.

use genolewm_core::{Error, ErrorCode, Result};
use std::path::Path;

/// Reads an input, and answers whether it could.
pub(crate) type Read = fn(&[u8]) -> Result<()>;

/// # Panics
/// At an error that no input may cause.
pub(crate) fn judge(error: &Error) {
    let internal = [
        ErrorCode::InternalGeneric,
        ErrorCode::InternalInvariantViolation,
    ];
    assert!(
        !internal.contains(&error.code()),
        "a fault of the program: {error}"
    );
}

/// Reads a file of these bytes, for readers that take paths.
pub(crate) fn with_file(
    name: &str,
    bytes: &[u8],
    read: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let name_file = |error: std::io::Error| {
        Error::new(ErrorCode::ResourceGeneric, error.to_string()).with_remedy("free some space")
    };
    let directory = tempfile::tempdir().map_err(name_file)?;
    let path = directory.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(name_file)?;
    std::fs::write(&path, bytes).map_err(name_file)?;
    read(&path)
}
