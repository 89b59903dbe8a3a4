//! A corpus as it is fetched from Hugging Face's hub (`genolewm fetch --dataset`): a folder of Parquet and
//! JSONL files, of which some belong to a configuration and to a split. Nothing here uses a network.

use crate::errors::input_error;
use crate::files::records::{RecordOptions, RecordReader, SequenceRecord};
use crate::files::subset::Subset;
use crate::shards::SequenceFields;
use genolewm_core::limits::MAX_FETCHED_FILES;
use genolewm_core::{Error, Result};
use genolewm_report::output::{io_error_at, read_document};
use std::fs;
use std::path::{Path, PathBuf};

/// The note that `genolewm fetch` leaves beside what it fetched: where that is from.
pub const FETCH_RECORD: &str = ".genolewm-fetch.json";

/// Names of a split in names of files and folders.
const SPLITS: [&[&str]; 3] = [
    &["train", "training"],
    &["validation", "valid", "val", "dev"],
    &["test", "testing", "eval", "evaluation"],
];

/// Which records of a fetched corpus are wanted, with the Python package's names and defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct CarbonCorpusConfig {
    /// The repository that the folder must be from, where its note says so.
    pub dataset_id: String,
    /// The configuration: a folder of the repository.
    pub dataset_config: Option<String>,
    /// The split.
    pub split: String,
    /// The share of the records, chosen by their names.
    pub subset_fraction: f64,
    /// The seed of that choice.
    pub subset_seed: u64,
    /// Names of the columns.
    pub fields: SequenceFields,
}

impl Default for CarbonCorpusConfig {
    fn default() -> Self {
        Self {
            dataset_id: "HuggingFaceBio/carbon-pretraining-corpus".to_owned(),
            dataset_config: None,
            split: "train".to_owned(),
            subset_fraction: 0.10,
            subset_seed: 0,
            fields: SequenceFields::default(),
        }
    }
}

/// The records of a fetched corpus, file by file in the order of their names. After an error there is none.
///
/// # Errors
/// `INPUT.GENERIC` for a folder that is from another repository, has no such split or configuration, or is
/// no corpus; `RESOURCE.GENERIC` when it cannot be read.
pub fn load_hf_carbon_records(
    folder: &Path,
    config: &CarbonCorpusConfig,
) -> Result<impl Iterator<Item = Result<SequenceRecord>> + use<>> {
    check_origin(folder, &config.dataset_id)?;
    let files = files_of(folder, config)?;
    let options = RecordOptions {
        fields: config.fields.clone(),
        subset: Some(Subset::new(config.subset_fraction, config.subset_seed)?),
        ..RecordOptions::default()
    };
    let mut failed = false;
    let records = files.into_iter().flat_map(move |file| {
        let (records, error) = match RecordReader::open(&file, &options) {
            Ok(records) => (Some(records), None),
            Err(error) => (None, Some(Err(error))),
        };
        records.into_iter().flatten().chain(error)
    });
    Ok(records.take_while(move |record| !std::mem::replace(&mut failed, record.is_err())))
}

/// Refuses a folder whose note names another repository.
fn check_origin(folder: &Path, dataset: &str) -> Result<()> {
    let note = folder.join(FETCH_RECORD);
    if !note.is_file() {
        return Ok(());
    }
    let note: serde_json::Value =
        serde_json::from_slice(&read_document(&note)?).map_err(|error| {
            input_error("the note of a fetch is not JSON").with_detail("cause", error)
        })?;
    match note.get("repository").and_then(serde_json::Value::as_str) {
        Some(found) if found != dataset => Err(input_error(
            "the folder was fetched from another repository",
        )
        .with_detail("path", folder.display())
        .with_detail("repository", found)
        .with_detail("wanted", dataset)
        .with_remedy("name the repository that it is from, or fetch the other one")),
        _ => Ok(()),
    }
}

/// The files of the wanted configuration and split.
fn files_of(folder: &Path, config: &CarbonCorpusConfig) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    tables_below(folder, "", &mut files)?;
    files.sort();
    let none = |what: &str, name: &str| -> Error {
        input_error(format!("the folder has no {what}"))
            .with_detail("path", folder.display())
            .with_detail("wanted", name)
            .with_remedy("fetch it with `genolewm fetch --dataset`, and check its name")
    };
    if files.is_empty() {
        return Err(none("Parquet or JSONL files", "*.parquet, *.jsonl"));
    }
    if let Some(name) = &config.dataset_config {
        files.retain(|file| file.split('/').rev().skip(1).any(|part| part == name));
        if files.is_empty() {
            return Err(none("such configuration", name));
        }
    }
    // Where no file is of any split, all are there to be trained on.
    let is_split_up = files
        .iter()
        .any(|file| SPLITS.iter().any(|names| is_of(file, names)));
    let known = SPLITS
        .iter()
        .find(|names| names.contains(&config.split.as_str()));
    let wanted = [config.split.as_str()];
    let names = known.copied().unwrap_or(&wanted);
    if is_split_up || names != SPLITS[0] {
        files.retain(|file| is_of(file, names));
    }
    match files.is_empty() {
        true => Err(none("such split", &config.split)),
        false => Ok(files.iter().map(|file| folder.join(file)).collect()),
    }
}

/// Whether a word of a path is one of `names`.
fn is_of(path: &str, names: &[&str]) -> bool {
    path.split(|c: char| !c.is_alphanumeric())
        .any(|word| names.contains(&word))
}

/// The tables below a folder, by their paths in it; nothing that is hidden.
fn tables_below(folder: &Path, inside: &str, files: &mut Vec<String>) -> Result<()> {
    let here = folder.join(inside);
    for entry in fs::read_dir(&here).map_err(io_error_at(&here))? {
        let entry = entry.map_err(io_error_at(&here))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = if inside.is_empty() {
            name
        } else {
            format!("{inside}/{name}")
        };
        // Links to folders could lead round in a circle.
        if entry.file_type().map_err(io_error_at(&here))?.is_dir() {
            tables_below(folder, &path, files)?;
        } else if is_table(&path) {
            files.push(path);
        }
        if files.len() > MAX_FETCHED_FILES {
            return Err(
                input_error(format!("a folder has more than {MAX_FETCHED_FILES} files"))
                    .with_detail("path", folder.display())
                    .with_remedy("give the folder of the corpus itself"),
            );
        }
    }
    Ok(())
}

/// Whether sequences can be read from a file of this name: what `genolewm fetch --dataset` fetches.
#[must_use]
pub fn is_table(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let plain = path.strip_suffix(".gz").unwrap_or(&path);
    path.ends_with(".parquet") || plain.ends_with(".jsonl") || plain.ends_with(".ndjson")
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;
