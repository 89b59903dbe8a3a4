//! The operations as WGSL kernels: WebGPU in browsers, Vulkan, Metal and DX12 elsewhere.
//!
//! An operation is recorded, not run: commands go to the device in batches, and only
//! [`read`](crate::ops::Ops::read) waits. What the device refuses is kept and reported by the next
//! read, so that a refused command never shows as a wrong number.

// A browser's handles stay on one thread; elsewhere threads share them.
#![cfg_attr(target_family = "wasm", allow(clippy::arc_with_non_send_sync))]

mod kernels;
mod fault;
mod pool;
mod matrix;
mod recorder;
mod attention;
mod device;
mod weights;
mod linear;
mod ops;
mod read;
#[cfg(all(test, feature = "native"))]
mod tests;

pub use matrix::WgslMatrix;

use device::Gpu;
use genolewm_core::Result;
use std::sync::Arc;

/// Runs the layers on a GPU. Clones share the device.
#[derive(Debug, Clone)]
pub struct WgslOps {
    gpu: Arc<Gpu>,
}

impl WgslOps {
    /// Opens the fastest adapter that there is.
    ///
    /// # Errors
    /// `DEPLOY.BACKEND_UNSUPPORTED` when there is none, or when it gives no device.
    pub async fn new() -> Result<Self> {
        Self::on(&device::find_adapter().await?).await
    }

    /// Opens a given adapter.
    ///
    /// # Errors
    /// `DEPLOY.BACKEND_UNSUPPORTED` when it gives no device.
    pub async fn on(adapter: &wgpu::Adapter) -> Result<Self> {
        let gpu = Gpu::open(adapter, device::limits(&adapter.limits())).await?;
        Ok(Self { gpu: Arc::new(gpu) })
    }

    /// What the adapter calls itself, with its driver where that is known.
    #[must_use]
    pub fn device_name(&self) -> &str {
        self.gpu.name()
    }

    /// Whether it is no graphics device but a program that stands in for one on the processor.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.gpu.is_software()
    }

    /// Whether this device gives no results any more: it is gone, or it refused a command. Then
    /// every read is an error, and the model has to be loaded elsewhere.
    #[must_use]
    pub fn lost(&self) -> bool {
        self.gpu.faults().any()
    }
}
