//! One writer at a time.

use super::paths;
use crate::output::io_error;
use genolewm_shared::Result;
use std::fs::{self, File, OpenOptions};
use std::path::Path;

/// Held while a cache is written; the system lets go of it when the process ends, however it ends.
///
/// SQLite's own lock is not enough: a new index takes the place of the old file, and with it of its
/// lock, and a shard is put in place before its rows are indexed.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock, in a folder that is made if it is not there.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` where the folder cannot be written, or the file system has no locks.
    pub(super) fn take(root: &Path) -> Result<Self> {
        let path = paths::lock(root);
        let take = || {
            fs::create_dir_all(paths::embeddings(root))?;
            let mut options = OpenOptions::new();
            let file = options
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)?;
            file.lock()?;
            Ok(Self { _file: file })
        };
        take().map_err(|error| io_error(&path.display().to_string(), &error))
    }
}
