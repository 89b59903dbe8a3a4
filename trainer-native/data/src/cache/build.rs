//! Filling the cache: windows in, blocks of encoded windows out.

use super::key::{CachedDtype, CachedPool, Sha256Bytes, WindowCacheKey, refused};
use super::paths::ShardPlace;
use super::record::{Embedding, WindowCacheRecord};
use super::store::WindowCache;
use super::windows::CacheWindow;
use genolewm_core::Result;
use genolewm_core::state_contract::StateContract;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};

/// Windows in memory at a time; beyond it blocks are written before they are full.
const MOST_PENDING: usize = 8_192;

/// What a cache is filled with.
#[derive(Debug, Clone)]
pub struct CacheBuild {
    /// The encoder by its name, for the folder.
    pub encoder_id: String,
    /// What it is known by ([`cached_encoder_hash`](super::cached_encoder_hash)).
    pub encoder_hash: Sha256Bytes,
    /// Layer that states are taken from, as it is configured.
    pub state_layer: i8,
    /// How token rows are pooled.
    pub pool_type: CachedPool,
    /// Token rows on either side of the centre; 0 for a pool without one.
    pub pool_radius: u32,
    /// By which rule a locus has its row.
    pub contract: StateContract,
    /// The encoder's number format.
    pub dtype: CachedDtype,
    /// Bases from one window to the next.
    pub stride_bp: u64,
    /// Windows of a full shard.
    pub shard_windows: usize,
    /// When all of it was made, in nanoseconds since 1970; 0 where that is not said.
    pub created_at: i64,
    /// Windows that are encoded together, between two looks at whether to stop.
    pub batch_windows: usize,
}

/// What became of the windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheBuildReport {
    /// Windows that were encoded and written.
    pub encoded_windows: u64,
    /// Windows that the cache had already.
    pub cached_windows: u64,
    /// Windows that equal one of the same run, here or elsewhere.
    pub repeated_windows: u64,
    /// Shards that were written.
    pub written_shards: u64,
    /// Whether the run was stopped before its end.
    pub interrupted: bool,
}

impl CacheBuildReport {
    /// Windows that are done with.
    #[must_use]
    pub const fn windows(&self) -> u64 {
        self.encoded_windows + self.cached_windows + self.repeated_windows
    }
}

/// What the outside does for a build.
pub trait BuildHost {
    /// The states of windows, in their order.
    ///
    /// # Errors
    /// Those of the encoder.
    fn encode(&mut self, windows: &[&CacheWindow]) -> Result<Vec<Vec<f32>>>;

    /// Is told how far the build has come; returns whether it is to go on.
    fn goes_on(&mut self, report: &CacheBuildReport) -> bool;
}

/// Encodes windows and writes them, shard by shard. A window that is cached is left out, so a build
/// that was killed goes on where it was; so is one that equals an earlier one. When the host stops
/// the build, what is encoded is written first.
///
/// A shard that is there is never changed: where a block's place is taken by other windows (those
/// of another stride, say), it goes to a spare one.
///
/// # Errors
/// Those of the windows and the host, `INPUT.GENERIC` for a state that is not finite, and as
/// [`WindowCache::write_shard`].
pub fn build_cache(
    cache: &mut WindowCache,
    build: &CacheBuild,
    windows: impl IntoIterator<Item = Result<CacheWindow>>,
    host: &mut impl BuildHost,
) -> Result<CacheBuildReport> {
    if build.shard_windows == 0 || build.batch_windows == 0 {
        return Err(refused("a shard and a batch have at least one window"));
    }
    cache.adopt_unindexed()?;
    let mut builder = Builder {
        cache,
        build,
        host,
        blocks: BTreeMap::new(),
        unplaced: BTreeMap::new(),
        pending: HashSet::new(),
        written: HashSet::new(),
        report: CacheBuildReport::default(),
    };
    for window in windows {
        builder.add(window?)?;
        if builder.report.interrupted {
            return Ok(builder.report);
        }
    }
    builder.flush_all()?;
    Ok(builder.report)
}

/// A block: the contig, the number of the block along it, and whether its pool is centred.
type StrideBlock = (String, u64, bool);

struct Builder<'a, H> {
    cache: &'a mut WindowCache,
    build: &'a CacheBuild,
    host: &'a mut H,
    /// Windows that are to be encoded.
    blocks: BTreeMap<StrideBlock, Vec<Pending>>,
    /// Windows without a place that were met so far, by group.
    unplaced: BTreeMap<String, u64>,
    /// The keys of the windows in `blocks`.
    pending: HashSet<WindowCacheKey>,
    /// The keys of those that this run wrote: to tell repeats from what was cached before.
    written: HashSet<WindowCacheKey>,
    report: CacheBuildReport,
}

struct Pending {
    key: WindowCacheKey,
    window: CacheWindow,
}

impl<H: BuildHost> Builder<'_, H> {
    fn add(&mut self, window: CacheWindow) -> Result<()> {
        let block = self.block_of(&window);
        let key = self.key(&window);
        if self.pending.contains(&key) || self.written.contains(&key) {
            self.report.repeated_windows += 1;
            return Ok(());
        }
        if self.cache.contains(&key)? {
            self.report.cached_windows += 1;
            self.look();
            return Ok(());
        }
        self.pending.insert(key);
        let windows = self.blocks.entry(block.clone()).or_default();
        windows.push(Pending { key, window });
        if windows.len() >= self.build.shard_windows {
            return self.flush(&block);
        }
        match self.pending.len() >= MOST_PENDING.max(self.build.shard_windows) {
            true => self.flush_all(),
            false => Ok(()),
        }
    }

    /// The block of a window: by its start, or, without a place, by how many came before it.
    fn block_of(&mut self, window: &CacheWindow) -> StrideBlock {
        let shard_windows = self.build.shard_windows as u64;
        let number = if window.placed {
            window.start_bp / self.build.stride_bp.max(1) / shard_windows
        } else {
            let met = self.unplaced.entry(window.contig.clone()).or_default();
            *met += 1;
            (*met - 1) / shard_windows
        };
        (window.contig.clone(), number, self.is_centred(window))
    }

    /// A centred pool needs a locus: without one it is that of all rows.
    fn is_centred(&self, window: &CacheWindow) -> bool {
        self.build.pool_type == CachedPool::CenteredMean && window.locus.is_some()
    }

    fn key(&self, window: &CacheWindow) -> WindowCacheKey {
        let center = window.locus.filter(|_| self.is_centred(window));
        let center = center.map(|locus| self.build.contract.center_row(locus));
        let (pool_type, pool_radius) = match (self.build.pool_type, center) {
            (CachedPool::CenteredMean, None) => (CachedPool::GlobalMean, 0),
            (pool, _) => (pool, self.build.pool_radius),
        };
        WindowCacheKey {
            window_hash: Sha256::digest(&window.bases).into(),
            encoder_hash: self.build.encoder_hash,
            state_layer: self.build.state_layer,
            pool_type,
            pool_radius,
            center_token: center.map(|row| u32::try_from(row).unwrap_or(u32::MAX)),
            dtype: self.build.dtype,
        }
    }

    /// Asks whether to go on.
    fn look(&mut self) {
        self.report.interrupted |= !self.host.goes_on(&self.report);
    }

    fn flush_all(&mut self) -> Result<()> {
        let blocks: Vec<StrideBlock> = self.blocks.keys().cloned().collect();
        for block in blocks {
            if self.report.interrupted {
                break;
            }
            self.flush(&block)?;
        }
        Ok(())
    }

    /// Encodes a block and writes it; as far as it is encoded when the host stops the build.
    fn flush(&mut self, block: &StrideBlock) -> Result<()> {
        let windows = self.blocks.remove(block).unwrap_or_default();
        let mut records = Vec::with_capacity(windows.len());
        for batch in windows.chunks(self.build.batch_windows) {
            self.look();
            if self.report.interrupted {
                break;
            }
            let asked: Vec<&CacheWindow> = batch.iter().map(|one| &one.window).collect();
            for (one, state) in batch.iter().zip(self.host.encode(&asked)?) {
                records.push(self.record(one, state)?);
            }
            self.report.encoded_windows += batch.len() as u64;
        }
        for one in &windows {
            self.pending.remove(&one.key);
        }
        self.write(block, records)
    }

    fn record(&self, one: &Pending, state: Vec<f32>) -> Result<WindowCacheRecord> {
        let window = &one.window;
        let position = |at: u64| i64::try_from(at).unwrap_or(i64::MAX);
        Ok(WindowCacheRecord {
            chrom: window.contig.clone(),
            start_bp: position(window.start_bp),
            end_bp: position(window.start_bp.saturating_add(window.bases.len() as u64)),
            key: one.key,
            embedding: Embedding::new(state)
                .map_err(|error| error.with_detail("contig", &window.contig))?,
            untargeted: window.untargeted,
            created_at: self.build.created_at,
        })
    }

    fn write(
        &mut self,
        (contig, stride_block, _): &StrideBlock,
        records: Vec<WindowCacheRecord>,
    ) -> Result<()> {
        // Another process may have written the same windows meanwhile.
        let mut new = Vec::with_capacity(records.len());
        for record in records {
            self.written.insert(record.key);
            if !self.cache.still_contains(&record.key)? {
                new.push(record);
            }
        }
        let Some(first) = new.first() else {
            return Ok(());
        };
        let place = ShardPlace {
            encoder_id: &self.build.encoder_id,
            contig,
            stride_block: *stride_block,
        };
        let place = self.cache.free_place(place, &first.key)?;
        self.cache.write_shard(&place, &new)?;
        self.report.written_shards += 1;
        self.look();
        Ok(())
    }
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;
