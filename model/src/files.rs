//! The files of a model directory, wherever they are.

use genolewm_core::limits::MAX_DOCUMENT_BYTES;
use genolewm_core::provenance::{MANIFEST_FILE, Manifest, is_model_path};
use genolewm_core::{Error, ErrorCode, Result};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Where the files of a directory come from: a disk, the program itself, a browser's map of bytes.
pub trait ModelFiles {
    /// The bytes of a file, or `None` when there is none of that name.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it is there and cannot be read.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>>;

    /// What the directory is called in errors.
    fn describe(&self) -> String;

    /// The bytes of a file that must be there.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` when it is not.
    fn require(&self, name: &str) -> Result<Vec<u8>> {
        self.read(name)?.ok_or_else(|| {
            Error::new(ErrorCode::ResourceModelNotFound, format!("{}: there is no {name}", self.describe()))
                .with_remedy("give a complete model directory with --model-dir, and its encoder with --encoder-dir")
        })
    }
}

/// A directory on a disk.
#[derive(Debug, Clone)]
pub struct Directory(pub PathBuf);

impl Directory {
    /// A directory that must be there.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` when it is not.
    pub fn open(directory: &Path) -> Result<Self> {
        if directory.is_dir() {
            return Ok(Self(directory.to_owned()));
        }
        Err(Error::new(
            ErrorCode::ResourceModelNotFound,
            format!("{}: there is no such directory", directory.display()),
        )
        .with_remedy(
            "check --model-dir and --encoder-dir; without --model-dir the built-in model is used",
        ))
    }

    /// The encoder of a model directory: its own, or the one that its manifest names, beside it or
    /// under the working directory.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` when there is none.
    pub fn encoder(&self) -> Result<Self> {
        let own = self.0.join("encoder");
        if own.is_dir() {
            self.inside(&own)?;
            return Ok(Self(own));
        }
        let id = Manifest::parse(&self.require(MANIFEST_FILE)?)?.encoder.id;
        let inside = is_model_path(&id);
        let beside = self
            .0
            .canonicalize()
            .ok()
            .and_then(|path| path.parent().map(Path::to_owned));
        let candidates = beside
            .into_iter()
            .chain([PathBuf::from(".")])
            .map(|parent| parent.join(&id));
        candidates
            .filter(|path| inside && path.is_dir())
            .map(Self)
            .next()
            .ok_or_else(|| {
                let searched = format!(
                    "{}/encoder, beside the model directory, the working directory",
                    self.0.display()
                );
                Error::new(
                    ErrorCode::ResourceModelNotFound,
                    format!("the encoder {id:?} of this model was not found"),
                )
                .with_detail("searched", searched)
                .with_remedy("give its directory with --encoder-dir")
            })
    }
}

impl Directory {
    /// What links of this directory may lead to: itself, and where it is a snapshot in a cache of
    /// Hugging Face's hub, the repository whose files its own are links to.
    fn bounds(&self) -> Result<PathBuf> {
        let own = self
            .0
            .canonicalize()
            .map_err(|error| unreadable(&self.0, &error))?;
        let snapshots = own.parent().filter(|parent| parent.ends_with("snapshots"));
        let repository = snapshots.and_then(Path::parent).map(Path::to_owned);
        Ok(repository.unwrap_or(own))
    }

    /// Where `path` leads, which must be in this directory.
    fn inside(&self, path: &Path) -> Result<PathBuf> {
        let target = path
            .canonicalize()
            .map_err(|error| unreadable(path, &error))?;
        if target.starts_with(self.bounds()?) {
            return Ok(target);
        }
        Err(Error::input(format!(
            "{}: this link leads out of the model directory",
            path.display()
        ))
        .with_detail("target", target.display())
        .with_remedy(
            "copy the file to its place; an encoder elsewhere is named with --encoder-dir",
        ))
    }
}

impl ModelFiles for Directory {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        if !is_model_path(name) {
            return Err(Error::input("this path could leave the model directory")
                .with_detail("path", format!("{name:?}"))
                .with_remedy("name files relative to the model directory"));
        }
        let path = self.0.join(name);
        // A link to nothing is a fault of its own.
        if let Err(error) = path.symlink_metadata()
            && error.kind() == std::io::ErrorKind::NotFound
        {
            return Ok(None);
        }
        let target = self.inside(&path)?;
        read_file(&target, is_document(name))
            .map(Some)
            .map_err(|error| unreadable(&path, &error))
    }

    fn describe(&self) -> String {
        self.0.display().to_string()
    }
}

/// Whether a file is read whole into text: anything but tables and weights.
fn is_document(name: &str) -> bool {
    !name.ends_with(".safetensors") && !name.ends_with(".parquet")
}

/// The bytes of a file, and of nothing else: a pipe would be waited for, a device never ends.
fn read_file(path: &Path, document: bool) -> std::io::Result<Vec<u8>> {
    let refused = |message: String| std::io::Error::new(std::io::ErrorKind::InvalidData, message);
    let about = path.metadata()?;
    if !about.is_file() {
        return Err(refused("this is no file".to_owned()));
    }
    if !document {
        return std::fs::read(path);
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_DOCUMENT_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() <= MAX_DOCUMENT_BYTES {
        true => Ok(bytes),
        false => Err(refused(format!(
            "this file is longer than {MAX_DOCUMENT_BYTES} bytes"
        ))),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(
        ErrorCode::ResourceGeneric,
        format!("{}: {error}", path.display()),
    )
    .with_remedy("check that the model directory is whole and may be read")
}

/// Files that are part of the program.
#[derive(Debug, Clone, Copy)]
pub struct Embedded {
    /// What they are called in errors.
    pub name: &'static str,
    /// Names and contents.
    pub files: &'static [(&'static str, &'static [u8])],
    /// What every name starts with: `encoder/` for the encoder of a model.
    pub prefix: &'static str,
}

impl ModelFiles for Embedded {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let found = self
            .files
            .iter()
            .find(|(full, _)| full.strip_prefix(self.prefix) == Some(name));
        Ok(found.map(|(_, bytes)| bytes.to_vec()))
    }

    fn describe(&self) -> String {
        self.name.to_owned()
    }
}
