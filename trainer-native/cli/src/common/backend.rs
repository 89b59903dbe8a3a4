//! What runs the model.

use genolewm::ops::{BurnOps, WgslOps};
use genolewm_core::{Error, ErrorCode, Result};

/// A backend of this program.
#[derive(Debug)]
pub enum Backend {
    /// The processor.
    Cpu(BurnOps),
    /// The GPU.
    Wgpu(WgslOps),
}

impl Backend {
    /// Opens the backend of that name.
    ///
    /// # Errors
    /// `DEPLOY.BACKEND_UNSUPPORTED` for a backend that this program or this machine does not have.
    pub fn open(name: &str) -> Result<Self> {
        match name {
            "auto" | "cpu" => Ok(Self::Cpu(BurnOps::cpu())),
            "wgpu" => Ok(Self::Wgpu(pollster::block_on(WgslOps::new())?)),
            other => Err(Error::new(
                ErrorCode::DeployBackendUnsupported,
                "this program has no such backend",
            )
            .with_detail("backend", other)
            .with_remedy("use --backend cpu; `genolewm doctor` lists what there is")),
        }
    }

    /// The processor, for what runs nowhere else.
    ///
    /// # Errors
    /// `DEPLOY.BACKEND_UNSUPPORTED` for any other name.
    pub fn cpu(name: &str) -> Result<BurnOps> {
        match Self::open(name)? {
            Self::Cpu(ops) => Ok(ops),
            Self::Wgpu(_) => Err(Error::new(
                ErrorCode::DeployBackendUnsupported,
                "this command runs on the processor only",
            )
            .with_detail("backend", name)
            .with_remedy("use --backend cpu")),
        }
    }
}

/// Runs an expression with `$ops` bound to whatever backend `$name` is.
macro_rules! on_backend {
    ($name:expr, $ops:ident => $run:expr) => {
        match $crate::common::backend::Backend::open($name)? {
            $crate::common::backend::Backend::Cpu($ops) => $run,
            $crate::common::backend::Backend::Wgpu($ops) => $run,
        }
    };
}
pub(crate) use on_backend;
