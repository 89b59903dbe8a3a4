//! Building the index again from the shards, and setting shards aside that cannot be read.

use super::decode;
use super::index::Index;
use super::paths;
use super::record::now;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::{FileLock, StagedFile, create_folder, io_error_at};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What [`reindex_cache`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheReindexReport {
    /// Shards in the new index.
    pub indexed_shards: usize,
    /// Their rows.
    pub indexed_rows: usize,
    /// The index.
    pub index_path: PathBuf,
}

/// What [`repair_cache`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheRepairReport {
    /// Shards that were read.
    pub checked_shards: usize,
    /// Where those lie now that were set aside, each with what is wrong with it.
    pub quarantined: Vec<(PathBuf, Error)>,
    /// The index that was built from the others.
    pub reindex: CacheReindexReport,
}

/// Builds the index again from every shard. The old index stays until the new one is complete.
///
/// # Errors
/// `RESOURCE.CACHE_CORRUPT` when a shard cannot be read, or two have the same key; `RESOURCE` codes
/// of the file system otherwise. The index is unchanged then.
pub fn reindex_cache(root: &Path) -> Result<CacheReindexReport> {
    let _lock = lock(root)?;
    let shards = shards(root)?;
    rebuild(root, &shards, |_, error| Err(error))
}

/// Moves each shard that cannot be read, or that has a key of one before it, to
/// `embeddings/.quarantine`, and builds the index again from the rest. Nothing is deleted but what
/// a killed writer had not finished.
///
/// # Errors
/// `RESOURCE` codes of the file system. A shard that the system does not let be read is not set
/// aside: that says nothing about its content.
pub fn repair_cache(root: &Path) -> Result<CacheRepairReport> {
    let _lock = lock(root)?;
    let shards = shards(root)?;
    let mut quarantined = Vec::new();
    let reindex = rebuild(root, &shards, |shard, error| {
        quarantined.push((set_aside(root, shard)?, error));
        Ok(())
    })?;
    Ok(CacheRepairReport {
        checked_shards: shards.len(),
        quarantined,
        reindex,
    })
}

/// Locks a cache that is there: a misspelt path must not become an empty cache.
fn lock(root: &Path) -> Result<FileLock> {
    match fs::metadata(root) {
        Ok(found) if found.is_dir() => FileLock::wait(&paths::lock(root)),
        Ok(_) => Err(io_error_at(root)(io::ErrorKind::NotADirectory.into())),
        Err(error) => Err(io_error_at(root)(error)),
    }
}

/// The shards, with what killed writers had begun out of the way.
fn shards(root: &Path) -> Result<Vec<PathBuf>> {
    let found = paths::list(root)?;
    for partial in &found.partial {
        // Whoever holds the lock knows that nobody is writing these.
        fs::remove_file(partial).map_err(io_error_at(partial))?;
    }
    Ok(found.shards)
}

/// Builds an index beside the present one and puts it in its place. `faulty` decides about a shard
/// that does not fit.
fn rebuild(
    root: &Path,
    shards: &[PathBuf],
    mut faulty: impl FnMut(&Path, Error) -> Result<()>,
) -> Result<CacheReindexReport> {
    let index_path = paths::index(root);
    let created = StagedFile::create_named(&index_path);
    let (file, name) = created.map_err(io_error_at(&index_path))?;
    let mut index = Index::build(&name)?;
    let (mut indexed_shards, mut indexed_rows) = (0, 0);
    for shard in shards {
        let relative = paths::relative(root, shard)?;
        let indexed = decode::read(shard)
            .and_then(|rows| index.insert(&relative, &rows).map(|()| rows.records.len()));
        match indexed {
            Ok(rows) => {
                indexed_shards += 1;
                indexed_rows += rows;
            }
            Err(error) if error.code() == ErrorCode::ResourceCacheCorrupt => faulty(shard, error)?,
            Err(error) => return Err(error),
        }
    }
    index.close()?;
    replace(file, &index_path)?;
    Ok(CacheReindexReport {
        indexed_shards,
        indexed_rows,
        index_path,
    })
}

fn replace(file: StagedFile, index: &Path) -> Result<()> {
    file.settle().map_err(io_error_at(index))?;
    match Index::settle(index) {
        // It is about to be replaced.
        Err(error) if error.code() != ErrorCode::ResourceCacheCorrupt => return Err(error),
        _ => {}
    }
    // A journal that outlives its database would be played back into the next one of that name.
    for ending in ["-journal", "-wal", "-shm"] {
        let mut name = index.as_os_str().to_owned();
        name.push(ending);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error_at(Path::new(&name))(error));
            }
            _ => {}
        }
    }
    file.commit().map_err(io_error_at(index))
}

/// Moves a shard into the quarantine, beside what is there under its name.
fn set_aside(root: &Path, shard: &Path) -> Result<PathBuf> {
    let mut target = paths::quarantine(root, shard);
    let folder = target.parent().unwrap_or(root);
    create_folder(folder).map_err(io_error_at(folder))?;
    if target.exists() {
        let mut name = target.into_os_string();
        name.push(format!(".{}.bad", now()));
        target = name.into();
    }
    fs::rename(shard, &target).map_err(io_error_at(shard))?;
    Ok(target)
}
