//! Where the cache keeps what, and which names it takes: the folders of the Python package.

use super::key::{WindowCacheKey, refused};
use crate::sha256::hex;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::io_error_at;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The index, below `embeddings`.
pub const INDEX_NAME: &str = "index.sqlite";
/// What everything lies below.
const EMBEDDINGS: &str = "embeddings";
/// What shards of the present layout lie below.
const VERSION: &str = "v3";
/// Where shards go that cannot be read; nothing in it is part of the cache.
const QUARANTINE: &str = ".quarantine";

/// `$GENO_LEWM_CACHE`, else `.geno-lewm-cache` in the working directory.
#[must_use]
pub fn default_cache_dir() -> PathBuf {
    std::env::var_os("GENO_LEWM_CACHE").map_or_else(|| ".geno-lewm-cache".into(), PathBuf::from)
}

/// The block of windows that a shard holds.
#[derive(Debug, Clone, Copy)]
pub struct ShardPlace<'a> {
    /// The encoder by its name, such as `HuggingFaceBio/Carbon-500M`.
    pub encoder_id: &'a str,
    /// The contig in common form: the path adds `chr`.
    pub contig: &'a str,
    /// Number of the block along the contig: start / (stride x 1,024), in bases.
    pub stride_block: u64,
}

impl ShardPlace<'_> {
    /// The shard's path below the cache's root:
    /// `embeddings/v3/<encoder>/<hash>/<dtype>_as_fp32/<layer>/<pool>_<radius>/chr<contig>_<block>.parquet`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for names that are empty or would lead elsewhere.
    pub fn path(&self, key: &WindowCacheKey) -> Result<PathBuf> {
        let encoder = path_part("encoder_id", self.encoder_id)?;
        // Such a folder would be the parent, itself, or hidden from every reader.
        if [".", "..", QUARANTINE].contains(&encoder.as_str()) {
            return Err(refused("this encoder id cannot name a folder")
                .with_detail("encoder_id", self.encoder_id));
        }
        let contig = path_part("contig", self.contig)?;
        let block = self.stride_block;
        Ok([
            EMBEDDINGS,
            VERSION,
            &encoder,
            &hex(&key.encoder_hash),
            &format!("{}_as_fp32", key.dtype),
            &key.state_layer.to_string(),
            &format!("{}_{}", key.pool_type, key.pool_radius),
            &format!("chr{contig}_{block}.parquet"),
        ]
        .iter()
        .collect())
    }
}

fn path_part(name: &str, value: &str) -> Result<String> {
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(
            refused(format!("{name} is empty or has control characters"))
                .with_detail(name, value.escape_debug()),
        );
    }
    Ok(value.replace(['/', '\\'], "__"))
}

pub(super) fn embeddings(root: &Path) -> PathBuf {
    root.join(EMBEDDINGS)
}

pub(super) fn index(root: &Path) -> PathBuf {
    embeddings(root).join(INDEX_NAME)
}

/// The file that writers of this program lock. Readers do not touch it.
///
/// SQLite's own lock is not enough: a new index takes the place of the old file, and with it of its
/// lock, and a shard is put in place before its rows are indexed.
pub(super) fn lock(root: &Path) -> PathBuf {
    embeddings(root).join(".lock")
}

/// Where a shard goes that cannot be read; both are full paths.
pub(super) fn quarantine(root: &Path, shard: &Path) -> PathBuf {
    let base = embeddings(root);
    let below = shard.strip_prefix(&base).unwrap_or(shard);
    base.join(QUARANTINE).join(below)
}

/// A path below the root as the index writes it: with `/` on every system.
pub(super) fn relative(root: &Path, shard: &Path) -> Result<String> {
    let below = shard.strip_prefix(root).unwrap_or(shard);
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    let parts = parts.ok_or_else(|| {
        Error::new(ErrorCode::InputGeneric, "a shard's path is not UTF-8")
            .with_detail("shard_path", below.display())
            .with_remedy("rename the folder or file")
    })?;
    Ok(parts.join("/"))
}

/// The full path of a shard that the index names; `None` when the name leads out of the cache.
pub(super) fn resolve(root: &Path, shard: &str) -> Option<PathBuf> {
    let path = Path::new(shard);
    let inside = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    (inside && !shard.is_empty()).then(|| root.join(path))
}

/// What lies in a cache.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Shards, sorted by path.
    pub(super) shards: Vec<PathBuf>,
    /// Files that a writer began and did not finish.
    pub(super) partial: Vec<PathBuf>,
}

/// Lists a cache without its quarantine.
pub(super) fn list(root: &Path) -> Result<Listing> {
    let mut found = Listing::default();
    let mut folders = vec![embeddings(root)];
    while let Some(folder) = folders.pop() {
        let failed = io_error_at(&folder);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let (name, path) = (entry.file_name(), entry.path());
            if entry.file_type().map_err(failed)?.is_dir() {
                if name != QUARANTINE {
                    folders.push(path);
                }
            } else if name.to_string_lossy().starts_with(".partial-") {
                found.partial.push(path);
            } else if path.extension().is_some_and(|ending| ending == "parquet") {
                found.shards.push(path);
            }
        }
    }
    found.shards.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::key::CachedPool;
    use super::super::record::tests::record;
    use super::*;

    fn place<'a>(encoder_id: &'a str, contig: &'a str) -> ShardPlace<'a> {
        ShardPlace {
            encoder_id,
            contig,
            stride_block: 3,
        }
    }

    #[test]
    fn shards_lie_where_the_python_package_looks() {
        let key = WindowCacheKey {
            pool_type: CachedPool::CenteredMean,
            pool_radius: 8,
            center_token: Some(3),
            ..record(1).key
        };
        let path = place(r"a/b\c", "1").path(&key);
        let want = format!(
            "embeddings/v3/a__b__c/{}/fp32_as_fp32/-1/centered_mean_8/chr1_3.parquet",
            "ee".repeat(32)
        );
        assert_eq!(path.as_deref(), Ok(Path::new(&want)));
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for (encoder, contig) in [
            ("", "1"),
            ("..", "1"),
            (".", "1"),
            (".quarantine", "1"),
            ("a\0b", "1"),
            ("a", ""),
            ("a", "1\n"),
        ] {
            let error = place(encoder, contig).path(&record(1).key);
            let code = error.map_err(|error| error.code());
            assert_eq!(code, Err(ErrorCode::InputGeneric), "{encoder:?} {contig:?}");
        }
        // With the slashes gone, dots lead nowhere.
        let path = place("../x", "../../y").path(&record(1).key).unwrap();
        assert!(path.starts_with("embeddings/v3/..__x"), "{path:?}");
        assert!(
            path.ends_with("-1/global_mean_0/chr..__..__y_3.parquet"),
            "{path:?}"
        );
    }

    #[test]
    fn index_paths_stay_inside() {
        let root = Path::new("cache");
        assert_eq!(
            resolve(root, "embeddings/a.parquet"),
            Some(PathBuf::from("cache/embeddings/a.parquet"))
        );
        for bad in ["", "/etc/passwd", "../x", "a/../../x"] {
            assert_eq!(resolve(root, bad), None, "{bad}");
        }
    }
}
