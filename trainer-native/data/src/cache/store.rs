//! The cache as a whole: lookups by key, and shards that are written once.

use super::decode;
use super::index::{Entry, Index};
use super::key::{WindowCacheKey, refused};
use super::paths::{self, ShardPlace};
use super::record::{self, Embedding, Shard, ShardFormat, WindowCacheRecord};
use super::shard::{self, corrupt};
use crate::sha256::hex;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_observe::metrics::{CACHE_HITS, CACHE_MISSES};
use genolewm_observe::{Metrics, emit, events};
use genolewm_report::output::{FileLock, StagedFile, io_error_at};
use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where a block goes whose place is taken: so many places further on, or a multiple of it.
const SPARE_PLACES: u64 = 1_000_000;

/// What shards are called in logs. Neither the number of one, which says where in a genome its windows
/// lie, nor the hash of a window, which says what somebody's is, is logged.
const WINDOWS: &str = "windows";

/// A cache below a directory.
#[derive(Debug, Default)]
pub struct WindowCache {
    root: PathBuf,
    /// Open once something was looked up.
    index: Option<Index>,
    /// The shard that was read last: windows are asked for in order.
    last: Option<(String, Vec<WindowCacheRecord>)>,
    /// Whether shards that no index knew were looked for.
    adopted: bool,
    /// Whether states are read that were rounded to f16.
    reads_v2: bool,
}

impl WindowCache {
    /// The cache below `root`. Touches no file: what is not there is an empty cache, and is made
    /// by the first write.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            ..Self::default()
        }
    }

    /// The same cache, which also gives the states of shards of layout 2.0.0 where it has no others.
    /// Such states were rounded to f16, and their number format says nothing of their values.
    #[must_use]
    pub fn reading_v2(self) -> Self {
        Self {
            reads_v2: true,
            ..self
        }
    }

    /// The state of a key, if it is cached, as it was pooled: not normalised. Writes nothing.
    ///
    /// An index that another process builds again meanwhile is seen by a new `WindowCache` only.
    ///
    /// # Errors
    /// `RESOURCE.CACHE_CORRUPT` when the index is damaged, or leads to a row that is not there or
    /// is another's; other `RESOURCE` codes where files cannot be read.
    pub fn get(&mut self, key: &WindowCacheKey) -> Result<Option<Embedding>> {
        let Some(entry) = self.find(key)? else {
            return Ok(None);
        };
        let path = self.load(&entry)?;
        let rows = self.last.as_ref().map(|(_, rows)| rows);
        let row = usize::try_from(entry.row).ok();
        let record = row.and_then(|row| rows?.get(row));
        match record {
            Some(record) if record.key == *key => Ok(Some(record.embedding.clone())),
            _ => Err(stale(&path, &entry)),
        }
    }

    /// Whether a key is indexed; its shard is not read.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn contains(&mut self, key: &WindowCacheKey) -> Result<bool> {
        self.find(key).map(|entry| entry.is_some())
    }

    /// The same, of what was asked for before: it is neither counted nor logged.
    pub(super) fn still_contains(&mut self, key: &WindowCacheKey) -> Result<bool> {
        self.look_up(key).map(|entry| entry.is_some())
    }

    fn find(&mut self, key: &WindowCacheKey) -> Result<Option<Entry>> {
        let found = self.look_up(key)?;
        let metrics = Metrics::of_process();
        if found.is_some() {
            metrics.count(CACHE_HITS, 1);
            emit!(events::CACHE_HIT, shard_id = WINDOWS);
        } else {
            metrics.count(CACHE_MISSES, 1);
            emit!(events::CACHE_MISS, shard_id = WINDOWS);
        }
        Ok(found)
    }

    fn look_up(&mut self, key: &WindowCacheKey) -> Result<Option<Entry>> {
        if self.index.is_none() {
            self.index = Index::open_existing(&paths::index(&self.root))?;
        }
        let Some(index) = &self.index else {
            return Ok(None);
        };
        match index.find(key, ShardFormat::V3)? {
            None if self.reads_v2 => index.find(key, ShardFormat::V2),
            found => Ok(found),
        }
    }

    /// Reads the shard of an entry into `last`, unless it is there.
    fn load(&mut self, entry: &Entry) -> Result<PathBuf> {
        let path = paths::resolve(&self.root, &entry.shard)
            .ok_or_else(|| stale(Path::new(&entry.shard), entry))?;
        let loaded = |(shard, _): &(String, _)| *shard == entry.shard;
        if !self.last.as_ref().is_some_and(loaded) {
            if !path.exists() {
                return Err(stale(&path, entry));
            }
            self.last = Some((entry.shard.clone(), decode::read(&path)?.records));
        }
        Ok(path)
    }

    /// Writes a shard and indexes its rows. Rows without a time get the present one.
    ///
    /// A shard that is there is never changed: rows that it has are indexed again, if need be, and
    /// nothing else happens. Shards that an earlier process wrote and did not index are indexed
    /// first. Processes of this program wait for one another.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for rows that are none, invalid, of several contigs, layers or pools, or of
    /// the same key; `RESOURCE.CACHE_CORRUPT` when the shard is there with other rows, or a key is
    /// in another shard; other `RESOURCE` codes where files cannot be written. No file is half-made
    /// then; a shard that could be written and not indexed is adopted by the next write.
    pub fn write_shard(
        &mut self,
        place: &ShardPlace<'_>,
        records: &[WindowCacheRecord],
    ) -> Result<PathBuf> {
        let (below, records) = prepare(place, records)?;
        let path = self.root.join(below);
        let relative = paths::relative(&self.root, &path)?;
        let _lock = FileLock::wait(&paths::lock(&self.root))?;
        // Opened anew: the file may have been replaced since the last time.
        (self.index, self.last) = (None, None);
        let mut index = Index::open(&paths::index(&self.root))?;
        self.adopt(&mut index)?;
        if !path.exists() {
            index.check_free(&records)?;
            let bytes = shard::encode(&records)?;
            if put(&path, &bytes).map_err(io_error_at(&path))? {
                let format = ShardFormat::V3;
                let (n_rows, size_bytes) = (records.len(), bytes.len());
                index.insert(&relative, &Shard { format, records })?;
                emit!(
                    events::SHARD_WRITE,
                    shard_id = WINDOWS,
                    size_bytes,
                    n_rows,
                    path = %path.display()
                );
                return Ok(path);
            }
        }
        let existing = decode::read(&path)?;
        check_equal(&path, &existing.records, &records)?;
        index.insert(&relative, &existing)?;
        Ok(path)
    }

    /// Indexes shards that no index knows: a process wrote them and was killed. One that cannot be
    /// read, or has a key of another, is left to `--repair`, which says so.
    fn adopt(&mut self, index: &mut Index) -> Result<()> {
        if std::mem::replace(&mut self.adopted, true) {
            return Ok(());
        }
        let known = index.shards()?;
        for shard in paths::list(&self.root)?.shards {
            let relative = paths::relative(&self.root, &shard)?;
            if known.contains(&relative) {
                continue;
            }
            let rows = decode::read(&shard);
            match rows.and_then(|rows| index.insert(&relative, &rows)) {
                Err(error) if error.code() != ErrorCode::ResourceCacheCorrupt => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Indexes shards that an earlier process wrote and did not index. Does nothing where there is
    /// no cache.
    ///
    /// # Errors
    /// As [`write_shard`](Self::write_shard).
    pub fn adopt_unindexed(&mut self) -> Result<()> {
        if !paths::embeddings(&self.root).exists() {
            return Ok(());
        }
        let _lock = FileLock::wait(&paths::lock(&self.root))?;
        (self.index, self.last) = (None, None);
        let mut index = Index::open(&paths::index(&self.root))?;
        self.adopt(&mut index)
    }

    /// A block's place, or the first spare one where no shard is.
    pub(super) fn free_place<'a>(
        &self,
        mut place: ShardPlace<'a>,
        key: &WindowCacheKey,
    ) -> Result<ShardPlace<'a>> {
        loop {
            let path = place.path(key)?;
            if !self.root.join(path).exists() {
                return Ok(place);
            }
            place.stride_block = place.stride_block.saturating_add(SPARE_PLACES);
        }
    }
}

/// Checks what is to be written, and gives its path below the root and its rows with their times.
fn prepare(
    place: &ShardPlace<'_>,
    records: &[WindowCacheRecord],
) -> Result<(PathBuf, Vec<WindowCacheRecord>)> {
    let Some(first) = records.first() else {
        return Err(refused("a shard has no rows"));
    };
    let kind = |row: &WindowCacheRecord| {
        let key = row.key;
        let encoder = (key.encoder_hash, key.dtype, row.embedding.values().len());
        (key.state_layer, key.pool_type, key.pool_radius, encoder)
    };
    let mut keys = HashSet::new();
    for (number, row) in records.iter().enumerate() {
        let wrong = |what: &str| Err(refused(what).with_detail("row", number));
        row.check()?;
        if row.chrom != place.contig {
            return wrong("a row of a shard has another contig than the shard");
        }
        if kind(row) != kind(first) {
            return wrong("the rows of a shard differ in encoder, layer, pool or width");
        }
        if !keys.insert(row.key) {
            return wrong("two rows of a shard have the same key");
        }
    }
    let path = place.path(&first.key)?;
    let mut records = records.to_vec();
    let now = record::now();
    for row in records.iter_mut().filter(|row| row.created_at == 0) {
        row.created_at = now;
    }
    Ok((path, records))
}

/// Checks that a shard which is there has every row that was to be written. When they were made
/// does not matter.
fn check_equal(
    path: &Path,
    existing: &[WindowCacheRecord],
    records: &[WindowCacheRecord],
) -> Result<()> {
    let existing: HashMap<_, _> = existing.iter().map(|row| (row.key, row)).collect();
    for row in records {
        let what = match existing.get(&row.key) {
            Some(found) if found.embedding == row.embedding => continue,
            Some(_) => "is there with another state for a key",
            None => "is there without a row that was to be written, and is never changed",
        };
        return Err(corrupt(path, what).with_detail("window_hash", hex(&row.key.window_hash)));
    }
    Ok(())
}

/// Puts a file in place that is complete; `false` when there is one of its name already, which stays.
fn put(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let mut file = StagedFile::create_with_folder(path)?;
    file.write_all(bytes)?;
    file.commit_new()
}

/// An index entry that leads nowhere, or to another key.
fn stale(path: &Path, entry: &Entry) -> Error {
    corrupt(path, "does not have the row that the index names").with_detail("row_offset", entry.row)
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
