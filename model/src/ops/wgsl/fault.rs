//! What went wrong on the device, kept until somebody reads.

use genolewm_core::{Error, ErrorCode, Result};
use std::sync::{Mutex, PoisonError};

/// Why the device gives no results.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// It is gone: reset, removed or taken away.
    Lost(String),
    /// It has no memory for a matrix.
    OutOfMemory(String),
    /// It refused a command.
    Refused(String),
}

/// The first fault of a device. Later ones follow from it, so they are dropped.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Option<Fault>>);

impl Faults {
    /// Keeps `fault`, if it is the first.
    pub(super) fn record(&self, fault: Fault) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(fault);
    }

    /// Keeps what wgpu reports.
    pub(super) fn record_error(&self, error: &wgpu::Error) {
        let text = error.to_string();
        self.record(match error {
            wgpu::Error::OutOfMemory { .. } => Fault::OutOfMemory(text),
            _ => Fault::Refused(text),
        });
    }

    /// Whether anything went wrong.
    pub(super) fn any(&self) -> bool {
        let first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.is_some()
    }

    /// The first fault as an error.
    ///
    /// # Errors
    /// `RESOURCE.OOM` when memory ran out, `RESOURCE.RUNTIME_SETUP` when the device is gone,
    /// `DEPLOY.GENERIC` for a command that it refused.
    pub(super) fn check(&self) -> Result<()> {
        let first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.as_ref().map_or(Ok(()), |fault| Err(fault.error()))
    }
}

impl Fault {
    fn error(&self) -> Error {
        let (code, message, reason) = match self {
            Self::Lost(reason) => (
                ErrorCode::ResourceRuntimeSetup,
                "the GPU is gone: it was reset, removed or taken away",
                reason,
            ),
            Self::OutOfMemory(reason) => (
                ErrorCode::ResourceOom,
                "the GPU has no memory for this batch",
                reason,
            ),
            Self::Refused(reason) => (
                ErrorCode::DeployGeneric,
                "the GPU refused a command",
                reason,
            ),
        };
        let remedy = match self {
            Self::OutOfMemory(_) => "use a smaller batch, or the processor (backend cpu)",
            _ => "load the model again, or use the processor (backend cpu)",
        };
        Error::new(code, message)
            .with_detail("reason", reason)
            .with_remedy(remedy)
    }
}
