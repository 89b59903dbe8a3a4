//! The files of a model directory, wherever they are.

use genolewm_core::limits::MAX_DOCUMENT_BYTES;
use genolewm_core::provenance::{MANIFEST_FILE, Manifest, is_model_path};
use genolewm_core::{Error, ErrorCode, Result};
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Bytes of a file of weights that are read at once: few enough to be in the cache when they are hashed.
const PIECE_BYTES: usize = 1 << 20;

/// Where the files of a directory come from: a disk, the program itself, a browser's map of bytes.
pub trait ModelFiles {
    /// The bytes of a file, or `None` when there is none of that name.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it is there and cannot be read.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>>;

    /// How many bytes a file has, or `None` when there is none of that name.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn size(&self, name: &str) -> Result<Option<u64>> {
        Ok(self.read(name)?.map(|bytes| bytes.len() as u64))
    }

    /// Hands the bytes of a file that must be there to `take`, piece by piece: weights are not held as a
    /// whole. All of them come once, so that what is hashed is what is used.
    ///
    /// # Errors
    /// As [`require`](Self::require); what `take` returns.
    fn pieces(&self, name: &str, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        take(&self.require(name)?)
    }

    /// What the directory is called in errors.
    fn describe(&self) -> String;

    /// The bytes of a file that must be there.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` when it is not.
    fn require(&self, name: &str) -> Result<Vec<u8>> {
        self.read(name)?.ok_or_else(|| self.missing(name))
    }

    /// That a file is not there.
    fn missing(&self, name: &str) -> Error {
        let message = format!("{}: there is no {name}", self.describe());
        Error::new(ErrorCode::ResourceModelNotFound, message).with_remedy(
            "give a complete model directory with --model-dir, and its encoder with --encoder-dir",
        )
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

impl Directory {
    /// Where a file lies, if it is there.
    fn path(&self, name: &str) -> Result<Option<PathBuf>> {
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
        self.inside(&path).map(Some)
    }
}

impl ModelFiles for Directory {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let read = |path: PathBuf| {
            read_file(&path, is_document(name)).map_err(|error| unreadable(&path, &error))
        };
        self.path(name)?.map(read).transpose()
    }

    fn size(&self, name: &str) -> Result<Option<u64>> {
        let size = |path: PathBuf| {
            let size = is_file(&path).map(|about| about.len());
            size.map_err(|error| unreadable(&path, &error))
        };
        self.path(name)?.map(size).transpose()
    }

    fn pieces(&self, name: &str, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let path = self.path(name)?.ok_or_else(|| self.missing(name))?;
        let unreadable = |error| unreadable(&path, &error);
        let mut file = is_file(&path)
            .and_then(|_| File::open(&path))
            .map_err(unreadable)?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => take(&piece[..count])?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(error)),
            }
        }
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
    is_file(path)?;
    if !document {
        return std::fs::read(path);
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_DOCUMENT_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() <= MAX_DOCUMENT_BYTES {
        true => Ok(bytes),
        false => Err(std::io::Error::new(
            ErrorKind::InvalidData,
            format!("this file is longer than {MAX_DOCUMENT_BYTES} bytes"),
        )),
    }
}

fn is_file(path: &Path) -> std::io::Result<Metadata> {
    let about = path.metadata()?;
    match about.is_file() {
        true => Ok(about),
        false => Err(std::io::Error::new(
            ErrorKind::InvalidData,
            "this is no file",
        )),
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

impl Embedded {
    fn bytes(&self, name: &str) -> Option<&'static [u8]> {
        let is_named = |(full, _): &&(&str, &[u8])| full.strip_prefix(self.prefix) == Some(name);
        self.files.iter().find(is_named).map(|(_, bytes)| *bytes)
    }
}

impl ModelFiles for Embedded {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.bytes(name).map(<[u8]>::to_vec))
    }

    fn size(&self, name: &str) -> Result<Option<u64>> {
        Ok(self.bytes(name).map(|bytes| bytes.len() as u64))
    }

    fn pieces(&self, name: &str, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        take(self.bytes(name).ok_or_else(|| self.missing(name))?)
    }

    fn describe(&self) -> String {
        self.name.to_owned()
    }
}
