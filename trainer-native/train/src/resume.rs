//! Resuming from a checkpoint that a user names (`--resume-from`).

use super::files::read;
use super::run_dir::{Checkpoint, CheckpointFolder};
use genolewm_core::{Error, ErrorCode, Result};
use std::path::Path;

/// Puts a checkpoint where a run in `directory` goes on from. Whether it is one of that run is seen
/// when the run begins.
///
/// # Errors
/// `DEPLOY.EXPORT_FORMAT` for a file that is no checkpoint, `CONFIG.GENERIC` when the directory has
/// a newer one or another one of its step, `RESOURCE.*` for files.
pub fn adopt(checkpoint: &Path, directory: &Path) -> Result<()> {
    let named = Checkpoint::load(checkpoint)?;
    let folder = CheckpointFolder::of(directory);
    let refused = |step: u64| {
        Error::new(
            ErrorCode::ConfigGeneric,
            format!("the run's directory has another checkpoint, of step {step}"),
        )
        .with_detail("directory", directory.display())
        .with_detail("checkpoint", checkpoint.display())
        .with_remedy(
            "leave the checkpoint out to go on from the newest, or choose another directory",
        )
    };
    let file = folder.file(named.step);
    match folder.steps()?.pop() {
        Some(newest) if newest > named.step => Err(refused(newest)),
        Some(newest) if newest == named.step && read(&file)? == read(checkpoint)? => Ok(()),
        Some(newest) if newest == named.step => Err(refused(newest)),
        _ => named.save(&file),
    }
}
