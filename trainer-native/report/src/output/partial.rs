//! A file on its way to its name: one without any where the system has such files (`O_TMPFILE`), which
//! vanishes with the process however that ends; else one under a hidden name, which is locked while it
//! is written. So a later run can tell it from what a killed one left, and removes that.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use tempfile::{Builder, NamedTempFile};

const PREFIX: &str = ".partial-genolewm-";

/// The hidden names of this process' files.
static HIDDEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// Folders in which leftovers were looked for.
static TIDIED: LazyLock<Mutex<HashSet<PathBuf>>> = LazyLock::new(Mutex::default);

/// A file that has not got its name yet.
#[derive(Debug)]
pub(super) enum Partial {
    #[cfg(target_os = "linux")]
    Nameless(File),
    Hidden {
        file: NamedTempFile,
        _listed: Listed,
    },
}

/// A hidden name among those of this process.
#[derive(Debug)]
pub(super) struct Listed(PathBuf);

impl Listed {
    fn new(path: &Path) -> Self {
        locked(&HIDDEN).push(path.to_owned());
        Self(path.to_owned())
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        locked(&HIDDEN).retain(|path| *path != self.0);
    }
}

impl Partial {
    /// Begins a file in a folder: with a name where one is asked for, or the system has no others.
    pub(super) fn create(folder: &Path, named: bool) -> io::Result<Self> {
        if locked(&TIDIED).insert(folder.to_owned()) {
            tidy(folder);
        }
        #[cfg(target_os = "linux")]
        if !named && let Some(file) = nameless::create(folder) {
            return Ok(Self::Nameless(file));
        }
        let _ = named;
        loop {
            let file = builder().tempfile_in(folder)?;
            let listed = Listed::new(file.path());
            // Until it was locked another process may have taken it for a leftover.
            if !is_taken(file.as_file()) && file.path().exists() {
                return Ok(Self::Hidden {
                    file,
                    _listed: listed,
                });
            }
        }
    }

    pub(super) fn file(&self) -> &File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => file,
            Self::Hidden { file, .. } => file.as_file(),
        }
    }

    /// Where it lies for the time being, if anywhere.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(_) => None,
            Self::Hidden { file, .. } => Some(file.path()),
        }
    }

    /// Gives it its name. What has that name is replaced or stays: `false`.
    pub(super) fn put(self, target: &Path, replace: bool) -> io::Result<bool> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => nameless::put(&file, target, replace),
            Self::Hidden { file, .. } if replace => {
                let put = file.persist(target);
                put.map(|_| true).map_err(|error| error.error)
            }
            Self::Hidden { file, .. } => match file.persist_noclobber(target) {
                Ok(_) => Ok(true),
                Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
                Err(error) => Err(error.error),
            },
        }
    }
}

/// Removes what this process has under hidden names, before it ends in the midst of its work.
pub(crate) fn remove_hidden() {
    for path in locked(&HIDDEN).iter() {
        // It may have its own name by now.
        let _ = fs::remove_file(path);
    }
}

/// The folder that a path lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX);
    builder
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the files of killed runs from a folder, as far as it may be read.
fn tidy(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_partial = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_partial && is_file && is_left_behind(&entry.path()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Locks a file; whether another process has. (Where there are no locks, nobody tidies up either.)
#[cfg(not(windows))]
fn is_taken(file: &File) -> bool {
    matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock))
}

/// Here a lock would keep this process' other handles out, and nobody deletes an open file.
#[cfg(windows)]
fn is_taken(_: &File) -> bool {
    false
}

/// Whether nobody writes a file any more: its lock goes with the process that had it.
#[cfg(not(windows))]
fn is_left_behind(path: &Path) -> bool {
    let file = File::options().write(true).open(path);
    file.is_ok_and(|file| file.try_lock().is_ok())
}

/// Whether nobody has a file open, which whoever writes it does.
#[cfg(windows)]
fn is_left_behind(path: &Path) -> bool {
    use std::os::windows::fs::OpenOptionsExt;
    File::options().write(true).share_mode(0).open(path).is_ok()
}

#[cfg(target_os = "linux")]
mod nameless {
    use super::{File, Listed, Path, builder, folder_of, io, is_taken};
    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};
    use std::io::ErrorKind;
    use std::os::fd::AsRawFd;

    /// Where the system shows the open files of a process.
    const OPEN_FILES: &str = "/proc/self/fd";

    /// A file without a name, if the file system has such, and a way to give it one.
    pub(super) fn create(folder: &Path) -> Option<File> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = open(folder, flags, Mode::RUSR | Mode::WUSR).ok()?;
        Path::new(OPEN_FILES).exists().then(|| File::from(file))
    }

    /// Gives a file its name at once, or, where another has it, that other's place.
    pub(super) fn put(file: &File, target: &Path, replace: bool) -> io::Result<bool> {
        match link(file, target) {
            Ok(()) => return Ok(true),
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            Err(_) if !replace => return Ok(false),
            Err(_) => {}
        }
        // For the moment that it has a hidden name nobody shall take it for a leftover.
        is_taken(file);
        let mut listed = None;
        let hidden = builder().make_in(folder_of(target), |path| {
            listed = Some(Listed::new(path));
            link(file, path)
        })?;
        let put = hidden.persist(target);
        put.map(|()| true).map_err(|error| error.error)
    }

    fn link(file: &File, name: &Path) -> io::Result<()> {
        let open = format!("{OPEN_FILES}/{}", file.as_raw_fd());
        Ok(linkat(CWD, open, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
    }
}
