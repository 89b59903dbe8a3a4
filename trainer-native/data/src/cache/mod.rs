//! The window cache: states of reference windows, found by content.
//!
//! Rows lie in Parquet shards that are written once and never changed; a SQLite index says which
//! shard holds a key. Both are the files of the Python package geno-lewm 0.2.1, and either program
//! may have written them. A shard is put in place complete or not at all, and before its rows are
//! indexed; so whatever a kill leaves behind, the shards are the truth and the index follows.
//!
//! A key has no locus and no edit, and a state is f16: there is one state for a window.

mod key;
mod record;
mod paths;
mod shard;
mod decode;
mod index;
mod store;
mod repair;
mod windows;
mod build;
mod states;

pub use build::{BuildHost, CacheBuild, CacheBuildReport, build_cache};
pub use key::{CachedDtype, CachedPool, Sha256Bytes, WindowCacheKey};
pub use paths::{INDEX_NAME, ShardPlace, default_cache_dir};
pub use record::{CACHE_SCHEMA_VERSION, Embedding, WindowCacheRecord};
pub use repair::{CacheReindexReport, CacheRepairReport, reindex_cache, repair_cache};
pub use states::{WindowStates, encoder_weights_hash};
pub use store::WindowCache;
pub use windows::{CacheWindow, cache_windows};
