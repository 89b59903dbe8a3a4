//! The devices that a stage trains on: processor, CUDA, wgpu.

use burn::tensor::{DType, Device};
use genolewm::ops::{BurnOps, Ops, Precision};
use genolewm_core::{Error, ErrorCode, Result};
use std::fmt;
use std::str::FromStr;

/// The devices of a run, as `--device` names them, with commas between.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Devices {
    /// Keeps the optimiser.
    pub first: TrainingDevice,
    /// Share the batches of a step with it.
    pub others: Vec<TrainingDevice>,
}

impl Devices {
    /// All of them, the first one first.
    pub fn all(&self) -> impl Iterator<Item = TrainingDevice> {
        core::iter::once(self.first).chain(self.others.iter().copied())
    }
}

impl FromStr for Devices {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut names = text.split(',').map(|name| name.trim().parse());
        Ok(Self {
            first: names.next().unwrap_or(Ok(TrainingDevice::Cpu))?,
            others: names.collect::<Result<_>>()?,
        })
    }
}

impl fmt::Display for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.all().map(|device| device.to_string()).collect();
        f.write_str(&names.join(","))
    }
}

/// Does jobs at the same time, each on a thread of its own; the results have the order of the jobs.
pub fn parallel<J: Send, T: Send>(jobs: Vec<J>, work: impl Fn(J) -> T + Sync) -> Vec<T> {
    if jobs.len() < 2 {
        return jobs.into_iter().map(work).collect();
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = jobs
            .into_iter()
            .map(|job| scope.spawn(|| work(job)))
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined
            .map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// A device to train on, as `--device` names it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrainingDevice {
    /// The processor, on all cores.
    #[default]
    Cpu,
    /// An NVIDIA GPU by its number; needs a program built with the feature `cuda`.
    Cuda(usize),
    /// Any GPU, by Vulkan, Metal or DirectX 12; needs a program built with the feature `gpu`.
    Wgpu,
}

impl FromStr for TrainingDevice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unknown = || {
            let reason = instead(text).unwrap_or("there is no such device");
            Error::new(ErrorCode::ConfigGeneric, reason)
                .with_detail("device", text)
                .with_remedy("use auto, cpu, cuda, cuda:1 (and so on) or wgpu")
        };
        match text.split_once(':') {
            None if text == "auto" => Ok(Self::fastest()),
            None if text == "cpu" => Ok(Self::Cpu),
            None if text == "cuda" => Ok(Self::Cuda(0)),
            None if text == "wgpu" => Ok(Self::Wgpu),
            Some(("cuda", index)) => index.parse().map(Self::Cuda).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for TrainingDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::Wgpu => write!(f, "wgpu"),
        }
    }
}

/// What serves in place of a backend that the Python package names and that is none of ours.
pub(crate) fn instead(name: &str) -> Option<&'static str> {
    Some(match name {
        "onnx" => {
            "`genolewm export --format onnx` writes the networks for ONNX Runtime; this program runs \
             them on cpu, wgpu and cuda"
        }
        "coreml" => "models are not exported to Core ML; wgpu runs them on Apple's GPUs, by Metal",
        "webgpu" => "it belongs to browsers; here its kernels run as wgpu",
        "mps" => "wgpu runs models on Apple's GPUs, by Metal",
        "torch" => "PyTorch is not part of this program, which runs the same weights on cpu",
        _ => return None,
    })
}

/// Operations whose products are computed in `precision`.
///
/// # Errors
/// `DEPLOY.BACKEND_UNSUPPORTED` where the device has no such products.
pub fn precise(ops: BurnOps, precision: Precision) -> Result<BurnOps> {
    match precision {
        Precision::F32 => Ok(ops),
        Precision::Bf16 if ops.device().supports_dtype(DType::BF16) => {
            Ok(ops.with_precision(precision))
        }
        _ => Err(no_products(ops.backend(), precision)),
    }
}

/// What is said of a device that has no products in `precision`.
#[must_use]
pub fn no_products(device: &str, precision: Precision) -> Error {
    Error::new(
        ErrorCode::DeployBackendUnsupported,
        format!("this device does not compute products in {precision}"),
    )
    .with_detail("device", device)
    .with_remedy("compute in 32 bits, or use cpu, or cuda on a GPU that has them")
}

impl TrainingDevice {
    /// An NVIDIA GPU or another one where this program and this machine have it, else the processor.
    fn fastest() -> Self {
        let works = |device: &Self| device.device().is_ok();
        let gpus = [Self::Cuda(0), Self::Wgpu];
        gpus.into_iter().find(works).unwrap_or_default()
    }

    /// The operations of burn without gradients.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` when the program was built without the device; `RESOURCE.RUNTIME_SETUP` when
    /// the machine has none.
    pub fn ops(self) -> Result<BurnOps> {
        Ok(BurnOps::on(self.device()?, self.name()))
    }

    /// The operations with gradients.
    ///
    /// # Errors
    /// As [`TrainingDevice::ops`].
    pub(super) fn training_ops(self) -> Result<BurnOps> {
        Ok(BurnOps::on(self.device()?.autodiff(), self.name()))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda(_) => "cuda",
            Self::Wgpu => "wgpu",
        }
    }

    fn device(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => working(self, || Device::cuda(index)),
            #[cfg(feature = "gpu")]
            Self::Wgpu => working(self, || {
                Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)
            }),
            #[allow(unreachable_patterns)]
            other => Err(Error::new(
                ErrorCode::ConfigGeneric,
                format!("this program was built without {}", other.name()),
            )
            .with_remedy("build it with `--features cuda` or `--features gpu`, or use cpu")),
        }
    }
}

/// The device, if it can compute. Its library panics where there is none.
#[cfg(any(feature = "cuda", feature = "gpu"))]
fn working(device: TrainingDevice, open: impl Fn() -> Device) -> Result<Device> {
    use burn::tensor::Tensor;
    let tried = genolewm_report::guard::guarded(|| {
        let device = open();
        let sum = Tensor::<1>::ones([2], &device).sum().into_data();
        (sum.try_to_vec::<f32>().is_ok_and(|sum| sum == [2.0])).then_some(device)
    });
    tried.flatten().ok_or_else(|| {
        Error::new(
            ErrorCode::ResourceRuntimeSetup,
            format!("{device} does not work on this machine"),
        )
        .with_remedy("check the driver, or use cpu")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_names() {
        for name in ["cpu", "cuda:0", "cuda:3", "wgpu"] {
            assert_eq!(name.parse::<TrainingDevice>().unwrap().to_string(), name);
        }
        assert_eq!(
            "cuda".parse::<TrainingDevice>().unwrap(),
            TrainingDevice::Cuda(0)
        );
        // One that there is, whichever.
        assert!("auto".parse::<TrainingDevice>().unwrap().ops().is_ok());
        let two: Devices = "cuda, cuda:1".parse().unwrap();
        assert_eq!(two.to_string(), "cuda:0,cuda:1");
        for name in ["", "gpu", "cuda:x", "cpu:0", "onnx", "coreml"] {
            let error = name.parse::<TrainingDevice>().unwrap_err();
            assert_eq!(error.code(), ErrorCode::ConfigGeneric, "{name}");
        }
    }
}
