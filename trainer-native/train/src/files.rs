//! Whole files and folders, read with the program's errors.

use genolewm_core::bytes::decoded;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::io_error;
pub use genolewm_report::output::{read, read_document};
use std::path::{Path, PathBuf};

/// A whole file of text.
///
/// # Errors
/// As [`read_document`] and [`text_of`].
pub fn read_text(path: &Path) -> Result<String> {
    text_of(read_document(path)?, &path.display().to_string())
}

/// The text of a file that `name` names: UTF-8 or UTF-16, without a byte-order mark.
///
/// # Errors
/// `INPUT.GENERIC` for another encoding.
pub fn text_of(bytes: Vec<u8>, name: &str) -> Result<String> {
    decoded(bytes).ok_or_else(|| {
        Error::input("the text is neither UTF-8 nor UTF-16")
            .in_file(name)
            .with_remedy("save it as UTF-8")
    })
}

/// The file itself, whether there is one or not; of a folder every file below it, in order.
///
/// # Errors
/// `RESOURCE.GENERIC` when a folder cannot be read.
pub fn files_below(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let failed = |error| unreadable(path, &error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        files.extend(files_below(&entry.map_err(failed)?.path())?);
    }
    files.sort();
    Ok(files)
}

/// An I/O failure of a file.
#[must_use]
pub fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    io_error(&path.display().to_string(), error)
}

/// What cannot be written as JSON or YAML.
#[must_use]
pub fn internal(error: &impl ToString) -> Error {
    Error::new(ErrorCode::InternalGeneric, error.to_string())
}
