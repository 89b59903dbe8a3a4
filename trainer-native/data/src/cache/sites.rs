//! The states of windows and their edits, asked of the cache before the encoder is.

use super::key::{CachedPool, Sha256Bytes, WindowCacheKey};
use super::paths::ShardPlace;
use super::record::{Embedding, WindowCacheRecord};
use super::states::cached_encoder_hash;
use super::store::WindowCache;
use genolewm::config::EncoderSection;
use genolewm::encoder::Site;
use genolewm::files::ModelFiles;
use genolewm_core::pooling::{PoolType, to_unit_length};
use genolewm_core::position::BpOffset;
use genolewm_core::state_contract::StateContract;
use genolewm_core::{Error, ErrorCode, Result};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Rows of a shard.
const SHARD_ROWS: usize = 1_024;
/// What states are grouped under whose windows are drawn, wherever they lie.
const GROUP: &str = "drawn";

/// The contract that takes the same rows and does not normalise: so states are cached.
#[must_use]
pub const fn cached_contract(contract: StateContract) -> StateContract {
    match contract.counts_tags() {
        true => StateContract::LegacyRawV1,
        false => StateContract::RawV0_2_1,
    }
}

/// States before and after the edits of a site, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteStates {
    /// The reference window, pooled at each edit's locus.
    pub reference: Vec<f32>,
    /// The edited windows, pooled at the same loci.
    pub edited: Vec<f32>,
}

impl SiteStates {
    /// The same by `contract`, of states by its [`cached_contract`].
    #[must_use]
    pub fn by(mut self, contract: StateContract, width: usize) -> Self {
        if contract.normalizes() {
            let rows = [&mut self.reference, &mut self.edited].into_iter();
            let rows = rows.flat_map(|rows| rows.chunks_exact_mut(width.max(1)));
            rows.for_each(to_unit_length);
        }
        self
    }
}

/// The cache of one encoder's states. Only a site of which all states are there needs no encoder: an edit is
/// encoded over the reference's keys and values, which no cache holds.
#[derive(Debug)]
pub struct SiteCache {
    encoder_id: String,
    like: WindowCacheKey,
    contract: StateContract,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    cache: WindowCache,
    /// What is not written yet, and where in it a key is.
    pending: Vec<WindowCacheRecord>,
    places: HashMap<WindowCacheKey, usize>,
    asked: u64,
    found: u64,
}

impl SiteCache {
    /// The states below `root` of an encoder that a model's configuration uses like this.
    ///
    /// # Errors
    /// As [`cached_encoder_hash`]; `CONFIG.GENERIC` for a layer or a radius that the cache has not.
    pub fn new(root: &Path, files: &dyn ModelFiles, encoder: &EncoderSection) -> Result<Self> {
        let beyond = |what: &str| {
            Error::new(
                ErrorCode::ConfigGeneric,
                format!("the cache has no such {what}"),
            )
            .with_remedy("leave --cache-dir out")
        };
        let pool_radius = u32::try_from(encoder.pool_radius);
        let like = WindowCacheKey {
            window_hash: Sha256Bytes::default(),
            encoder_hash: cached_encoder_hash(files, encoder.contract)?,
            state_layer: i8::try_from(encoder.state_layer).map_err(|_| beyond("layer"))?,
            pool_type: match encoder.pool_type {
                PoolType::CenteredMean => CachedPool::CenteredMean,
                PoolType::GlobalMean => CachedPool::GlobalMean,
            },
            pool_radius: pool_radius.map_err(|_| beyond("radius"))?,
            center_token: None,
            dtype: encoder.dtype.parse()?,
        };
        let mut cache = WindowCache::new(root);
        cache.adopt_unindexed()?;
        Ok(Self {
            encoder_id: encoder.model_id.clone(),
            like,
            contract: encoder.contract,
            kept: Mutex::new(Kept {
                cache,
                pending: Vec::new(),
                places: HashMap::new(),
                asked: 0,
                found: 0,
            }),
        })
    }

    /// The states of a site by the contract [`cached_contract`]: those that are cached, else what `encode`
    /// makes of it, which is kept.
    ///
    /// # Errors
    /// Those of `encode` and of the cache.
    pub fn states(
        &self,
        site: Site<'_>,
        encode: impl FnOnce(Site<'_>) -> Result<SiteStates>,
    ) -> Result<SiteStates> {
        let keys = self.keys(&site);
        let found = self.kept().find(&keys)?;
        if let Some(states) = found {
            return Ok(states);
        }
        let bases = [site.reference.len(), site.edits.len()];
        let states = encode(site)?;
        self.keep(&keys, bases, &states)?;
        Ok(states)
    }

    /// Writes what is not written yet; returns how many sites were asked for and how many of them found.
    ///
    /// # Errors
    /// As [`WindowCache::write_shard`].
    pub fn finish(&self) -> Result<(u64, u64)> {
        let mut kept = self.kept();
        self.flush(&mut kept)?;
        Ok((kept.asked, kept.found))
    }

    /// The keys of each edit's reference and edited window.
    fn keys(&self, site: &Site<'_>) -> Vec<[WindowCacheKey; 2]> {
        let reference: Sha256Bytes = Sha256::digest(site.reference).into();
        let key = |window_hash, locus: Option<BpOffset>| {
            let centred = self.like.pool_type == CachedPool::CenteredMean;
            let center = locus
                .filter(|_| centred)
                .map(|locus| self.contract.center_row(locus));
            let (pool_type, pool_radius) = match center {
                Some(_) => (self.like.pool_type, self.like.pool_radius),
                None => (CachedPool::GlobalMean, 0),
            };
            WindowCacheKey {
                window_hash,
                pool_type,
                pool_radius,
                center_token: center.map(|row| u32::try_from(row).unwrap_or(u32::MAX)),
                ..self.like
            }
        };
        let edits = site.edits.iter();
        edits
            .map(|edit| {
                let edited = Sha256::digest(&edit.bases).into();
                [key(reference, edit.locus), key(edited, edit.locus)]
            })
            .collect()
    }

    fn keep(
        &self,
        keys: &[[WindowCacheKey; 2]],
        [window_bp, edits]: [usize; 2],
        states: &SiteStates,
    ) -> Result<()> {
        let width = states.edited.len() / edits.max(1);
        let end_bp = i64::try_from(window_bp).unwrap_or(i64::MAX);
        let pairs = states.reference.chunks_exact(width.max(1));
        let pairs = pairs.zip(states.edited.chunks_exact(width.max(1)));
        let mut kept = self.kept();
        for (keys, (reference, edited)) in keys.iter().zip(pairs) {
            for (key, state) in keys.iter().zip([reference, edited]) {
                if kept.places.contains_key(key) || kept.cache.still_contains(key)? {
                    continue;
                }
                let place = kept.pending.len();
                kept.places.insert(*key, place);
                kept.pending.push(WindowCacheRecord {
                    chrom: GROUP.to_owned(),
                    start_bp: 0,
                    end_bp,
                    key: *key,
                    embedding: Embedding::new(state.to_vec())?,
                    untargeted: false,
                    created_at: 0,
                });
            }
        }
        match kept.pending.len() >= SHARD_ROWS {
            true => self.flush(&mut kept),
            false => Ok(()),
        }
    }

    fn flush(&self, kept: &mut Kept) -> Result<()> {
        kept.places.clear();
        let pending = std::mem::take(&mut kept.pending);
        // Another process may have written some meanwhile; a shard holds one kind of pool.
        for pool in CachedPool::ALL {
            let mut rows = Vec::new();
            for row in &pending {
                if row.key.pool_type == pool && !kept.cache.still_contains(&row.key)? {
                    rows.push(row.clone());
                }
            }
            let Some(first) = rows.first() else {
                continue;
            };
            let place = ShardPlace {
                encoder_id: &self.encoder_id,
                contig: GROUP,
                stride_block: 0,
            };
            let place = kept.cache.free_place(place, &first.key)?;
            kept.cache.write_shard(&place, &rows)?;
        }
        Ok(())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The states of all keys, if all are there.
    fn find(&mut self, keys: &[[WindowCacheKey; 2]]) -> Result<Option<SiteStates>> {
        self.asked += 1;
        let [mut reference, mut edited] = [Vec::new(), Vec::new()];
        for keys in keys {
            for (key, states) in keys.iter().zip([&mut reference, &mut edited]) {
                let pending = self
                    .places
                    .get(key)
                    .and_then(|place| self.pending.get(*place));
                let state = match pending {
                    Some(row) => Some(row.embedding.clone()),
                    None => self.cache.get(key)?,
                };
                let Some(state) = state else {
                    return Ok(None);
                };
                states.extend_from_slice(state.values());
            }
        }
        self.found += 1;
        Ok(Some(SiteStates { reference, edited }))
    }
}
