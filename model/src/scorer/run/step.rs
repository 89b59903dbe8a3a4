//! What a step of a run waits for, and why it was not made.

use genolewm_core::{Error, ErrorCode, Result};

/// What has to be brought before a step can be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// More bytes of the input, or its end.
    Input,
    /// Bytes of the reference; its source knows which.
    Reference,
}

/// Why a step was not made.
pub(super) enum Stop {
    Needs(Need),
    /// Nothing is needed: the caller has its turn.
    Again,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Tells bytes that have not come from failures.
pub(super) fn or_needs<T>(need: Need, result: Result<T>) -> Result<T, Stop> {
    result.map_err(|error| match error.is_starved() {
        true => Stop::Needs(need),
        false => Stop::Failed(error),
    })
}

/// The need that a step ended with; `None` when it was made.
pub(super) fn need_of(step: Result<(), Stop>) -> Result<Option<Need>> {
    match step {
        Ok(()) => Ok(None),
        Err(Stop::Needs(need)) => Ok(Some(need)),
        Err(Stop::Again) => Err(Error::invariant("a sample is not read in turns")),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Whether a record was not understood: the one after it may be.
pub(super) fn is_malformed(error: &Error) -> bool {
    error.code() == ErrorCode::InputVcfParse
}

/// Where an input is broken no bytes will come any more.
pub(super) fn or_broken<T>(read: Result<T, Stop>, broken: Option<&Error>) -> Result<T, Stop> {
    match (read, broken) {
        (Err(Stop::Needs(Need::Input)), Some(error)) => Err(Stop::Failed(error.clone())),
        (read, _) => read,
    }
}
