//! The note beside fetched files: which repository and commit they are from, and what each must be.

use super::listing::Listed;
use super::repository::Repository;
use crate::transfer::Check;
use genolewm_core::{Error, Result};
use genolewm_data::files::hub::FETCH_RECORD;
use genolewm_report::output::{read_document, write_atomically};
use genolewm_train::files::internal;
use serde_json::{Map, Value, json};
use std::path::Path;

const CONTRACT: &str = "genolewm.fetch.v1";

/// Where the files of a folder are from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What the repository holds.
    pub kind: String,
    /// Its name.
    pub repository: String,
    /// The commit.
    pub revision: String,
    /// The files by their paths, with sizes and hashes.
    files: Map<String, Value>,
}

impl Record {
    /// A note of a commit, of no files yet.
    #[must_use]
    pub fn new(repository: &Repository, commit: &str) -> Self {
        Self {
            kind: repository.kind.name().to_owned(),
            repository: repository.id.clone(),
            revision: commit.to_owned(),
            files: Map::new(),
        }
    }

    /// The note in a folder; `None` where there is no folder.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a folder that was not fetched.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        if folder.symlink_metadata().is_err() {
            return Ok(None);
        }
        let path = folder.join(FETCH_RECORD);
        let foreign = || {
            Error::input("there is a folder of this name that was not fetched")
                .with_detail("path", folder.display())
                .with_remedy("give another --output")
        };
        if !path.is_file() {
            return Err(foreign());
        }
        let value: Value = serde_json::from_slice(&read_document(&path)?)
            .map_err(|error| foreign().with_detail("cause", error))?;
        let text = |key: &str| Some(value.get(key)?.as_str()?.to_owned());
        let read = || {
            Some(Self {
                kind: text("kind")?,
                repository: text("repository")?,
                revision: text("revision")?,
                files: value.get("files")?.as_object()?.clone(),
            })
        };
        let fits = text("contract").as_deref() == Some(CONTRACT);
        read().filter(|_| fits).map(Some).ok_or_else(foreign)
    }

    /// Whether it is of the same commit as another one.
    #[must_use]
    pub fn is_of(&self, other: &Self) -> bool {
        let key = |record: &Self| {
            (
                record.kind.clone(),
                record.repository.clone(),
                record.revision.clone(),
            )
        };
        key(self) == key(other)
    }

    /// Adds files.
    pub fn add(&mut self, files: &[Listed]) {
        for file in files {
            let check = match &file.check {
                Check::Sha256(hash) => ("sha256", hash.clone()),
                Check::GitBlob(hash) => ("git_blob_sha1", hash.clone()),
            };
            let about = json!({"size_bytes": file.length_bytes, check.0: check.1});
            self.files.insert(file.path.clone(), about);
        }
    }

    /// Writes it into a folder.
    ///
    /// # Errors
    /// `RESOURCE.*` when it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let note = json!({
            "contract": CONTRACT,
            "kind": self.kind,
            "repository": self.repository,
            "revision": self.revision,
            "files": self.files,
        });
        let text = serde_json::to_string_pretty(&note).map_err(|error| internal(&error))?;
        write_atomically(&folder.join(FETCH_RECORD), (text + "\n").as_bytes())
    }
}
