//! The errors that most of the crate reports.

use genolewm_core::{Error, ErrorCode};

/// An error about the data that a model is measured on.
pub(crate) fn dataset_error(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::EvalDataset, message)
}

/// An error about figures.
pub(crate) fn eval_error(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::EvalGeneric, message)
}
