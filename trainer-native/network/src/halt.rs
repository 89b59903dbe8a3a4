//! Why something was not done: the user stopped it, or it failed.

use genolewm_core::{Error, ErrorCode};
use genolewm_report::stop::StopFlag;
use std::time::{Duration, Instant};

/// How often a wait looks whether the user wants it to end.
pub const GLANCE: Duration = Duration::from_millis(50);

/// The end of something before it was done.
#[derive(Debug)]
pub enum Halt {
    /// The user wants to stop.
    Stopped,
    /// The user does not want it.
    Declined,
    /// It failed, and trying again would not help.
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Waits, unless the user wants to stop.
///
/// # Errors
/// [`Halt::Stopped`].
pub fn wait(time: Duration, stop: &StopFlag) -> Result<(), Halt> {
    let end = Instant::now() + time;
    loop {
        if stop.is_set() {
            return Err(Halt::Stopped);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(GLANCE));
    }
}

/// A failure of the network or of what it brought, as the Python package has it.
#[must_use]
pub fn failure(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ResourceRuntimeSetup, message)
}
