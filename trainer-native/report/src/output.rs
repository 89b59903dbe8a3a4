//! Files that are either the old ones or complete.

use genolewm_core::{Error, ErrorCode, Result};
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;

/// Writes `bytes` to a temporary file beside `path` and renames it over `path`, or straight to
/// `path` where that is a [device](open_device).
///
/// # Errors
/// `RESOURCE.DISK_FULL` when there is no room, `RESOURCE.GENERIC` otherwise; a file under `path` is
/// unchanged then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> {
        if let Some(mut device) = open_device(path)? {
            return device.write_all(bytes);
        }
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        std::fs::create_dir_all(directory)?;
        let mut file = temporary_in(directory)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The rename itself must outlive a power cut.
        File::open(directory)?.sync_all()
    };
    write().map_err(|error| io_error(&path.display().to_string(), &error))
}

/// Opens a path that leads to a device or a named pipe, and nothing else: those are written to, never
/// replaced.
///
/// # Errors
/// As the system says.
pub fn open_device(path: &Path) -> std::io::Result<Option<File>> {
    let is_device = |found: Metadata| !found.is_file() && !found.is_dir();
    std::fs::metadata(path)
        .is_ok_and(is_device)
        .then(|| File::options().write(true).open(path))
        .transpose()
}

/// A temporary file with the permissions of an ordinary one: private by the user's umask alone.
///
/// # Errors
/// As the file system says.
pub fn temporary_in(directory: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".partial-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
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
        lock().map_err(|error| io_error(&path.display().to_string(), &error))
    }

    /// Takes the lock unless another process holds it.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn try_take(path: &Path) -> Result<Option<Self>> {
        let lock = || -> std::io::Result<Option<Self>> {
            let file = lock_file(path)?;
            match file.try_lock() {
                Ok(()) => Ok(Some(Self(file))),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(error),
            }
        };
        lock().map_err(|error| io_error(&path.display().to_string(), &error))
    }
}

fn lock_file(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).open(path)
}

/// An I/O failure as the program reports it.
#[must_use]
pub fn io_error(name: &str, error: &std::io::Error) -> Error {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            ErrorCode::ResourceDiskFull
        }
        _ => ErrorCode::ResourceGeneric,
    };
    let remedy = match code {
        ErrorCode::ResourceDiskFull => {
            "free some space, or write to another disk; nothing was left half-written"
        }
        _ => "check that the path exists and may be read and written",
    };
    Error::new(code, format!("{name}: {error}")).with_remedy(remedy)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::process::Command;

    /// `eval --output-metrics /dev/null`, run by root, put a file where the device was.
    #[test]
    fn a_device_was_replaced_by_a_file() -> std::result::Result<(), Box<dyn std::error::Error>> {
        let directory = tempfile::tempdir()?;
        let pipe = directory.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status()?.success());
        let named = directory.path().join("link");
        symlink(&pipe, &named)?;
        let read = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read(pipe)
        });
        write_atomically(&named, b"figures")?;
        assert!(pipe.metadata()?.file_type().is_fifo());
        assert!(named.is_symlink());
        assert_eq!(read.join().expect("the reader ends")?, b"figures");
        Ok(())
    }
}
