//! Models in the formats of others.

pub mod source;
pub mod report;
pub mod onnx;

use crate::output::{io_error, temporary_in};
use genolewm_shared::{Error, ErrorCode, Result};
use source::Source;
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
    /// Its name.
    pub file: &'static str,
    /// Its contents.
    pub bytes: Vec<u8>,
    /// How many tensors it holds.
    pub tensors: usize,
}

/// A format and what it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// ONNX files of the predictor and of the action encoder, f32
    Onnx,
}

impl Format {
    /// The model's files in this format, the report last.
    ///
    /// # Errors
    /// As the format's own.
    pub fn export(self, source: &Source) -> Result<Vec<Artifact>> {
        let (name, settings, artifacts) = match self {
            Self::Onnx => {
                let settings = [("opset", onnx::OPSET.into())];
                ("onnx", settings, onnx::export(source)?)
            }
        };
        let report = Artifact {
            component: "report",
            file: report::FILE,
            bytes: report::render(source, name, &settings, &artifacts)?,
            tensors: 0,
        };
        Ok(artifacts.into_iter().chain([report]).collect())
    }
}

/// Writes the files into a directory, which is made if need be. All are on the disk under temporary
/// names before the first gets its own, so that nothing is changed when there is no room.
///
/// # Errors
/// `INPUT.GENERIC` when one is there and may not be overwritten, or the directory is a file;
/// `RESOURCE.*` when they cannot be written.
pub fn write(directory: &Path, artifacts: &[Artifact], overwrite: bool) -> Result<()> {
    if directory.exists() && !directory.is_dir() {
        return Err(
            refused(directory, "is not a directory").with_remedy("give another --output-dir")
        );
    }
    let paths = artifacts
        .iter()
        .map(|artifact| directory.join(artifact.file));
    let paths: Vec<PathBuf> = paths.collect();
    if let Some(path) = paths.iter().find(|path| !overwrite && path.exists()) {
        return Err(refused(path, "is there already")
            .with_remedy("give --overwrite to replace it, or another --output-dir"));
    }
    let failed = |error: &std::io::Error| io_error(&directory.display().to_string(), error);
    std::fs::create_dir_all(directory).map_err(|error| failed(&error))?;
    let staged: Vec<NamedTempFile> = artifacts
        .iter()
        .map(|artifact| stage(directory, &artifact.bytes))
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
    sync(directory).map_err(|error| failed(&error))
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
