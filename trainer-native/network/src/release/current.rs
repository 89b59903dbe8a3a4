//! A link to the release in use, such as `models/current`: switched at once, and back again.

use genolewm_core::provenance::{MANIFEST_FILE, Manifest};
use genolewm_core::{Error, Result};
use genolewm_report::output::{io_error_at, read_document};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A link to a model directory.
#[derive(Debug)]
pub struct Current {
    link: PathBuf,
}

impl Current {
    /// The link at a path; `None` for a directory of its own.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        fs::read_link(path).ok()?;
        Some(Self {
            link: path.to_owned(),
        })
    }

    /// Makes the link lead to `target`, and remembers where it led.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` where no link can be made; it leads where it led then.
    pub fn switch(&self, target: &Path) -> Result<()> {
        let old = fs::read_link(&self.link).map_err(io_error_at(&self.link))?;
        let new = self.seen_from_link(target)?;
        if old != new {
            put_link(&old, &self.previous())?;
            put_link(&new, &self.link)?;
        }
        Ok(())
    }

    /// Makes the link lead where it led before the last switch, and tells both ends: old and new.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when it was never switched, or the release is not there any more.
    pub fn roll_back(&self) -> Result<(PathBuf, PathBuf)> {
        let previous = self.previous();
        let lost = |message: &str, remedy: &str| {
            Error::input(message)
                .with_detail("path", previous.display())
                .with_remedy(remedy)
        };
        let target = fs::read_link(&previous).map_err(|_| {
            lost(
                "there is no release to go back to",
                "updates of this link are remembered beside it",
            )
        })?;
        manifest(&previous).map_err(|error| {
            lost(
                "the release to go back to is not whole",
                "install it again with --target-version",
            )
            .with_detail("cause", error)
        })?;
        let old = fs::read_link(&self.link).map_err(io_error_at(&self.link))?;
        put_link(&target, &self.link)?;
        put_link(&old, &previous)?;
        Ok((old, target))
    }

    /// A link beside this one, to where it led before.
    fn previous(&self) -> PathBuf {
        let mut name = self.link.file_name().unwrap_or_default().to_owned();
        name.push(".previous");
        self.link.with_file_name(name)
    }

    /// A folder as a link names it: by its name where both lie in one folder, which may be moved then.
    fn seen_from_link(&self, target: &Path) -> Result<PathBuf> {
        let real = |path: &Path| path.canonicalize().map_err(io_error_at(path));
        let target = real(target)?;
        let beside = match self.link.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => real(folder)?,
            _ => real(Path::new("."))?,
        };
        match target.strip_prefix(&beside) {
            Ok(inside) => Ok(inside.to_owned()),
            Err(_) => Ok(target),
        }
    }
}

/// The manifest of a model directory.
///
/// # Errors
/// `RESOURCE.MODEL_NOT_FOUND` when there is none, else as [`Manifest::parse`].
pub fn manifest(directory: &Path) -> Result<Manifest> {
    let path = directory.join(MANIFEST_FILE);
    if !path.is_file() {
        return Err(Error::new(
            genolewm_core::ErrorCode::ResourceModelNotFound,
            "a model directory must have a manifest.json",
        )
        .with_detail("model_dir", directory.display())
        .with_remedy("give the directory of an installed model with --model-dir"));
    }
    Manifest::parse(&read_document(&path)?)
        .map_err(|error| error.with_detail("path", path.display()))
}

/// Makes a link, or replaces one, at once.
fn put_link(target: &Path, link: &Path) -> Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(link.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    let new = link.with_file_name(name);
    let _ = fs::remove_file(&new);
    make_link(target, &new).map_err(io_error_at(&new))?;
    fs::rename(&new, link).map_err(|error| {
        let _ = fs::remove_file(&new);
        io_error_at(link)(error)
    })
}

#[cfg(unix)]
fn make_link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn make_link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(target, link)
}

#[cfg(not(any(unix, windows)))]
fn make_link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
