//! Dataset packages of the Python package: a directory of ready-cut windows with its manifest.

use crate::errors::input_error;
use crate::files::lines::each_line;
use crate::files::records::{RecordOptions, RecordReader, RowKind, SequenceRecord};
use crate::sha256::{self, hex};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::{io_error_at, read};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The file that makes a directory a dataset package.
pub const DATASET_MANIFEST: &str = "dataset_manifest.json";
/// Hashes of the directory's files, where there are any.
const CHECKSUMS: &str = "SHA256SUMS";
/// Windows with a contig; where there are any, the others are not used.
const PLACED: &str = "placed/";
/// Windows without.
const UNPLACED: &str = "carbon/";

/// A file that a dataset's manifest lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFile {
    /// From the dataset's directory, with `/`.
    pub path: String,
    /// SHA-256 in hexadecimal digits.
    pub sha256: Option<String>,
    /// What it is for, such as `train`.
    pub split: Option<String>,
}

/// A dataset package whose windows are what the manifest says.
#[derive(Debug, Clone)]
pub struct DatasetPackage {
    root: PathBuf,
    snapshot_id: String,
    files: Vec<PackageFile>,
}

impl DatasetPackage {
    /// Reads the manifest and checks the hashes of the files of training windows, by the manifest
    /// and `SHA256SUMS`.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when a file cannot be read; `INPUT.GENERIC` when the manifest is none,
    /// lists no training windows, or a path that leads out of the directory;
    /// `PROVENANCE.MANIFEST_HASH_MISMATCH` for a file that was changed.
    pub fn open(root: &Path) -> Result<Self> {
        let manifest = read_manifest(&root.join(DATASET_MANIFEST))?;
        let package = Self {
            root: root.to_owned(),
            snapshot_id: manifest.0,
            files: manifest.1,
        };
        let sums = read_checksums(&root.join(CHECKSUMS))?;
        let windows = package.window_files();
        if windows.is_empty() {
            return Err(malformed(root, "it lists no training windows").with_remedy(
                "list placed/*.jsonl or carbon/*.jsonl, with the split `train` or without one",
            ));
        }
        for file in windows {
            let listed = [file.sha256.as_ref(), sums.get(&file.path)];
            let found = sha256_of(&root.join(&file.path))?;
            if let Some(expected) = listed.into_iter().flatten().find(|sum| **sum != found) {
                return Err(changed(&file.path, expected, &found));
            }
        }
        Ok(package)
    }

    /// What the dataset is called.
    #[must_use]
    pub fn snapshot_id(&self) -> &str {
        &self.snapshot_id
    }

    /// Every file that the manifest lists.
    #[cfg(test)]
    pub(crate) fn files(&self) -> &[PackageFile] {
        &self.files
    }

    /// The training windows, file by file.
    ///
    /// # Errors
    /// As [`RecordReader::open`]; the iterator's as the reader's.
    pub fn windows(
        &self,
        options: &RecordOptions,
    ) -> Result<impl Iterator<Item = Result<SequenceRecord>> + use<>> {
        let open = |file: &&PackageFile| {
            let mut options = options.clone();
            options.rows = RowKind::Window {
                placed: file.path.starts_with(PLACED),
            };
            RecordReader::open(&self.root.join(&file.path), &options)
        };
        let readers: Result<Vec<_>> = self.window_files().iter().map(open).collect();
        Ok(readers?.into_iter().flatten())
    }

    /// The files of training windows: the placed ones if there are any.
    fn window_files(&self) -> Vec<&PackageFile> {
        let below = |folder| {
            let wanted = |file: &&PackageFile| file.is_training_windows(folder);
            self.files.iter().filter(wanted).collect::<Vec<_>>()
        };
        match below(PLACED) {
            placed if placed.is_empty() => below(UNPLACED),
            placed => placed,
        }
    }
}

impl PackageFile {
    fn is_training_windows(&self, folder: &str) -> bool {
        let split = self.split.as_deref();
        self.path.starts_with(folder)
            && self.path.ends_with(".jsonl")
            && split.is_none_or(|split| split.to_ascii_lowercase().starts_with("train"))
    }

    fn parse(entry: &Value) -> std::result::Result<Self, &'static str> {
        let text = |name: &str| match entry.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err("a file's path, hash or split is not text"),
        };
        let path = text("path")?.ok_or("a file has no path")?;
        let inside = |part: Component<'_>| matches!(part, Component::Normal(_));
        // A backslash separates folders elsewhere.
        if path.is_empty() || path.contains('\\') || !Path::new(&path).components().all(inside) {
            return Err("a file lies outside the dataset");
        }
        Ok(Self {
            path,
            sha256: text("sha256")?.map(|sum| plain_sum(&sum)),
            split: text("split")?,
        })
    }
}

/// The records of a sequence file, or the training windows of a dataset package.
///
/// # Errors
/// As [`RecordReader::open`] and [`DatasetPackage::open`].
pub fn open_records(
    path: &Path,
    options: &RecordOptions,
) -> Result<Box<dyn Iterator<Item = Result<SequenceRecord>>>> {
    if path.is_dir() {
        return Ok(Box::new(DatasetPackage::open(path)?.windows(options)?));
    }
    Ok(Box::new(RecordReader::open(path, options)?))
}

fn read_manifest(path: &Path) -> Result<(String, Vec<PackageFile>)> {
    let manifest: Value = serde_json::from_slice(&read(path)?)
        .map_err(|error| malformed(path, "it is not JSON").with_detail("cause", error))?;
    let snapshot_id = manifest.get("snapshot_id").and_then(Value::as_str);
    let snapshot_id = snapshot_id.filter(|id| !id.trim().is_empty());
    let snapshot_id = snapshot_id.ok_or_else(|| malformed(path, "it has no snapshot_id"))?;
    let files = manifest.get("files").and_then(Value::as_array);
    let files = files.ok_or_else(|| malformed(path, "it lists no files"))?;
    let parsed = files.iter().enumerate().map(|(index, entry)| {
        let file = PackageFile::parse(entry);
        file.map_err(|what| malformed(path, what).with_detail("entry", index))
    });
    Ok((snapshot_id.to_owned(), parsed.collect::<Result<_>>()?))
}

/// Hashes by path; none where there is no such file.
fn read_checksums(path: &Path) -> Result<BTreeMap<String, String>> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let mut sums = BTreeMap::new();
    each_line(path, |line| {
        if line.trim().is_empty() {
            return Ok(());
        }
        let split = line.split_once(char::is_whitespace);
        let (sum, file) = split.ok_or_else(|| malformed(path, "a line is not `hash  path`"))?;
        // A star marks a file that was read as bytes.
        let file = file.trim().trim_start_matches(['*']);
        let file = file.strip_prefix("./").unwrap_or(file);
        sums.insert(file.to_owned(), plain_sum(sum));
        Ok(())
    })?;
    Ok(sums)
}

fn plain_sum(sum: &str) -> String {
    let plain = sum.strip_prefix("sha256:").unwrap_or(sum);
    plain.to_ascii_lowercase()
}

fn sha256_of(path: &Path) -> Result<String> {
    Ok(hex(&sha256::of_file(path).map_err(io_error_at(path))?))
}

fn malformed(path: &Path, what: &str) -> Error {
    let name = path.display();
    input_error(format!("{name}: not a dataset: {what}"))
        .with_remedy("give the directory of a complete dataset package")
}

fn changed(file: &str, expected: &str, found: &str) -> Error {
    Error::new(
        ErrorCode::ProvenanceManifestHashMismatch,
        "a file of the dataset is not the one that its manifest names",
    )
    .with_detail("file", file)
    .with_detail("expected", expected)
    .with_detail("actual", found)
    .with_remedy("fetch the dataset again, or write its manifest anew")
}

#[cfg(test)]
#[path = "package_tests.rs"]
mod tests;
