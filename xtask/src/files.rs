//! Files and folders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Every file below `folder` that is wanted, in order.
///
/// # Errors
/// A folder that cannot be read.
pub(crate) fn below(folder: &Path, wanted: fn(&Path) -> bool) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| fault(folder, &e))? {
        let path = entry.map_err(|e| fault(folder, &e))?.path();
        if path.is_dir() {
            found.extend(below(&path, wanted)?);
        } else if wanted(&path) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// What is wrong with a file or a folder.
pub(crate) fn fault(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
