//! One row of a shard.

use super::key::{WindowCacheKey, refused};
use genolewm_core::Result;
use std::time::{SystemTime, UNIX_EPOCH};

/// Version of the columns that are written.
pub const CACHE_SCHEMA_VERSION: &str = "3.0.0";

/// How a shard's columns are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ShardFormat {
    /// 2.0.0: states were rounded to f16. It is read and indexed.
    V2,
    /// 3.0.0: states are f32. It is read and written.
    V3,
}

impl ShardFormat {
    /// The version, as rows and index name it.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::V2 => "2.0.0",
            Self::V3 => CACHE_SCHEMA_VERSION,
        }
    }

    /// How states are stored, as the index names it.
    #[must_use]
    pub const fn encoding(self) -> &'static str {
        match self {
            Self::V2 => "list<float16>",
            Self::V3 => "fixed_size_list<float32>",
        }
    }
}

/// What a shard holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shard {
    /// Its layout.
    pub(super) format: ShardFormat,
    /// Its rows, in order.
    pub(super) records: Vec<WindowCacheRecord>,
}

/// A state as the cache keeps it: as it was pooled, not normalised; never empty, all of it finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// Takes a state.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when it is empty, or a value is not finite.
    pub fn new(state: Vec<f32>) -> Result<Self> {
        if state.is_empty() {
            return Err(refused("an embedding has no values"));
        }
        match state.iter().position(|value| !value.is_finite()) {
            None => Ok(Self(state)),
            Some(index) => {
                Err(refused("an embedding has a value that is not finite")
                    .with_detail("index", index))
            }
        }
    }

    /// The values, one for each feature of the encoder.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.0
    }
}

/// A cached state and where its window was first met (`WindowCacheRecord` of the Python package).
#[derive(Debug, Clone, PartialEq)]
pub struct WindowCacheRecord {
    /// Contig, in common form.
    pub chrom: String,
    /// First base of the window, 0-based.
    pub start_bp: i64,
    /// One past the last base.
    pub end_bp: i64,
    /// What the state is found by.
    pub key: WindowCacheKey,
    /// The state.
    pub embedding: Embedding,
    /// Whether the window was encoded without an edit in mind.
    pub untargeted: bool,
    /// Nanoseconds since 1970, UTC; 0 until the row is written.
    pub created_at: i64,
}

impl WindowCacheRecord {
    /// Checks what the types leave open.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a contig without a name, a window without bases, or a key as
    /// [`WindowCacheKey::check`] refuses it.
    pub fn check(&self) -> Result<()> {
        if self.chrom.is_empty() {
            return Err(refused("a cached window has no contig"));
        }
        if self.end_bp <= self.start_bp {
            return Err(refused("a cached window ends before its first base")
                .with_detail("start_bp", self.start_bp)
                .with_detail("end_bp", self.end_bp));
        }
        self.key.check()
    }
}

/// Now, in nanoseconds since 1970, UTC.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::key::{CachedDtype, CachedPool};
    use super::*;
    use genolewm_core::ErrorCode;

    /// A row whose window and state are made from a number.
    pub(in crate::cache) fn record(number: u8) -> WindowCacheRecord {
        let start_bp = i64::from(number) * 96;
        WindowCacheRecord {
            chrom: "1".to_owned(),
            start_bp,
            end_bp: start_bp + 192,
            key: WindowCacheKey {
                window_hash: [number; 32],
                encoder_hash: [0xee; 32],
                state_layer: -1,
                pool_type: CachedPool::GlobalMean,
                pool_radius: 0,
                center_token: None,
                dtype: CachedDtype::Fp32,
            },
            embedding: Embedding::new(vec![f32::from(number), 0.1, -2.5]).unwrap(),
            untargeted: number.is_multiple_of(2),
            created_at: 1_700_000_000_000_000_000 + i64::from(number),
        }
    }

    #[test]
    fn embeddings_were_rounded_to_f16() {
        let state = [0.1, 70_000.0, 1e-9];
        assert_eq!(Embedding::new(state.to_vec()).unwrap().values(), state);
        for bad in [&[][..], &[f32::NAN], &[1.0, f32::INFINITY]] {
            let code = Embedding::new(bad.to_vec()).map_err(|error| error.code());
            assert_eq!(code, Err(ErrorCode::InputGeneric), "{bad:?}");
        }
    }

    #[test]
    fn rows_without_contig_or_bases_are_refused() {
        assert_eq!(record(1).check(), Ok(()));
        let refuses = |change: fn(&mut WindowCacheRecord)| {
            let mut row = record(1);
            change(&mut row);
            let code = row.check().map_err(|error| error.code());
            assert_eq!(code, Err(ErrorCode::InputGeneric), "{row:?}");
        };
        refuses(|row| row.chrom.clear());
        refuses(|row| row.end_bp = row.start_bp);
        refuses(|row| row.end_bp = row.start_bp - 1);
        refuses(|row| row.key.pool_radius = 1 << 31);
        refuses(|row| row.key.pool_radius = 8);
        refuses(|row| row.key.center_token = Some(3));
        refuses(|row| row.key.pool_type = CachedPool::CenteredMean);
        let mut centred = record(1);
        centred.key.pool_type = CachedPool::CenteredMean;
        (centred.key.pool_radius, centred.key.center_token) = (8, Some(3));
        assert_eq!(centred.check(), Ok(()));
    }
}
