//! Models to give away: in the formats of others, and as model directories with small weights.
#![forbid(unsafe_code)]

pub mod source;
pub mod report;
pub mod onnx;
pub mod memory;
pub mod quantized;
pub mod rollouts;
pub mod data;
pub mod budget;
pub mod checkpoint;
pub mod deploy;

use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::{io_error, temporary_in};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

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
pub enum Format {
    /// A model directory, with weights in the numbers of --dtype
    Safetensors,
    /// ONNX files of the predictor and of the action encoder, f32
    Onnx,
}

impl Format {
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
    let paths = artifacts
        .iter()
        .map(|artifact| directory.join(&artifact.file));
    let paths: Vec<PathBuf> = paths.collect();
    let failed = |error: &std::io::Error| io_error(&directory.display().to_string(), error);
    let folders: BTreeSet<&Path> = paths.iter().filter_map(|path| path.parent()).collect();
    for folder in &folders {
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    let staged: Vec<NamedTempFile> = artifacts
        .iter()
        .zip(&paths)
        .map(|(artifact, path)| stage(path.parent().unwrap_or(directory), &artifact.bytes))
        .collect::<std::io::Result<_>>()
        .map_err(|error| failed(&error))?;
    for (file, path) in staged.into_iter().zip(&paths) {
        let placed = match overwrite {
            true => file.persist(path),
            // What has come here since is not replaced either.
            false => file.persist_noclobber(path),
        };
        placed.map_err(|error| io_error(&path.display().to_string(), &error.error))?;
    }
    folders
        .into_iter()
        .try_for_each(sync)
        .map_err(|error| failed(&error))
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
        Some(file) => Err(refused(&directory.join(file), "is there already")
            .with_remedy("give --overwrite to replace it, or another --output-dir")),
    }
}

fn stage(directory: &Path, bytes: &[u8]) -> std::io::Result<NamedTempFile> {
    let mut file = temporary_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// The new names must outlive a power cut.
fn sync(directory: &Path) -> std::io::Result<()> {
    std::fs::File::open(directory)?.sync_all()
}

fn refused(path: &Path, message: &str) -> Error {
    let path = path.display();
    Error::new(ErrorCode::InputGeneric, format!("{path} {message}")).with_detail("path", path)
}
