//! What runs the model.

use genolewm::ops::{BurnOps, CpuOps, Precision, WgslOps};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_train::backends::{AUTO, CPU, CUDA, WGPU, unknown};
use genolewm_train::device::{TrainingDevice, no_products, precise};

/// A backend of this program.
#[derive(Debug)]
pub enum Backend {
    /// The processor.
    Cpu(CpuOps),
    /// A GPU by CUDA.
    Burn(BurnOps),
    /// The GPU, by kernels of our own.
    Wgpu(WgslOps),
}

impl Backend {
    /// Opens the backend of that name; `auto` is the processor, unless a command chose before
    /// ([`backend`](crate::common::model::backend)), and `cpu:bf16` and `cpu:int8` are the processor with
    /// the encoder's products in fewer bits.
    ///
    /// # Errors
    /// `DEPLOY.BACKEND_UNSUPPORTED` for a backend that this program or this machine does not have.
    pub fn open(name: &str) -> Result<Self> {
        match name {
            AUTO | CPU => Ok(Self::Cpu(CpuOps::new())),
            WGPU => Ok(Self::Wgpu(pollster::block_on(WgslOps::new())?)),
            CUDA => cuda().map(Self::Burn),
            other => match other.strip_prefix("cpu:").map(str::parse) {
                Some(Ok(precision)) => Ok(Self::Cpu(CpuOps::new().with_precision(precision))),
                _ => Err(unknown(other)),
            },
        }
    }

    /// The same with products in another precision.
    ///
    /// # Errors
    /// As [`open`](Self::open), also where the backend has no such products.
    pub fn open_in(name: &str, precision: Precision) -> Result<Self> {
        if name == WGPU && precision != Precision::F32 {
            return Err(no_products(WGPU, precision));
        }
        match Self::open(name)? {
            Self::Cpu(ops) => Ok(Self::Cpu(ops.with_precision(precision))),
            Self::Burn(ops) => precise(ops, precision).map(Self::Burn),
            wgpu @ Self::Wgpu(_) => Ok(wgpu),
        }
    }
}

/// The operations of the first NVIDIA GPU.
fn cuda() -> Result<BurnOps> {
    TrainingDevice::Cuda(0).ops().map_err(|error| {
        let message = "this program or this machine has no CUDA";
        Error::new(ErrorCode::DeployBackendUnsupported, message)
            .with_detail("backend", CUDA)
            .with_detail("reason", error.message())
            .with_remedy(error.remedy().unwrap_or("use --backend cpu"))
    })
}

/// Runs an expression with `$ops` bound to whatever backend `$name` is.
macro_rules! on_backend {
    ($name:expr, $ops:ident => $run:expr) => {
        match $crate::common::backend::Backend::open($name)? {
            $crate::common::backend::Backend::Cpu($ops) => $run,
            $crate::common::backend::Backend::Burn($ops) => $run,
            $crate::common::backend::Backend::Wgpu($ops) => $run,
        }
    };
}
pub(crate) use on_backend;
