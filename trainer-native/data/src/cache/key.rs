//! What a cached state is found by: the window's content, the encoder and how it was pooled.

use crate::named::named;
use genolewm_core::{Error, ErrorCode, Result};

/// The 32 bytes of a SHA-256.
pub type Sha256Bytes = [u8; 32];

/// How token rows became one state, by the names that the Python package uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CachedPool {
    /// The mean of the rows around one token.
    CenteredMean,
    /// The mean of all rows.
    GlobalMean,
    /// A learnt weighting of the rows. This program makes none, and keeps those of others.
    Attention,
}

named!(CachedPool:
    CenteredMean = "centered_mean", GlobalMean = "global_mean", Attention = "attention";
|text| {
    refused("a pool type is centered_mean, global_mean or attention").with_detail("pool_type", text)
});

/// The number format that the encoder computed in. Embeddings are stored as f32 in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CachedDtype {
    /// bfloat16
    Bf16,
    /// IEEE half precision
    Fp16,
    /// IEEE single precision
    Fp32,
}

named!(CachedDtype: Bf16 = "bf16", Fp16 = "fp16", Fp32 = "fp32"; |text| {
    refused("a dtype is bf16, fp16 or fp32").with_detail("dtype", text)
});

/// The content key of a state (`WindowCacheKey` of the Python package). It has no place on a contig:
/// windows that are equal and pooled around one row share a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WindowCacheKey {
    /// SHA-256 of the window's canonical text.
    pub window_hash: Sha256Bytes,
    /// What the encoder is known by: the SHA-256 of its weights.
    pub encoder_hash: Sha256Bytes,
    /// Layer that the state was taken from, as it was configured: negative counts from the last.
    pub state_layer: i8,
    /// How token rows were pooled.
    pub pool_type: CachedPool,
    /// Token rows on either side of the centre; 0 where the pool has none.
    pub pool_radius: u32,
    /// The row in the middle, counted as the encoder gives them; none of a global mean.
    pub center_token: Option<u32>,
    /// Number format of the encoder.
    pub dtype: CachedDtype,
}

impl WindowCacheKey {
    /// Checks what the types leave open.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a radius or a centre that the file's 32 bits with sign cannot hold, a
    /// global mean with a centre or radius, and any other pool without a centre.
    pub fn check(&self) -> Result<()> {
        let global = self.pool_type == CachedPool::GlobalMean;
        let fits = |number: u32| i32::try_from(number).is_ok();
        let what = match self.center_token {
            _ if !fits(self.pool_radius) => "pool_radius does not fit into 32 bits",
            Some(center) if !fits(center) => "center_token does not fit into 32 bits",
            Some(_) if global => "a global mean has no centre",
            None if !global => "a pool around a row names it",
            None if self.pool_radius != 0 => "a global mean has no radius",
            _ => return Ok(()),
        };
        Err(refused(what)
            .with_detail("pool_type", self.pool_type)
            .with_detail("pool_radius", self.pool_radius))
    }
}

/// An argument that the cache does not take.
pub(super) fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::InputGeneric, message)
        .with_remedy("correct the value; nothing was written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_others_are_refused() {
        for pool in CachedPool::ALL {
            assert_eq!(pool.as_str().parse::<CachedPool>().as_ref(), Ok(&pool));
        }
        for dtype in CachedDtype::ALL {
            assert_eq!(dtype.as_str().parse::<CachedDtype>().as_ref(), Ok(&dtype));
        }
        let codes = [
            "max"
                .parse::<CachedPool>()
                .map_err(|error| error.code())
                .err(),
            "f32"
                .parse::<CachedDtype>()
                .map_err(|error| error.code())
                .err(),
        ];
        assert_eq!(codes, [Some(ErrorCode::InputGeneric); 2]);
    }
}
