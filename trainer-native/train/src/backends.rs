//! What runs a model here: every backend by name, whether it can be used, and which one is taken.

use crate::device::{TrainingDevice, instead};
use genolewm::ops::WgslOps;
use genolewm_core::{Error, ErrorCode, Result};
use std::num::NonZeroUsize;
use std::process::Command;
use std::thread::available_parallelism;

/// Leaves the choice to the program.
pub const AUTO: &str = "auto";
/// The processor.
pub const CPU: &str = "cpu";
/// An NVIDIA GPU, in programs that are built with the feature `cuda`.
pub const CUDA: &str = "cuda";
/// Any GPU, over Vulkan, Metal or DirectX 12.
pub const WGPU: &str = "wgpu";
/// ONNX Runtime, which the Python package runs models on.
pub const ONNX: &str = "onnx";
/// Core ML, likewise.
pub const COREML: &str = "coreml";

/// The order in which `auto` looks for a backend, as a rule the fastest first.
pub const BACKEND_PRIORITY: [&str; 3] = [CUDA, WGPU, CPU];

/// Whether a backend can be used here, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendProbe {
    /// Its name.
    pub backend: &'static str,
    /// Whether it can be used.
    pub available: bool,
    /// What was found, or what is missing and what serves instead.
    pub reason: String,
}

/// Looks at every backend that has a name: those of [`BACKEND_PRIORITY`], then those that others serve
/// for.
///
/// ```no_run
/// use genolewm_train::backends::{probe_backends, select_backend};
/// let probes = probe_backends();
/// let backend = select_backend("auto", &probes)?;
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[must_use]
pub fn probe_backends() -> Vec<BackendProbe> {
    let named = BACKEND_PRIORITY.into_iter().chain([ONNX, COREML]);
    named.map(probe).collect()
}

/// The backend that a name stands for: itself, or for `auto` the first of [`BACKEND_PRIORITY`] that can
/// be used.
///
/// # Errors
/// `DEPLOY.BACKEND_UNSUPPORTED` with the reason, for one that cannot be used or that is none.
pub fn select_backend(name: &str, probes: &[BackendProbe]) -> Result<&'static str> {
    let of = |name: &str| probes.iter().find(|probe| probe.backend == name);
    if name == AUTO {
        let usable = |name: &&&str| of(name).is_some_and(|probe| probe.available);
        let first = BACKEND_PRIORITY.iter().find(usable).copied();
        return first.ok_or_else(|| unsupported(name, "no backend can be used here"));
    }
    match of(name) {
        Some(probe) if probe.available => Ok(probe.backend),
        Some(probe) => Err(unsupported(name, &probe.reason)),
        None => Err(unknown(name)),
    }
}

/// Why there is nothing to run on by this name.
#[must_use]
pub fn unknown(name: &str) -> Error {
    unsupported(
        name,
        instead(name).unwrap_or("there is no backend of this name"),
    )
}

/// A GPU to train on; one of NVIDIA's has at least so many GB of memory.
///
/// # Errors
/// `RESOURCE.RUNTIME_SETUP` where there is none, or none so large.
pub fn accelerator(min_cuda_gb: f64) -> Result<TrainingDevice> {
    let device: TrainingDevice = AUTO.parse()?;
    let refused = |message: &str| {
        Err(Error::new(ErrorCode::ResourceRuntimeSetup, message)
            .with_detail("device", device)
            .with_remedy("train where there is one, or leave --require-accelerator out"))
    };
    match device {
        TrainingDevice::Cpu => refused("there is no GPU that this program can train on"),
        TrainingDevice::Wgpu => Ok(device),
        TrainingDevice::Cuda(_) => match cuda_memory_gb() {
            Some(found) if found >= min_cuda_gb => Ok(device),
            Some(_) => refused("the GPU has less memory than --min-cuda-vram-gb"),
            None if min_cuda_gb > 0.0 => refused("the GPU's memory is not known: no nvidia-smi"),
            None => Ok(device),
        },
    }
}

/// The memory of the first NVIDIA GPU in GB, as its driver's program tells it.
fn cuda_memory_gb() -> Option<f64> {
    let asked = ["--query-gpu=memory.total", "--format=csv,noheader,nounits"];
    let told = Command::new("nvidia-smi").args(asked).output().ok()?;
    gb_of_mebibytes(&String::from_utf8_lossy(&told.stdout))
}

fn gb_of_mebibytes(told: &str) -> Option<f64> {
    let mebibytes: f64 = told.lines().next()?.trim().parse().ok()?;
    Some(mebibytes * f64::from(1 << 20) / 1e9)
}

fn probe(backend: &'static str) -> BackendProbe {
    let found = match backend {
        CPU => {
            let threads = available_parallelism().map_or(1, NonZeroUsize::get);
            Ok(format!("{threads} threads, {}", std::env::consts::ARCH))
        }
        WGPU => pollster::block_on(WgslOps::new()).map(|ops| match ops.is_software() {
            true => format!("{}, which computes on the processor", ops.device_name()),
            false => ops.device_name().to_owned(),
        }),
        CUDA => TrainingDevice::Cuda(0)
            .ops()
            .map(|_| "an NVIDIA GPU that computes".to_owned()),
        other => Err(unknown(other)),
    };
    let available = found.is_ok();
    let reason = found.unwrap_or_else(|error| {
        let reason = error.details().get("reason");
        reason.map_or(error.message(), String::as_str).to_owned()
    });
    BackendProbe {
        backend,
        available,
        reason,
    }
}

fn unsupported(name: &str, reason: &str) -> Error {
    Error::new(
        ErrorCode::DeployBackendUnsupported,
        "this backend cannot be used",
    )
    .with_detail("backend", name)
    .with_detail("reason", reason)
    .with_remedy("use cpu; `genolewm doctor` says what else there is")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probes(available: &[&str]) -> Vec<BackendProbe> {
        let all = BACKEND_PRIORITY.into_iter().chain([ONNX, COREML]);
        all.map(|backend| BackendProbe {
            backend,
            available: available.contains(&backend),
            reason: format!("about {backend}"),
        })
        .collect()
    }

    #[test]
    fn auto_is_the_first_that_can_be_used() -> Result<()> {
        assert_eq!(select_backend(AUTO, &probes(&[CPU]))?, CPU);
        assert_eq!(select_backend(AUTO, &probes(&[CPU, WGPU]))?, WGPU);
        assert_eq!(select_backend(AUTO, &probes(&BACKEND_PRIORITY))?, CUDA);
        assert_eq!(select_backend(CPU, &probes(&BACKEND_PRIORITY))?, CPU);
        assert!(select_backend(AUTO, &probes(&[])).is_err());
        Ok(())
    }

    #[test]
    fn a_backend_that_cannot_be_used_is_refused_with_its_reason() {
        for (name, reason) in [
            (WGPU, "about wgpu"),
            (ONNX, "about onnx"),
            ("webgpu", "as wgpu"),
            ("abacus", "no backend of this name"),
        ] {
            let error = select_backend(name, &probes(&[CPU])).unwrap_err();
            assert_eq!(error.code(), ErrorCode::DeployBackendUnsupported);
            assert!(error.details()["reason"].contains(reason), "{error:?}");
        }
    }

    #[test]
    fn memory_is_read_off_what_the_driver_says() {
        assert!(gb_of_mebibytes("143771\n143771\n").is_some_and(|gb| (gb - 150.75).abs() < 0.01));
        assert_eq!(gb_of_mebibytes("no devices were found\n"), None);
    }

    #[test]
    fn every_backend_has_one_probe_with_a_reason() {
        let probes = probe_backends();
        let names: Vec<&str> = probes.iter().map(|probe| probe.backend).collect();
        assert_eq!(names, [CUDA, WGPU, CPU, ONNX, COREML]);
        assert!(probes.iter().all(|probe| !probe.reason.is_empty()));
        let usable = |name| {
            probes
                .iter()
                .any(|probe| probe.backend == name && probe.available)
        };
        assert!(usable(CPU) && !usable(ONNX) && !usable(COREML));
    }
}
