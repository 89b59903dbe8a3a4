//! Which files a release has: those of its manifest, or all that its seal lists.

use super::index::Release;
use crate::halt::{Halt, failure};
use crate::transfer::{Check, Wanted};
use crate::web::{Client, Source};
use genolewm_core::limits::{MAX_DOCUMENT_BYTES, MAX_FETCHED_FILES};
use genolewm_core::provenance::{MANIFEST_FILE, Manifest, SEAL_FILE, Seal};
use genolewm_core::{Error, ErrorCode, Result};

/// A release, as its manifest describes it.
#[derive(Debug)]
pub struct Contents {
    /// The manifest.
    pub manifest: Manifest,
    /// Its bytes as they came.
    pub manifest_bytes: Vec<u8>,
}

impl Contents {
    /// Reads a release's manifest.
    ///
    /// # Errors
    /// When it cannot be had, is none, or is of another release than the list says.
    pub fn read(release: &Release, client: &Client) -> Result<Self, Halt> {
        let manifest_bytes = client.read(&release.manifest, MAX_DOCUMENT_BYTES)?;
        let named = |error: Error| error.with_detail("url", &release.manifest);
        let manifest = Manifest::parse(&manifest_bytes).map_err(named)?;
        let fits = manifest.model_version == release.model_version
            && manifest.release_id == release.release_id;
        if !fits {
            return Err(
                failure("the list of releases and the manifest do not fit together")
                    .with_detail("index_model_version", &release.model_version)
                    .with_detail("manifest_model_version", &manifest.model_version)
                    .with_detail("index_release_id", &release.release_id)
                    .with_detail("manifest_release_id", &manifest.release_id)
                    .with_remedy("ask whoever publishes the list")
                    .into(),
            );
        }
        Ok(Self {
            manifest,
            manifest_bytes,
        })
    }

    /// Every file of the release but the manifest, and the seal's bytes, if it has one.
    ///
    /// # Errors
    /// When the seal cannot be read, or vouches for other files than the manifest.
    pub fn files(
        &self,
        release: &Release,
        client: &Client,
    ) -> Result<(Vec<Wanted>, Option<Vec<u8>>), Halt> {
        let wanted = |path: &str, hash: &str| Wanted {
            path: path.to_owned(),
            source: release.files.below(path),
            check: Check::Sha256(hash.to_owned()),
            length_bytes: None,
        };
        let Some(bytes) = read_seal(&release.files.below(SEAL_FILE), client)? else {
            let mut files: Vec<Wanted> = self
                .manifest
                .artifacts()
                .map(|file| wanted(file.file, file.hash))
                .collect();
            files.sort_by(|one, other| one.path.cmp(&other.path));
            files.dedup_by(|one, other| one.path == other.path && one.check == other.check);
            check_names(&files)?;
            return Ok((files, None));
        };
        let seal = Seal::parse(&bytes)?;
        seal.verify(MANIFEST_FILE, &self.manifest_bytes)?;
        for file in self.manifest.artifacts() {
            file.verify_hash(seal.hash_of(file.file).unwrap_or("not in the seal"))?;
        }
        let listed = seal.hashes().filter(|(path, _)| *path != MANIFEST_FILE);
        let files: Vec<Wanted> = listed.map(|(path, hash)| wanted(path, hash)).collect();
        check_names(&files)?;
        Ok((files, Some(bytes)))
    }
}

/// Names must be different files everywhere, and none another's folder.
fn check_names(files: &[Wanted]) -> Result<()> {
    let wrong = |message: &str, path: &str| {
        Error::new(ErrorCode::InputGeneric, message)
            .with_detail("path", path)
            .with_remedy("ask whoever published the release")
    };
    if files.len() > MAX_FETCHED_FILES {
        return Err(wrong(
            "a release has too many files",
            &files[MAX_FETCHED_FILES].path,
        ));
    }
    let names = files.iter().map(|file| file.path.as_str());
    crate::staging::check_names(names.chain([MANIFEST_FILE, SEAL_FILE]))
        .map_err(|path| wrong("two files of a release have one place", &path))
}

/// The seal's bytes, where there is one.
fn read_seal(seal: &Source, client: &Client) -> Result<Option<Vec<u8>>, Halt> {
    if let Source::File(path) = seal
        && !path.exists()
    {
        return Ok(None);
    }
    match client.read(seal, MAX_DOCUMENT_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Halt::Failed(error)) if is_absent(&error) => Ok(None),
        Err(halt) => Err(halt),
    }
}

/// Whether a server says that there is no such file.
fn is_absent(error: &Error) -> bool {
    error
        .details()
        .get("status")
        .is_some_and(|status| status == "404" || status == "410")
}
