//! The states of windows, as they are cached.

use super::key::{CachedPool, Sha256Bytes, refused};
use crate::sha256;
use genolewm::encoder::StateEncoder;
use genolewm::ops::Ops;
use genolewm_core::position::BpOffset;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::io_error_at;
use rayon::ThreadPool;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::io::ErrorKind;
use std::path::Path;

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

    /// The states of windows, in their order; the same for any number of workers. A centred pool
    /// is at the middle of a window.
    ///
    /// # Errors
    /// Those of the encoder and its backend.
    pub fn encode(&self, windows: &[&str]) -> Result<Vec<Vec<f32>>> {
        let one = |window: &&str| {
            let locus = (self.pool == CachedPool::CenteredMean).then(|| middle(window));
            let state = self.encoder.encode_window(self.ops, window, locus)?;
            pollster::block_on(self.encoder.read(self.ops, &state))
        };
        self.workers
            .install(|| windows.par_iter().map(one).collect())
    }
}

/// Where a window is pooled that has no edit: its middle.
pub(super) fn middle(window: &str) -> BpOffset {
    BpOffset(window.len() as u64 / 2)
}

/// The hash that keys an encoder's states: of `model.safetensors` or, where the weights are in
/// several files, of their index.
///
/// # Errors
/// `RESOURCE.MODEL_NOT_FOUND` when there is neither, `RESOURCE.GENERIC` when it cannot be read.
pub fn encoder_weights_hash(directory: &Path) -> Result<Sha256Bytes> {
    for name in ["model.safetensors", "model.safetensors.index.json"] {
        let path = directory.join(name);
        match sha256::of_file(&path) {
            Ok(hash) => return Ok(hash),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(io_error_at(&path)(error)),
        }
    }
    let name = directory.display();
    Err(Error::new(
        ErrorCode::ResourceModelNotFound,
        format!("{name}: there is no model.safetensors"),
    )
    .with_remedy("give a complete encoder directory with --encoder-dir"))
}
