//! One row of a shard.

use super::key::{WindowCacheKey, refused};
use genolewm_core::Result;
use half::f16;
use std::time::{SystemTime, UNIX_EPOCH};

/// Version of a row's columns.
pub const CACHE_SCHEMA_VERSION: &str = "1.0.0";

/// A state as the cache keeps it: f16, never empty, all of it finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Vec<f16>);

impl Embedding {
    /// Rounds a state to f16.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when it is empty, or a value is not finite or beyond f16 (65,504).
    pub fn new(state: &[f32]) -> Result<Self> {
        Self::from_halves(state.iter().copied().map(f16::from_f32).collect())
    }

    /// Takes a state that is f16 already; errors as [`new`](Self::new).
    pub(super) fn from_halves(state: Vec<f16>) -> Result<Self> {
        if state.is_empty() {
            return Err(refused("an embedding has no values"));
        }
        match state.iter().position(|value| !value.is_finite()) {
            None => Ok(Self(state)),
            Some(index) => Err(refused("an embedding has a value that f16 does not hold")
                .with_detail("index", index)),
        }
    }

    /// The values, one for each feature of the encoder.
    #[must_use]
    pub fn halves(&self) -> &[f16] {
        &self.0
    }

    /// The values as f32, exactly.
    #[must_use]
    pub fn to_f32(&self) -> Vec<f32> {
        self.0.iter().map(|value| value.to_f32()).collect()
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
                dtype: CachedDtype::Fp32,
            },
            embedding: Embedding::new(&[f32::from(number), 0.1, -2.5]).unwrap(),
            untargeted: number.is_multiple_of(2),
            created_at: 1_700_000_000_000_000_000 + i64::from(number),
        }
    }

    #[test]
    fn embeddings_are_rounded_to_f16_and_finite() {
        let state = Embedding::new(&[0.1, 65_504.0, 1e-9]).unwrap();
        assert_eq!(state.to_f32(), [0.099_975_586, 65_504.0, 0.0]);
        for bad in [&[][..], &[f32::NAN], &[1.0, f32::INFINITY], &[70_000.0]] {
            let code = Embedding::new(bad).map_err(|error| error.code());
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
    }
}
