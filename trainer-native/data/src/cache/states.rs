//! The states of windows, as they are cached.

use super::key::{CachedPool, Sha256Bytes, refused};
use super::windows::CacheWindow;
use crate::sha256;
use genolewm::encoder::StateEncoder;
use genolewm::files::ModelFiles;
use genolewm::opened::EncoderHashes;
use genolewm::ops::Ops;
use genolewm_core::provenance::own_runtime_hash;
use genolewm_core::state_contract::StateContract;
use genolewm_core::{Error, ErrorCode, Result};
use rayon::ThreadPool;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

/// An encoder at work on several windows at once.
pub struct WindowStates<'a, O: Ops> {
    ops: &'a O,
    encoder: &'a StateEncoder<O::Matrix>,
    pool: CachedPool,
    workers: ThreadPool,
}

impl<'a, O> WindowStates<'a, O>
where
    O: Ops<Matrix: Send + Sync> + Sync,
{
    /// Puts `workers` threads to work. The encoder's own pooling must be that of `pool`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a pool that this program does not make, `RESOURCE.RUNTIME_SETUP` when
    /// threads cannot be started.
    pub fn new(
        ops: &'a O,
        encoder: &'a StateEncoder<O::Matrix>,
        pool: CachedPool,
        workers: usize,
    ) -> Result<Self> {
        if pool == CachedPool::Attention {
            return Err(refused(
                "this program pools by global_mean or centered_mean",
            ));
        }
        let threads = rayon::ThreadPoolBuilder::new().num_threads(workers).build();
        let workers = threads
            .map_err(|error| Error::new(ErrorCode::ResourceRuntimeSetup, error.to_string()))?;
        Ok(Self {
            ops,
            encoder,
            pool,
            workers,
        })
    }

    /// The states of windows, in their order; the same for any number of workers.
    ///
    /// # Errors
    /// Those of the encoder and its backend.
    pub fn encode(&self, windows: &[&CacheWindow]) -> Result<Vec<Vec<f32>>> {
        let is_centred = self.pool == CachedPool::CenteredMean;
        let one = |window: &&CacheWindow| {
            let locus = window.locus.filter(|_| is_centred);
            let state = self.encoder.encode_window(self.ops, &window.bases, locus)?;
            pollster::block_on(self.encoder.read(self.ops, &state))
        };
        self.workers
            .install(|| windows.par_iter().map(one).collect())
    }
}

/// What a cached state's encoder is known by: `legacy_raw_v1` by its weights, as the Python package has
/// it; every other contract by its weights, its other files and the rule by which rows were pooled, since
/// one key must not have two states.
///
/// # Errors
/// `RESOURCE.MODEL_NOT_FOUND` when the weights are missing, `RESOURCE.GENERIC` when a file cannot be read.
pub fn cached_encoder_hash(
    encoder: &dyn ModelFiles,
    contract: StateContract,
) -> Result<Sha256Bytes> {
    let missing = |error: Error| match error.code() {
        ErrorCode::ResourceModelNotFound => {
            error.with_remedy("give a complete encoder directory with --encoder-dir")
        }
        _ => error,
    };
    let EncoderHashes { weights, files } = EncoderHashes::read(encoder).map_err(missing)?;
    let hash = match contract {
        StateContract::LegacyRawV1 => weights,
        // They pool the same rows, and are cached as they are pooled.
        StateContract::RawV0_2_1 | StateContract::L2OldRowV0_2_0 => {
            own_runtime_hash(StateContract::RawV0_2_1, &weights, &files)?
        }
        StateContract::L2NormalizedV2 => own_runtime_hash(contract, &weights, &files)?,
    };
    sha256::from_prefixed(&hash).ok_or_else(|| Error::invariant("a hash is none"))
}
