//! Who may read what is written: only its owner, as genomes are private, unless the file was there
//! already and others may, or the user wishes otherwise.

use genolewm_core::{Error, ErrorCode, Result};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Names the permissions that new files do not get, in octal, as `umask` does.
const UMASK: &str = "GENOLEWM_UMASK";
/// What is taken away unless the user wishes otherwise: all that others could have.
#[cfg(unix)]
const PRIVATE: u32 = 0o077;

/// Checks what the user wishes.
///
/// # Errors
/// `CONFIG.GENERIC` where the environment's `GENOLEWM_UMASK` is no such number.
pub fn check_umask() -> Result<()> {
    let Some(text) = std::env::var_os(UMASK) else {
        return Ok(());
    };
    let text = text.to_string_lossy();
    octal(&text).map(drop).ok_or_else(|| {
        Error::new(
            ErrorCode::ConfigGeneric,
            format!("{UMASK} is no octal number up to 777"),
        )
        .with_detail("value", &*text)
        .with_remedy(format!("set {UMASK} to what new files shall not allow, such as 022, or unset it: new files are for their owner alone then"))
    })
}

fn octal(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = u32::from_str_radix(text, 8).ok().filter(|_| digits);
    number.filter(|umask| *umask <= 0o777)
}

/// Options for opening a file, under which one that is made is private, too.
#[must_use]
pub fn private_options() -> OpenOptions {
    #[allow(unused_mut)]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(allowed(0o666));
    }
    options
}

/// Makes a folder, and those that it lies in; new ones are private, too.
///
/// # Errors
/// As the file system says.
pub fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(allowed(0o777));
    }
    builder.create(path)
}

/// Gives a file the permissions of the one that it replaces, or those of a new one. Where the file
/// system has none (FAT), it stays as it is: no more than its owner's.
#[cfg(unix)]
pub(super) fn set(file: &File, target: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let replaced = std::fs::metadata(target)
        .ok()
        .filter(std::fs::Metadata::is_file);
    let mode = replaced.map_or(allowed(0o666), |old| old.permissions().mode() & 0o777);
    let _ = file.set_permissions(std::fs::Permissions::from_mode(mode));
}

/// Elsewhere a folder says who may read its files.
#[cfg(not(unix))]
pub(super) fn set(_: &File, _: &Path) {}

#[cfg(unix)]
fn allowed(mode: u32) -> u32 {
    let wish = std::env::var(UMASK).ok();
    mode & !wish.and_then(|text| octal(&text)).unwrap_or(PRIVATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_umask_is_an_octal_number() {
        assert_eq!(octal("022"), Some(0o22));
        assert_eq!(octal("0"), Some(0));
        for wrong in ["", "8", "1777", "-1", "+22", "u=rw"] {
            assert_eq!(octal(wrong), None, "{wrong}");
        }
    }
}
