//! The window cache: states of reference windows, found by content.
//!
//! Rows lie in Parquet shards that are written once and never changed; a SQLite index says which
//! shard holds a key. Shards are those of the Python package's next version (layout 3.0.0; 2.0.0 is
//! read). A shard is put in place complete or not at all, and before its rows are
//! indexed; so whatever a kill leaves behind, the shards are the truth and the index follows.
//!
//! A key names the row that a window is pooled around, and states are kept as they were pooled, in f32:
//! whoever reads one normalises it.

mod key;
mod record;
mod paths;
mod shard;
mod decode;
mod index;
mod store;
mod repair;
mod windows;
mod requests;
mod states;
mod sites;
mod build;

pub use crate::sha256::hex;
pub use build::{BuildHost, CacheBuild, CacheBuildReport, build_cache};
pub use key::{CachedDtype, CachedPool, Sha256Bytes, WindowCacheKey};
pub use paths::{INDEX_NAME, ShardPlace, default_cache_dir};
pub use record::{CACHE_SCHEMA_VERSION, Embedding, ShardFormat, WindowCacheRecord};
pub use repair::{CacheReindexReport, CacheRepairReport, reindex_cache, repair_cache};
pub use requests::CacheRequests;
pub use sites::{SiteCache, SiteStates, cached_contract};
pub use states::{WindowStates, cached_encoder_hash};
pub use store::WindowCache;
pub use windows::{CacheWindow, cache_windows};
