//! The files of a model directory, wherever they are.

use genolewm_core::provenance::Manifest;
use genolewm_core::{Error, ErrorCode, Result};
use std::path::{Component, Path, PathBuf};

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
            return Ok(Self(own));
        }
        let id = Manifest::parse(&self.require("manifest.json")?)?.encoder.id;
        let inside = Path::new(&id)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
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

impl ModelFiles for Directory {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.0.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::new(
                ErrorCode::ResourceGeneric,
                format!("{}: {error}", path.display()),
            )),
        }
    }

    fn describe(&self) -> String {
        self.0.display().to_string()
    }
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
