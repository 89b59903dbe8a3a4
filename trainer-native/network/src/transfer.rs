//! One file: fetched in as many pieces as it takes, and held to its size and its hash.

use crate::halt::{Halt, failure};
use crate::staging::Staging;
use crate::web::answer::Trouble;
use crate::web::client::{at, cut, too_long};
use crate::web::{Address, Body, Client, Get, Head, Resume, Source};
use genolewm_core::limits::MAX_FETCHED_FILE_BYTES;
use genolewm_core::provenance::Sha256Stream;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::{create_folder, io_error_at, open, private_options};
use indicatif::ProgressBar;
use sha1::{Digest, Sha1};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Bytes beyond what was there before that count as progress.
const PROGRESS_BYTES: u64 = 64 << 10;

/// What a file must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// `sha256:` and digits.
    Sha256(String),
    /// The 40 digits that git knows a small file of a repository by.
    GitBlob(String),
}

impl Check {
    /// The expected hash.
    #[must_use]
    pub fn hash(&self) -> &str {
        match self {
            Self::Sha256(hash) | Self::GitBlob(hash) => hash,
        }
    }

    /// The hash of a file.
    ///
    /// # Errors
    /// When it cannot be read, or the user wants to stop.
    pub fn of_file(&self, path: &Path, client: &Client) -> Result<String, Halt> {
        let mut file = open(path)?;
        let mut sha256 = Sha256Stream::default();
        let mut sha1 = Sha1::new();
        let length = file.metadata().map_err(io_error_at(path))?.len();
        sha1.update(format!("blob {length}\0"));
        let mut piece = vec![0; 1 << 18];
        loop {
            if client.stop.is_set() {
                return Err(Halt::Stopped);
            }
            let count = match file.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(io_error_at(path)(error).into()),
            };
            match self {
                Self::Sha256(_) => sha256.update(&piece[..count]),
                Self::GitBlob(_) => sha1.update(&piece[..count]),
            }
        }
        Ok(match self {
            Self::Sha256(_) => sha256.finish(),
            Self::GitBlob(_) => sha1
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        })
    }
}

/// A file that is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its path in the folder, which has been checked.
    pub path: String,
    /// Where it comes from.
    pub source: Source,
    /// What it must be.
    pub check: Check,
    /// How long it must be, where that is known.
    pub length_bytes: Option<u64>,
}

impl Wanted {
    /// Whether the file below `folder` is this one.
    ///
    /// # Errors
    /// As [`Check::of_file`].
    pub fn is_in(&self, folder: &Path, client: &Client) -> Result<bool, Halt> {
        let path = folder.join(&self.path);
        let length = path
            .symlink_metadata()
            .ok()
            .filter(fs::Metadata::is_file)
            .map(|about| about.len());
        let fits = length.is_some()
            && self
                .length_bytes
                .is_none_or(|wanted| Some(wanted) == length);
        Ok(fits && self.check.of_file(&path, client)? == self.check.hash())
    }

    /// The file is another one.
    #[must_use]
    pub fn differs(&self, actual: &str) -> Error {
        Error::new(
            ErrorCode::ProvenanceManifestHashMismatch,
            format!("{} is not the file that is listed", self.path),
        )
        .with_detail("file", &self.path)
        .with_detail("url", &self.source)
        .with_detail("expected", self.check.hash())
        .with_detail("actual", actual)
        .with_remedy(
            "it was thrown away; try again, and ask whoever published it if that does not help",
        )
    }
}

/// Brings a file into the staging folder, unless it is there.
///
/// # Errors
/// When it cannot be had, or is another one; what has come of it is kept where it may be of use.
pub fn bring(
    client: &Client,
    wanted: &Wanted,
    staging: &Staging,
    bar: &ProgressBar,
) -> Result<(), Halt> {
    let before = bar.position();
    if !wanted.is_in(&staging.files(), client)? {
        let place = staging.files().join(&wanted.path);
        if let Some(folder) = place.parent() {
            create_folder(folder).map_err(io_error_at(folder))?;
        }
        let part = Part {
            wanted,
            path: staging.part(wanted.check.hash()),
            before,
            bar,
        };
        part.fetch(client)?;
        fs::rename(&part.path, &place).map_err(io_error_at(&place))?;
        part.forget_version();
    }
    let length = staging
        .files()
        .join(&wanted.path)
        .metadata()
        .map_or(0, |about| about.len());
    bar.set_position(before + length);
    Ok(())
}

/// A file of which a part is there.
struct Part<'a> {
    wanted: &'a Wanted,
    path: PathBuf,
    /// Where the bar stood before.
    before: u64,
    bar: &'a ProgressBar,
}

impl Part<'_> {
    /// Fetches all of it; once more from its start if what was put together is not what was wanted.
    fn fetch(&self, client: &Client) -> Result<(), Halt> {
        for is_last in [false, true] {
            let mut was_resumed = self.length_bytes() > 0;
            match &self.wanted.source {
                Source::File(path) => self.copy(path, client)?,
                Source::Web(address) => {
                    let mut most = self.length_bytes();
                    client.persist(|came| {
                        was_resumed |= self.length_bytes() > 0;
                        let tried = self.attempt(client, address);
                        *came = self.length_bytes() >= most + PROGRESS_BYTES;
                        most = most.max(self.length_bytes());
                        tried
                    })?;
                }
            }
            let actual = self.wanted.check.of_file(&self.path, client)?;
            if actual == self.wanted.check.hash() {
                return Ok(());
            }
            self.remove();
            if is_last || !was_resumed {
                return Err(self.wanted.differs(&actual).into());
            }
        }
        Ok(())
    }

    fn copy(&self, from: &Path, client: &Client) -> Result<(), Halt> {
        self.remove();
        let (mut input, mut output) = (open(from)?, self.open()?);
        let (mut piece, mut length) = (vec![0; 1 << 18], 0);
        loop {
            if client.stop.is_set() {
                return Err(Halt::Stopped);
            }
            let count = input.read(&mut piece).map_err(io_error_at(from))?;
            if count == 0 {
                return Ok(());
            }
            length += count as u64;
            self.check_length(length)?;
            output
                .write_all(&piece[..count])
                .map_err(io_error_at(&self.path))?;
            self.bar.set_position(self.before + length);
        }
    }

    /// One request for what is missing.
    fn attempt(&self, client: &Client, address: &Address) -> Result<(), Trouble> {
        let mut have = self.length_bytes();
        match self.wanted.length_bytes {
            Some(length) if length == have => return Ok(()),
            Some(length) if length < have => self.remove(),
            _ => {}
        }
        have = self.length_bytes();
        let get = Get {
            resume: Resume {
                from: have,
                version: fs::read_to_string(self.version_path()).ok(),
            },
            ..Get::all(address)
        };
        let (head, body) = client.get(&get)?;
        if head.is_packed() {
            return Err(failure("the server packs files though it was asked not to")
                .with_detail("url", address)
                .with_remedy("use another server")
                .into());
        }
        let goes_on = head.status == 206 && head.part().is_some_and(|(first, _)| first == have);
        if head.status == 416 && head.text("content-range") == Some(&format!("bytes */{have}")) {
            return Ok(());
        }
        if !goes_on {
            self.remove();
            have = 0;
        }
        if !goes_on && head.status != 200 {
            let error = failure("the server sent another part of the file than it was asked for");
            return Err(Trouble::Passing(error.with_detail("url", address), None));
        }
        self.receive(&head, body, have, address)
    }

    fn receive(
        &self,
        head: &Head,
        mut body: Body,
        mut have: u64,
        address: &Address,
    ) -> Result<(), Trouble> {
        let told = head
            .length_bytes()
            .map(|length| have.saturating_add(length));
        let told = head.part().and_then(|(_, total)| total).or(told);
        if let (Some(told), Some(wanted)) = (told, self.wanted.length_bytes)
            && told != wanted
        {
            self.remove();
            return Err(failure("the server has a file of another length")
                .with_detail("url", address)
                .with_detail("expected_bytes", wanted)
                .with_detail("actual_bytes", told)
                .with_remedy("try again later; ask whoever published it if that does not help")
                .into());
        }
        self.check_length(told.unwrap_or(0))?;
        match head.version() {
            Some(version) => {
                fs::write(self.version_path(), version).map_err(io_error_at(&self.path))?
            }
            None => self.forget_version(),
        }
        let mut file = self.open()?;
        self.bar.set_position(self.before + have);
        self.bar.reset_eta();
        while let Some(piece) = body.piece().map_err(|trouble| at(trouble, address))? {
            have += piece.len() as u64;
            if let Err(error) = self.check_length(have) {
                self.remove();
                return Err(error.into());
            }
            file.write_all(&piece).map_err(io_error_at(&self.path))?;
            self.bar.set_position(self.before + have);
        }
        match told
            .or(self.wanted.length_bytes)
            .is_some_and(|told| have < told)
        {
            true => Err(Trouble::Passing(cut(address), None)),
            false => Ok(()),
        }
    }

    fn check_length(&self, length: u64) -> Result<()> {
        let limit = self.wanted.length_bytes.unwrap_or(MAX_FETCHED_FILE_BYTES);
        match length <= limit.min(MAX_FETCHED_FILE_BYTES) {
            true => Ok(()),
            false => Err(too_long(&self.wanted.source.to_string(), limit)),
        }
    }

    fn length_bytes(&self) -> u64 {
        self.path.metadata().map_or(0, |about| about.len())
    }

    fn open(&self) -> Result<File> {
        let mut options = private_options();
        options
            .create(true)
            .append(true)
            .open(&self.path)
            .map_err(io_error_at(&self.path))
    }

    fn remove(&self) {
        // What cannot be removed is not overwritten either, and the hash tells.
        let _ = fs::remove_file(&self.path);
        self.forget_version();
    }

    fn version_path(&self) -> PathBuf {
        self.path.with_extension("etag")
    }

    fn forget_version(&self) {
        let _ = fs::remove_file(self.version_path());
    }
}
