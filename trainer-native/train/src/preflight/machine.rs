//! Free disk space and memory of this machine.

use genolewm_observe::process::proc_bytes;
use std::path::Path;

/// Bytes that may still be written to the file system of a directory; `None` where that is not
/// known.
#[cfg(unix)]
pub(super) fn free_bytes(directory: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(directory).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(not(unix))]
pub(super) fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// Bytes of memory that a program may still take; `None` where the system does not tell.
pub(super) fn available_memory() -> Option<u64> {
    proc_bytes("/proc/meminfo", "MemAvailable:")
}

/// The most bytes of memory that this process has held at once, and those it holds now.
pub(super) fn own_memory() -> Option<(u64, u64)> {
    let of = |key| proc_bytes("/proc/self/status", key);
    Some((of("VmHWM:")?, of("VmRSS:")?))
}
