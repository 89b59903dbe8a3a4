//! Files that are either the old ones or complete.

use genolewm_shared::{Error, ErrorCode, Result};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Writes `bytes` to a temporary file beside `path` and renames it over `path`.
///
/// # Errors
/// `RESOURCE.DISK_FULL` when there is no room, `RESOURCE.GENERIC` otherwise; `path` is unchanged
/// then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> {
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
