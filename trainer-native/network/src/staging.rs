//! Where files lie until all of them are there: a hidden folder beside the one that they will be, kept from
//! run to run, so that what has come is not fetched twice.

use genolewm_core::{Error, Result};
use genolewm_report::output::{FileLock, create_folder, io_error_at};
use genolewm_train::files::files_below;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

const ENDING: &str = ".genolewm-partial";

/// A folder on its way, which one process at a time works on.
#[derive(Debug)]
pub struct Staging {
    root: PathBuf,
    lock: FileLock,
}

impl Staging {
    /// Begins, or goes on with, what will be the folder `target`.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` where nothing can be written; `INPUT.GENERIC` while another process does.
    pub fn open(target: &Path) -> Result<Self> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let root = target.with_file_name(format!(".{name}{ENDING}"));
        create_folder(&root.join("files")).map_err(io_error_at(&root))?;
        match FileLock::try_take(&root.join("lock"))? {
            Some(lock) => Ok(Self { root, lock }),
            None => Err(Error::input("another process fetches this at the moment")
                .with_detail("path", root.display())
                .with_remedy("wait for it to end")),
        }
    }

    /// Where the files lie that are whole.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.root.join("files")
    }

    /// Where a part of a file lies; it is named by the hash of the whole.
    #[must_use]
    pub fn part(&self, hash: &str) -> PathBuf {
        let hash = hash.rsplit(':').next().unwrap_or(hash);
        self.root.join(format!("{hash}.part"))
    }

    /// What the folder is called.
    #[must_use]
    pub fn name(&self) -> std::path::Display<'_> {
        self.root.display()
    }

    /// Bytes that are there so far.
    #[must_use]
    pub fn kept_bytes(&self) -> u64 {
        let files = files_below(&self.root).unwrap_or_default();
        files
            .iter()
            .filter_map(|file| Some(file.metadata().ok()?.len()))
            .sum()
    }

    /// Removes whole files that are not among `paths`: an earlier run may have wanted others.
    fn tidy(&self, paths: &BTreeSet<&str>) -> Result<()> {
        let folder = self.files();
        for file in files_below(&folder)? {
            let inside = file.strip_prefix(&folder).unwrap_or(&file);
            let name = inside
                .to_string_lossy()
                .replace(std::path::MAIN_SEPARATOR, "/");
            if !paths.contains(name.as_str()) {
                fs::remove_file(&file).map_err(io_error_at(&file))?;
            }
        }
        Ok(())
    }

    /// Gives the folder its name, where there is none of that name yet: all files appear at once, and
    /// outlive a power cut.
    ///
    /// # Errors
    /// `RESOURCE.*` as the file system says; nothing has appeared then.
    pub fn put<'a>(self, target: &Path, paths: impl IntoIterator<Item = &'a str>) -> Result<()> {
        self.tidy(&paths.into_iter().collect())?;
        let files = self.files();
        settle(&files)?;
        fs::rename(&files, target).map_err(io_error_at(target))?;
        settle_folder(target.parent().unwrap_or(Path::new("")))?;
        self.clear();
        Ok(())
    }

    /// Moves the files into a folder that is there, each of them at once.
    ///
    /// # Errors
    /// As [`put`](Self::put); some files may have been moved.
    pub fn add<'a>(self, target: &Path, paths: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let paths: BTreeSet<&str> = paths.into_iter().collect();
        self.tidy(&paths)?;
        settle(&self.files())?;
        for path in paths {
            let (from, to) = (self.files().join(path), target.join(path));
            if let Some(folder) = to.parent() {
                create_folder(folder).map_err(io_error_at(folder))?;
            }
            fs::rename(&from, &to).map_err(io_error_at(&to))?;
        }
        settle_folder(target)?;
        self.clear();
        Ok(())
    }

    /// Removes what is left.
    fn clear(self) {
        let Self { root, lock } = self;
        drop(lock);
        let _ = fs::remove_dir_all(root);
    }
}

/// Waits until every file of a folder is on the disk.
fn settle(folder: &Path) -> Result<()> {
    for file in files_below(folder)? {
        let settled = File::open(&file).and_then(|opened| opened.sync_all());
        settled.map_err(io_error_at(&file))?;
    }
    settle_folder(folder)
}

/// Waits until the names in a folder are on the disk.
fn settle_folder(folder: &Path) -> Result<()> {
    // Elsewhere folders cannot be opened.
    if cfg!(unix) {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let settled = File::open(folder).and_then(|opened| opened.sync_all());
        settled.map_err(io_error_at(folder))?;
    }
    Ok(())
}

/// Whether paths can all be files of one folder, on every system: none is another's folder, nor the same
/// but for the case of its letters.
///
/// # Errors
/// The path that is not possible.
pub fn check_names<'a>(paths: impl IntoIterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let paths: Vec<&str> = paths.into_iter().collect();
    for path in &paths {
        if !seen.insert(path.to_ascii_lowercase()) {
            return Err((*path).to_owned());
        }
    }
    for path in paths {
        let folders = path
            .match_indices('/')
            .map(|(at, _)| path[..at].to_ascii_lowercase());
        for folder in folders {
            if seen.contains(&folder) {
                return Err(path.to_owned());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_was_another_ones_folder() {
        assert_eq!(check_names(["a", "b/c", "b/d", "bb"]), Ok(()));
        for bad in [["a", "A"], ["a", "a/b"], ["x/Y", "X/y"], ["a/b/c", "a/B"]] {
            assert!(check_names(bad).is_err(), "{bad:?}");
        }
    }
}
