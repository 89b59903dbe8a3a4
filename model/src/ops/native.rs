//! Backends of machines with threads.

use super::{CpuOps, Ops, Precision};
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// Operations that threads share.
pub trait NativeOps: Ops<Matrix: Send + Sync> + Send + Sync {
    /// The device, as receipts name it.
    fn device(&self) -> String;

    /// Batches that are worth having in work at once.
    fn workers(&self) -> usize;
}

impl NativeOps for CpuOps {
    fn device(&self) -> String {
        let device = format!("{}/{}", self.backend(), std::env::consts::ARCH);
        match self.precision() {
            Precision::F32 => device,
            other => format!("{device}/{other}"),
        }
    }

    fn workers(&self) -> usize {
        available_parallelism().map_or(1, NonZeroUsize::get)
    }
}

#[cfg(feature = "burn")]
impl NativeOps for super::BurnOps {
    fn device(&self) -> String {
        format!("{}/{}", self.backend(), std::env::consts::ARCH)
    }

    fn workers(&self) -> usize {
        available_parallelism().map_or(1, NonZeroUsize::get)
    }
}

#[cfg(feature = "wgpu")]
impl NativeOps for super::WgslOps {
    fn device(&self) -> String {
        format!("{}/{}", self.backend(), self.device_name())
    }

    /// One batch is prepared or measured while the GPU runs another.
    fn workers(&self) -> usize {
        2
    }
}
