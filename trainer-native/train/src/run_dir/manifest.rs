//! The dataset manifest (`dataset_manifest.json`): what a run was trained on, by hash.

use crate::files::{files_below, read, unreadable};
use crate::run::progress_bar;
use genolewm_core::provenance::{Manifest, Sha256Stream, sha256_prefixed};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::corpus::table::read_corpus_table;
use genolewm_report::json::json_pretty;
use genolewm_report::output::write_atomically;
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The manifest's name in a run's directory.
pub(super) const MANIFEST_FILE: &str = "dataset_manifest.json";
const SCHEMA_VERSION: &str = "1.0.0";
/// The role of the file that names what must not be trained on.
const HOLDOUT: &str = "holdout";
const READ_BYTES: usize = 1 << 20;

/// A file that a run reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// What it is to the run, for example `corpus`.
    pub role: String,
    /// Where it lies.
    pub path: PathBuf,
}

impl DataFile {
    /// A file in a role.
    #[must_use]
    pub fn new(role: &str, path: &Path) -> Self {
        Self {
            role: role.to_owned(),
            path: path.to_owned(),
        }
    }

    /// Hold-outs, which the manifest names by their own hash, too.
    #[must_use]
    pub fn holdout(path: &Path) -> Self {
        Self::new(HOLDOUT, path)
    }

    /// A corpus table (`ROLE_table`) with the sequences (`ROLE`) and regions (`ROLE_regions`) that
    /// it names.
    ///
    /// # Errors
    /// As [`read_corpus_table`].
    pub fn corpus(role: &str, table: &Path) -> Result<Vec<Self>> {
        let mut files = vec![Self::new(&format!("{role}_table"), table)];
        for source in read_corpus_table(table)? {
            let sequences = files_below(&source.path)?;
            files.extend(sequences.iter().map(|path| Self::new(role, path)));
            let regions = source.only.as_deref();
            files.extend(regions.map(|bed| Self::new(&format!("{role}_regions"), bed)));
        }
        Ok(files)
    }

    /// The files of an encoder directory that decide what it computes.
    #[must_use]
    pub fn encoder(directory: &Path) -> Vec<Self> {
        ["config.json", "model.safetensors"]
            .map(|name| Self::new("encoder", &directory.join(name)))
            .to_vec()
    }

    /// The configuration of a model directory and the two networks beside its encoder.
    #[must_use]
    pub fn networks(model: &Path, manifest: &Manifest) -> Vec<Self> {
        [
            ("model_config", &manifest.training.config_file),
            ("predictor", &manifest.predictor.file),
            ("action_encoder", &manifest.action_encoder.file),
        ]
        .map(|(role, file)| Self::new(role, &model.join(file)))
        .to_vec()
    }
}

/// The manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataManifest {
    /// Version of this layout.
    pub schema_version: String,
    /// `sha256:` and the SHA-256 of one line a file, `role TAB sha256 TAB bytes LF`, sorted. Paths
    /// do not count: the same data elsewhere have the same id.
    pub snapshot_id: String,
    /// `sha256:` and the SHA-256 of the hold-out file; none where nothing is held out.
    pub holdout_sha256: Option<String>,
    /// Every file, in the order of role, hash and path.
    pub files: Vec<ManifestFile>,
}

/// A file of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ManifestFile {
    /// What it is to the run.
    pub role: String,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Where it lay.
    pub path: String,
}

impl DataManifest {
    /// Hashes files. A file in several roles is read once.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when one cannot be read.
    pub fn of(files: &[DataFile], quiet: bool) -> Result<Self> {
        let progress = progress(files, quiet)?;
        let mut hashes: BTreeMap<&Path, (String, u64)> = BTreeMap::new();
        let mut entries = Vec::new();
        for file in files {
            if !hashes.contains_key(file.path.as_path()) {
                hashes.insert(&file.path, hash(&file.path, &progress)?);
            }
            let (sha256, bytes) = hashes[file.path.as_path()].clone();
            entries.push(ManifestFile {
                role: file.role.clone(),
                sha256,
                bytes,
                path: file.path.display().to_string(),
            });
        }
        progress.finish_and_clear();
        Ok(Self::from_entries(entries))
    }

    fn from_entries(mut entries: Vec<ManifestFile>) -> Self {
        entries.sort();
        let lines: String = entries
            .iter()
            .map(|file| format!("{}\t{}\t{}\n", file.role, file.sha256, file.bytes))
            .collect();
        let holdout = entries.iter().find(|file| file.role == HOLDOUT);
        Self {
            schema_version: SCHEMA_VERSION.to_owned(),
            snapshot_id: sha256_prefixed(lines.as_bytes()),
            holdout_sha256: holdout.map(|file| format!("sha256:{}", file.sha256)),
            files: entries,
        }
    }

    /// Writes the manifest into a run's directory.
    ///
    /// # Errors
    /// `RESOURCE.*` when it cannot be written.
    pub fn write(&self, run: &Path) -> Result<()> {
        write_atomically(&run.join(MANIFEST_FILE), json_pretty(self)?.as_bytes())
    }

    /// Reads the manifest of a run's directory.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be read, `INPUT.GENERIC` when it is none.
    pub fn read(run: &Path) -> Result<Self> {
        let path = run.join(MANIFEST_FILE);
        let bytes = read(&path)?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let name = path.display();
            Error::new(
                ErrorCode::InputGeneric,
                format!("{name}: not a data manifest: {error}"),
            )
        })
    }

    /// Says that a run must not go on with these data; `run` holds the manifest of its first part.
    #[must_use]
    pub fn refusal(&self, run: &Path) -> Error {
        let old = Self::read(run).map(|manifest| manifest.files);
        let old = old.unwrap_or_default();
        let same =
            |a: &ManifestFile, b: &ManifestFile| (&a.role, &a.sha256) == (&b.role, &b.sha256);
        let unknown = |file: &&ManifestFile| !old.iter().any(|other| same(file, other));
        let gone = |file: &&ManifestFile| !self.files.iter().any(|other| same(file, other));
        let changed = self.files.iter().find(unknown).or(old.iter().find(gone));
        let error = Error::new(
            ErrorCode::ConfigGeneric,
            "the run in this directory was trained on other data",
        )
        .with_detail("directory", run.display())
        .with_remedy("bring back the data as they were, or choose another --output");
        match changed {
            Some(file) => error.with_detail("file", format!("{} ({})", file.path, file.role)),
            None => error,
        }
    }
}

fn progress(files: &[DataFile], quiet: bool) -> Result<ProgressBar> {
    let mut total = 0;
    for file in files {
        let about = std::fs::metadata(&file.path);
        total += about.map_err(|error| unreadable(&file.path, &error))?.len();
    }
    let template = "{bar:28} {bytes}/{total_bytes} of data hashed  {eta} left";
    Ok(progress_bar(total, template, quiet))
}

/// SHA-256 in hexadecimal digits, and the size in bytes.
fn hash(path: &Path, progress: &ProgressBar) -> Result<(String, u64)> {
    let read = || {
        let mut file = File::open(path)?;
        let (mut stream, mut size) = (Sha256Stream::default(), 0u64);
        let mut block = vec![0; READ_BYTES];
        loop {
            match file.read(&mut block) {
                Ok(0) => return Ok((stream.finish(), size)),
                Ok(count) => {
                    stream.update(&block[..count]);
                    size += count as u64;
                    progress.inc(count as u64);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    };
    let (hash, size) = read().map_err(|error| unreadable(path, &error))?;
    Ok((hash.trim_start_matches("sha256:").to_owned(), size))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'abc' | sha256sum`
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    /// `printf 'corpus\t%s\t3\nholdout\t%s\t3\n' $ABC $ABC | sha256sum`
    const SNAPSHOT: &str =
        "sha256:77634cb35e0a781603760d643b845face266cb5ecc34aef63275adcba80b96e7";

    #[test]
    fn a_snapshot_is_what_the_files_hold_and_not_where_they_lie() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let (a, b, c) = (write("a", "abc"), write("b", "abc"), write("c", "abd"));
        let of = |files: &[DataFile]| DataManifest::of(files, true).unwrap();
        let manifest = of(&[DataFile::new("corpus", &a), DataFile::holdout(&a)]);
        assert_eq!(manifest.holdout_sha256, Some(format!("sha256:{ABC}")));
        assert_eq!((manifest.files.len(), manifest.files[0].bytes), (2, 3));
        assert_eq!(manifest.snapshot_id, SNAPSHOT);
        let elsewhere = of(&[DataFile::holdout(&a), DataFile::new("corpus", &b)]);
        assert_eq!(elsewhere.snapshot_id, manifest.snapshot_id);
        let other = of(&[DataFile::holdout(&a), DataFile::new("corpus", &c)]);
        assert_ne!(other.snapshot_id, manifest.snapshot_id);
        manifest.write(directory.path()).unwrap();
        let refusal = other.refusal(directory.path());
        assert_eq!(refusal.code(), ErrorCode::ConfigGeneric);
        assert!(refusal.details()["file"].ends_with("c (corpus)"));
    }

    #[test]
    fn a_directory_stands_for_its_files() {
        let directory = tempfile::tempdir().unwrap();
        let table = directory.path().join("corpus.tsv");
        std::fs::create_dir_all(directory.path().join("package/placed")).unwrap();
        for name in ["placed/b.jsonl", "dataset_manifest.json"] {
            std::fs::write(directory.path().join("package").join(name), name).unwrap();
        }
        std::fs::write(&table, "package\t1\trecord\n").unwrap();
        let files = DataFile::corpus("corpus", &table).unwrap();
        let names: Vec<_> = files[1..]
            .iter()
            .map(|file| file.path.file_name())
            .collect();
        assert_eq!(
            names,
            [
                Some("dataset_manifest.json".as_ref()),
                Some("b.jsonl".as_ref())
            ]
        );
        assert!(DataManifest::of(&files, true).is_ok());
    }

    #[test]
    fn a_corpus_names_its_table_sequences_and_regions() {
        let directory = tempfile::tempdir().unwrap();
        let table = directory.path().join("corpus.tsv");
        std::fs::write(&table, "/a.fa\t1\trecord\tpart.bed\n/b.fa\t2\tfile\n").unwrap();
        let files = DataFile::corpus("corpus", &table).unwrap();
        let roles: Vec<_> = files.iter().map(|file| file.role.as_str()).collect();
        assert_eq!(
            roles,
            ["corpus_table", "corpus", "corpus_regions", "corpus"]
        );
        assert_eq!(files[2].path, directory.path().join("part.bed"));
        let missing = DataManifest::of(&files, true).unwrap_err();
        assert_eq!(missing.code(), ErrorCode::ResourceGeneric);
    }
}
