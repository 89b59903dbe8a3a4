//! The atomic writer: files that are either the old ones or complete; and locks.

mod mode;
mod partial;

pub use mode::{check_umask, create_folder, private_options};
pub(crate) use partial::remove_hidden;

use genolewm_core::limits::MAX_DOCUMENT_BYTES;
use genolewm_core::{Error, ErrorCode, Result};
use partial::{Partial, folder_of};
use std::fs::{File, Metadata, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// A file on its way, which takes its name once it is whole. One that is dropped before, or whose
/// process is killed, leaves nothing behind.
///
/// A path that is a symbolic link stays one: what it leads to is written. A file that is replaced keeps
/// its permissions; others are [private](check_umask).
#[derive(Debug)]
pub struct StagedFile {
    partial: Partial,
    /// Where it will lie: no link.
    target: PathBuf,
    /// The nearest folder that was there before.
    old_folder: PathBuf,
}

impl StagedFile {
    /// Begins a file that will be `path`; its folder must be there.
    ///
    /// # Errors
    /// As the file system says.
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::begin(link_target(path)?, None, false)
    }

    /// Begins a file that will be `path`, and makes the folders that it lies in.
    ///
    /// # Errors
    /// As the file system says.
    pub fn create_with_folder(path: &Path) -> io::Result<Self> {
        let target = link_target(path)?;
        let folder = folder_of(&target);
        let old_folder = folder.ancestors().find(|folder| folder.is_dir());
        let old_folder = old_folder.unwrap_or(Path::new(".")).to_owned();
        create_folder(folder)?;
        Self::begin(target, Some(old_folder), false)
    }

    /// Begins a file that will be `path` and is written by others, under the name that comes back.
    ///
    /// # Errors
    /// As the file system says.
    pub fn create_named(path: &Path) -> io::Result<(Self, PathBuf)> {
        let file = Self::begin(link_target(path)?, None, true)?;
        let name = file.partial.path().map(Path::to_owned);
        Ok((file, name.ok_or(ErrorKind::NotFound)?))
    }

    fn begin(target: PathBuf, old_folder: Option<PathBuf>, named: bool) -> io::Result<Self> {
        let folder = folder_of(&target);
        Ok(Self {
            partial: Partial::create(folder, named)?,
            old_folder: old_folder.unwrap_or_else(|| folder.to_owned()),
            target,
        })
    }

    /// How many bytes it has.
    ///
    /// # Errors
    /// As the file system says.
    pub fn len_bytes(&self) -> io::Result<u64> {
        Ok(self.partial.file().metadata()?.len())
    }

    /// Waits until all of it is on the disk. What follows cannot fail for want of space.
    ///
    /// # Errors
    /// As the file system says.
    pub fn settle(&self) -> io::Result<()> {
        mode::set(self.partial.file(), &self.target);
        self.partial.file().sync_all()
    }

    /// Gives it its name, which outlives a power cut; a file of that name is replaced.
    ///
    /// # Errors
    /// As the file system says; what was there is unchanged then.
    pub fn commit(self) -> io::Result<()> {
        self.put(true).map(drop)
    }

    /// The same, but where there is a file of that name already, that stays and this one goes:
    /// `false`.
    ///
    /// # Errors
    /// As the file system says.
    pub fn commit_new(self) -> io::Result<bool> {
        self.put(false)
    }

    fn put(self, replace: bool) -> io::Result<bool> {
        self.settle()?;
        let put = self.partial.put(&self.target, replace)?;
        if put {
            sync_folders(&self.target, &self.old_folder)?;
        }
        Ok(put)
    }
}

impl Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.partial.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.partial.file().flush()
    }
}

/// What a path leads to when it is a symbolic link, whether that is there or not; else itself.
///
/// # Errors
/// As the file system says of links that lead round in a circle.
pub fn link_target(path: &Path) -> io::Result<PathBuf> {
    /// As many as Linux follows.
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match std::fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => return Ok(path),
        }
    }
    std::fs::metadata(&path).map(|_| path)
}

/// The names in a file's folder, and those of the folders that were made for it.
fn sync_folders(path: &Path, old_folder: &Path) -> io::Result<()> {
    // Elsewhere folders cannot be opened.
    if cfg!(unix) {
        for folder in folder_of(path).ancestors() {
            let is_last = folder.as_os_str().is_empty() || folder == old_folder;
            let named = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            File::open(named)?.sync_all()?;
            if is_last {
                break;
            }
        }
    }
    Ok(())
}

/// Writes `bytes` as a whole file with its folder, or straight to `path` where that is a
/// [device](open_device).
///
/// # Errors
/// `RESOURCE.DISK_FULL` when there is no room, `RESOURCE.GENERIC` otherwise; a file under `path` is
/// unchanged then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> io::Result<()> {
        if let Some(mut device) = open_device(path)? {
            return device.write_all(bytes);
        }
        let mut file = StagedFile::create_with_folder(path)?;
        file.write_all(bytes)?;
        file.commit()
    };
    write().map_err(io_error_at(path))
}

/// Opens a path that leads to a device or a named pipe, or names an open file of the process
/// (`/dev/stdout`), and nothing else: those are written to, never replaced.
///
/// # Errors
/// As the system says.
pub fn open_device(path: &Path) -> io::Result<Option<File>> {
    // At the end: standard output may have been a file before.
    is_device(path)
        .then(|| File::options().append(true).open(path))
        .transpose()
}

/// Whether [`open_device`] opens a path.
#[must_use]
pub fn is_device(path: &Path) -> bool {
    const OPEN_FILES: [&str; 5] = [
        "/dev/stdin",
        "/dev/stdout",
        "/dev/stderr",
        "/dev/fd",
        "/proc",
    ];
    let is_device = |found: Metadata| !found.is_file() && !found.is_dir();
    std::fs::metadata(path).is_ok_and(|found| {
        let is_open_file = OPEN_FILES.iter().any(|name| path.starts_with(name));
        is_device(found) || cfg!(unix) && is_open_file && !path.is_dir()
    })
}

/// Held by one process at a time; the system lets go of it when that ends, however it ends.
#[derive(Debug)]
pub struct FileLock(#[allow(dead_code)] File);

impl FileLock {
    /// Waits for the lock on a file, which is made, with its folder, if it is not there.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` where it cannot be written, or the file system has no locks.
    pub fn wait(path: &Path) -> Result<Self> {
        let lock = || {
            let file = lock_file(path)?;
            file.lock().map(|()| Self(file))
        };
        lock().map_err(io_error_at(path))
    }

    /// Takes the lock unless another process holds it.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn try_take(path: &Path) -> Result<Option<Self>> {
        let lock = || -> io::Result<Option<Self>> {
            let file = lock_file(path)?;
            match file.try_lock() {
                Ok(()) => Ok(Some(Self(file))),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(error),
            }
        };
        lock().map_err(io_error_at(path))
    }
}

fn lock_file(path: &Path) -> io::Result<File> {
    create_folder(folder_of(path))?;
    let mut options = private_options();
    options.create(true).truncate(false).write(true).open(path)
}

/// An I/O failure as the program reports it.
#[must_use]
pub fn io_error(name: &str, error: &io::Error) -> Error {
    let (code, remedy) = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (
            ErrorCode::ResourceDiskFull,
            "free some space, or write to another disk; nothing was left half-written",
        ),
        ErrorKind::FileTooLarge => (
            ErrorCode::ResourceGeneric,
            "allow larger files (`ulimit -f`), or write to another disk; nothing was left half-written",
        ),
        ErrorKind::NotFound
        | ErrorKind::PermissionDenied
        | ErrorKind::IsADirectory
        | ErrorKind::NotADirectory => (
            ErrorCode::ResourceGeneric,
            "check that the path exists and may be read and written",
        ),
        _ => (
            ErrorCode::ResourceGeneric,
            "check the path and the disk that it is on, or use another",
        ),
    };
    let folder = folder_of(Path::new(name));
    if error.kind() == ErrorKind::NotFound && !folder.exists() {
        let message = format!("{}: there is no such folder", folder.display());
        return Error::new(code, message).with_remedy("make the folder first, or name another");
    }
    Error::new(code, format!("{name}: {error}")).with_remedy(remedy)
}

/// What the system says about a path, as [`io_error`] reports it.
pub fn io_error_at(path: &Path) -> impl Fn(io::Error) -> Error + Copy {
    move |error| io_error(&path.display().to_string(), &error)
}

/// Opens a file for reading.
///
/// # Errors
/// As [`io_error`].
pub fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(io_error_at(path))
}

/// The bytes of a file.
///
/// # Errors
/// As [`io_error`].
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(io_error_at(path))
}

/// The bytes of a file that is read whole and is neither weights nor a table: a manifest, a
/// configuration, a report, a list of places.
///
/// # Errors
/// As [`read`]; `INPUT.GENERIC` for one beyond the limit.
pub fn read_document(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut start = open(path)?.take(MAX_DOCUMENT_BYTES as u64 + 1);
    start.read_to_end(&mut bytes).map_err(io_error_at(path))?;
    if bytes.len() > MAX_DOCUMENT_BYTES {
        let mib = MAX_DOCUMENT_BYTES >> 20;
        let error = Error::input(format!("the file is larger than {mib} MiB"));
        return Err(error
            .in_file(&path.display().to_string())
            .with_remedy("check that this is the file that was meant"));
    }
    Ok(bytes)
}

#[cfg(all(test, unix))]
#[path = "output/tests.rs"]
mod tests;
