//! The atomic writer: files that are either the old ones or complete; and locks.

use genolewm_core::limits::MAX_DOCUMENT_BYTES;
use genolewm_core::{Error, ErrorCode, Result};
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file under a temporary name in its folder, which takes its own name once it is whole. One that
/// is dropped before leaves nothing behind.
#[derive(Debug)]
pub struct StagedFile {
    file: NamedTempFile,
    path: PathBuf,
    /// The nearest folder that was there before.
    old_folder: PathBuf,
}

impl StagedFile {
    /// Begins a file that will be `path`; its folder must be there.
    ///
    /// # Errors
    /// As the file system says.
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::begin(path, folder_of(path).to_owned())
    }

    /// Begins a file that will be `path`, and makes the folders that it lies in.
    ///
    /// # Errors
    /// As the file system says.
    pub fn create_with_folder(path: &Path) -> io::Result<Self> {
        let folder = folder_of(path);
        let old_folder = folder.ancestors().find(|folder| folder.is_dir());
        let old_folder = old_folder.unwrap_or(Path::new(".")).to_owned();
        std::fs::create_dir_all(folder)?;
        Self::begin(path, old_folder)
    }

    fn begin(path: &Path, old_folder: PathBuf) -> io::Result<Self> {
        Ok(Self {
            file: temporary_in(folder_of(path))?,
            path: path.to_owned(),
            old_folder,
        })
    }

    /// Where it lies for the time being.
    #[must_use]
    pub fn temporary_path(&self) -> &Path {
        self.file.path()
    }

    /// How many bytes it has.
    ///
    /// # Errors
    /// As the file system says.
    pub fn len_bytes(&self) -> io::Result<u64> {
        Ok(self.file.as_file().metadata()?.len())
    }

    /// Waits until all of it is on the disk. What follows cannot fail for want of space.
    ///
    /// # Errors
    /// As the file system says.
    pub fn settle(&self) -> io::Result<()> {
        self.file.as_file().sync_all()
    }

    /// Gives it its name, which outlives a power cut; a file of that name is replaced.
    ///
    /// # Errors
    /// As the file system says; what was there is unchanged then.
    pub fn commit(self) -> io::Result<()> {
        self.settle()?;
        self.file.persist(&self.path).map_err(|error| error.error)?;
        sync_folders(&self.path, &self.old_folder)
    }

    /// The same, but where there is a file of that name already, that stays and this one goes:
    /// `false`.
    ///
    /// # Errors
    /// As the file system says.
    pub fn commit_new(self) -> io::Result<bool> {
        self.settle()?;
        match self.file.persist_noclobber(&self.path) {
            Ok(_) => sync_folders(&self.path, &self.old_folder).map(|()| true),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error),
        }
    }
}

impl Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
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

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
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

/// Opens a path that leads to a device or a named pipe, and nothing else: those are written to, never
/// replaced.
///
/// # Errors
/// As the system says.
pub fn open_device(path: &Path) -> io::Result<Option<File>> {
    let is_device = |found: Metadata| !found.is_file() && !found.is_dir();
    std::fs::metadata(path)
        .is_ok_and(is_device)
        .then(|| File::options().write(true).open(path))
        .transpose()
}

/// A temporary file with the permissions of an ordinary one: private by the user's umask alone.
fn temporary_in(directory: &Path) -> io::Result<NamedTempFile> {
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
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).open(path)
}

/// An I/O failure as the program reports it.
#[must_use]
pub fn io_error(name: &str, error: &io::Error) -> Error {
    let code = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ErrorCode::ResourceDiskFull,
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
