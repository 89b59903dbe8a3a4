//! Models to give away: in the formats of others, and as model directories with small weights.
#![forbid(unsafe_code)]

pub mod source;
pub mod report;
pub mod torch;
pub mod onnx;
pub mod memory;
pub mod quantized;
pub mod rollouts;
pub mod data;
pub mod budget;
pub mod checkpoint;
pub mod deploy;

use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::{StagedFile, io_error_at};
use std::io::{self, Write};
use std::path::Path;

/// What every exported file says about its use.
pub const NOTICE: &str = "research tool, not a diagnostic";
/// The program and its version.
pub const GENERATED_BY: &str = concat!("genolewm ", env!("CARGO_PKG_VERSION"));

/// A file that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The part of the model that it holds, by the manifest's name for it.
    pub component: &'static str,
    /// Its name, with a folder before it where it lies in one.
    pub file: String,
    /// Its contents.
    pub bytes: Vec<u8>,
    /// How many tensors it holds.
    pub tensors: usize,
}

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// A model directory, with weights in the numbers of --dtype
    Safetensors,
    /// ONNX files of the predictor and of the action encoder, f32
    Onnx,
}

impl ExportFormat {
    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Onnx => "onnx",
        }
    }
}

/// Writes the files into a directory, which is made if need be. All are on the disk under temporary
/// names before the first gets its own, so that nothing is changed when there is no room.
///
/// # Errors
/// `INPUT.GENERIC` when one is there and may not be overwritten, or the directory is a file;
/// `RESOURCE.*` when they cannot be written.
pub fn write(directory: &Path, artifacts: &[Artifact], overwrite: bool) -> Result<()> {
    check_free(directory, artifacts.iter().map(|it| &*it.file), overwrite)?;
    let failed = io_error_at(directory);
    let stage = |artifact: &Artifact| -> io::Result<StagedFile> {
        let mut file = StagedFile::create_with_folder(&directory.join(&artifact.file))?;
        file.write_all(&artifact.bytes)?;
        file.settle()?;
        Ok(file)
    };
    let staged: io::Result<Vec<StagedFile>> = artifacts.iter().map(stage).collect();
    for (file, artifact) in staged.map_err(failed)?.into_iter().zip(artifacts) {
        // What has come here since is not replaced either.
        if overwrite {
            file.commit().map_err(failed)?;
        } else if !file.commit_new().map_err(failed)? {
            return Err(is_there(&directory.join(&artifact.file)));
        }
    }
    Ok(())
}

/// Refuses a directory in which one of the files is there already, unless it may be overwritten.
///
/// # Errors
/// `INPUT.GENERIC`, naming the first.
pub fn check_free<'a>(
    directory: &Path,
    mut files: impl Iterator<Item = &'a str>,
    overwrite: bool,
) -> Result<()> {
    if directory.exists() && !directory.is_dir() {
        return Err(
            refused(directory, "is not a directory").with_remedy("give another --output-dir")
        );
    }
    match files.find(|file| !overwrite && directory.join(file).exists()) {
        None => Ok(()),
        Some(file) => Err(is_there(&directory.join(file))),
    }
}

fn is_there(path: &Path) -> Error {
    refused(path, "is there already")
        .with_remedy("give --overwrite to replace it, or another --output-dir")
}

fn refused(path: &Path, message: &str) -> Error {
    let path = path.display();
    Error::new(ErrorCode::InputGeneric, format!("{path} {message}")).with_detail("path", path)
}
