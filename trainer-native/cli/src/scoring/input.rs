//! Files of the user's that are read.

use crate::common::output::is_stdin_or_stdout;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::io_error;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// Opens a file, or standard input for `-`; with the number of bytes, where it is known.
///
/// # Errors
/// `INPUT.GENERIC` when there is none, `RESOURCE.GENERIC` when it cannot be read.
pub fn open_input(path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>)> {
    if is_stdin_or_stdout(path) {
        return Ok((Box::new(io::stdin()), None));
    }
    let name = path.display().to_string();
    let opened = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        false => Ok(file),
    });
    let file = opened.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::new(
            ErrorCode::InputGeneric,
            format!("{name}: there is no such file"),
        )
        .with_remedy("check the path; - means standard input"),
        _ => io_error(&name, &error),
    })?;
    let metadata = file.metadata().ok().filter(Metadata::is_file);
    Ok((Box::new(file), metadata.map(|found| found.len())))
}
