//! The errors that most of the crate reports.

use genolewm_core::{Error, ErrorCode};

/// An error about what a file says, or about an argument.
pub(crate) fn input_error(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::InputGeneric, message)
}

/// An error about how something is set up.
pub(crate) fn config_error(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ConfigGeneric, message)
}

/// An error of what feeds a training.
pub(crate) fn dataloader_error(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::TrainingDataloader, message)
}
