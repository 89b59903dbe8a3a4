//! What is wrong with a checkpoint.

use genolewm_core::{Error, ErrorCode};
use std::fmt::Display;

pub(super) fn not_read(error: &impl Display) -> Error {
    damaged("it is no archive of PyTorch").with_detail("reason", error)
}

/// What is wrong with the checkpoint.
pub(super) fn damaged(what: &str) -> Error {
    Error::new(ErrorCode::DeployExportFormat, format!("the checkpoint cannot be read: {what}"))
        .with_remedy("give a predictor_checkpoint.pt that torch.save wrote, or a checkpoint of `train predictor`")
}
