//! Adapter, device and queue, and what belongs to them.

use super::fault::{Fault, Faults};
use super::pool::Pool;
use super::recorder::Recorder;
use genolewm_core::{Error, ErrorCode, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Storage buffers that a kernel binds at most: WebGPU guarantees eight.
const STORAGE_BUFFERS: u32 = 8;

/// An open device.
#[derive(Debug)]
pub(super) struct Gpu {
    name: String,
    is_software: bool,
    device: wgpu::Device,
    faults: Arc<Faults>,
    recorder: Mutex<Recorder>,
}

impl Gpu {
    /// Asks the adapter for a device.
    pub(super) async fn open(adapter: &wgpu::Adapter, limits: wgpu::Limits) -> Result<Self> {
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("genolewm"),
                required_limits: limits,
                memory_hints: wgpu::MemoryHints::Performance,
                ..Default::default()
            })
            .await
            .map_err(|error| unsupported(&format!("the adapter gives no device: {error}")))?;
        let faults = Arc::new(Faults::default());
        watch(&device, &faults);
        let pool = Arc::new(Pool::new(device.clone(), Arc::clone(&faults)));
        let recorder = Recorder::new(device.clone(), queue, pool, Arc::clone(&faults));
        let info = adapter.get_info();
        Ok(Self {
            name: describe(&info, &device),
            is_software: info.device_type == wgpu::DeviceType::Cpu,
            device,
            faults,
            recorder: Mutex::new(recorder),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_software(&self) -> bool {
        self.is_software
    }

    pub(super) fn device(&self) -> &wgpu::Device {
        &self.device
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The recorder, for one operation.
    pub(super) fn record(&self) -> MutexGuard<'_, Recorder> {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Gpu {
    /// A browser would keep the device's memory until its collector finds the handles.
    fn drop(&mut self) {
        self.device.destroy();
    }
}

/// The fastest adapter.
///
/// # Errors
/// `DEPLOY.BACKEND_UNSUPPORTED` when there is none.
pub(super) async fn find_adapter() -> Result<wgpu::Adapter> {
    // Without `navigator.gpu`, or outside a page or a worker, wgpu panics when it is set up.
    #[cfg(target_family = "wasm")]
    if !wgpu::util::is_browser_webgpu_supported().await {
        return Err(unsupported("there is no WebGPU adapter here"));
    }
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.flags = wgpu::InstanceFlags::empty();
    wgpu::Instance::new(descriptor)
        .request_adapter(&wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        })
        .await
        .map_err(|error| unsupported(&error.to_string()))
}

/// What the kernels need, and of what decides how large a batch may be, all that there is.
pub(super) fn limits(adapter: &wgpu::Limits) -> wgpu::Limits {
    wgpu::Limits {
        max_buffer_size: adapter.max_buffer_size,
        max_storage_buffer_binding_size: adapter.max_storage_buffer_binding_size,
        max_storage_buffers_per_shader_stage: STORAGE_BUFFERS,
        ..wgpu::Limits::downlevel_defaults()
    }
}

/// Keeps what the device reports on its own account.
fn watch(device: &wgpu::Device, faults: &Arc<Faults>) {
    let uncaptured = Arc::clone(faults);
    device.on_uncaptured_error(Arc::new(move |error| uncaptured.record_error(&error)));
    let lost = Arc::clone(faults);
    device.set_device_lost_callback(move |reason, message| {
        lost.record(Fault::Lost(format!("{reason:?}: {message}")));
    });
}

/// The adapter's name and its driver's version, where they are told. Browsers tell the maker and the
/// family instead.
fn describe(info: &wgpu::AdapterInfo, device: &wgpu::Device) -> String {
    let told = [info.name.clone(), info.driver_info.clone()];
    let known: Vec<String> = told
        .into_iter()
        .chain(maker_and_family(device))
        .filter(|part| !part.trim().is_empty())
        .collect();
    if known.is_empty() {
        return "unnamed adapter".to_owned();
    }
    known.join(", ")
}

#[cfg(not(target_family = "wasm"))]
fn maker_and_family(_device: &wgpu::Device) -> Vec<String> {
    Vec::new()
}

#[cfg(target_family = "wasm")]
fn maker_and_family(device: &wgpu::Device) -> Vec<String> {
    let info = device.as_webgpu().map(|device| device.adapter_info());
    // Older browsers do not have it.
    info.filter(|info| !info.is_undefined())
        .map(|info| vec![info.vendor(), info.architecture()])
        .unwrap_or_default()
}

fn unsupported(reason: &str) -> Error {
    Error::new(
        ErrorCode::DeployBackendUnsupported,
        "there is no GPU that this program can use",
    )
    .with_detail("reason", reason)
    .with_remedy("use the processor (backend cpu), or install a driver for the GPU")
}
