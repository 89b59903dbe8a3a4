//! What decides the results of a run, by name: two runs of one identity write the same rows.

use crate::common::command::Setting;
use genolewm::info::ModelInfo;
use genolewm::scorer::ScoredBy;
use genolewm_core::provenance::Sha256Stream;
use genolewm_core::{Error, Result};
use genolewm_report::output::io_error_at;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Flags of which no score depends: where results go, how fast, and what is named better by the model
/// itself.
const UNDECIDING: [&str; 15] = [
    "output",
    "format",
    "output_type",
    "receipt",
    "skipped",
    "top",
    "resume",
    "allow_empty",
    "known",
    "threads",
    "progress",
    "no_progress",
    "model_dir",
    "encoder_dir",
    "backend",
];

/// Bytes at either end of a file by which it is known. What is changed between is noticed batch by batch:
/// an answer is kept for its bases.
const KNOWN_BY_BYTES: u64 = 8 << 20;

/// What decides the results, by name.
pub(super) type RunIdentity = BTreeMap<String, String>;

/// The identity of a run with these flags: of a file its content counts, not its name.
///
/// # Errors
/// `RESOURCE.GENERIC` for a file that cannot be read.
pub(super) fn run_identity(
    settings: &[Setting],
    info: &ModelInfo,
    by: &ScoredBy,
) -> Result<RunIdentity> {
    let program = concat!("genolewm ", env!("CARGO_PKG_VERSION")).to_owned();
    let mut identity = RunIdentity::from([
        ("the program".to_owned(), program),
        ("the model".to_owned(), info.model_id.clone()),
        (
            "the model's state contract".to_owned(),
            info.config.encoder.contract.to_string(),
        ),
        ("the files of the model".to_owned(), info.files_id()?),
        (
            "the seal of the model".to_owned(),
            info.files.sealed.to_string(),
        ),
        ("the backend".to_owned(), by.backend.clone()),
        ("the device".to_owned(), by.device.clone()),
    ]);
    for (key, values) in settings {
        if UNDECIDING.iter().all(|flag| flag != key) {
            let values = values.iter().map(|value| value_identity(value));
            let values: Vec<String> = values.collect::<Result<_>>()?;
            identity.insert(format!("--{}", key.replace('_', "-")), values.join(", "));
        }
    }
    Ok(identity)
}

/// Refuses to go on with another run, and names what differs.
///
/// # Errors
/// `INPUT.GENERIC` where anything differs.
pub(super) fn check_same(kept: &RunIdentity, now: &RunIdentity, journal: &Path) -> Result<()> {
    const NOTHING: &str = "not given";
    let text = |identity: &RunIdentity, key: &str| {
        let value = identity.get(key).filter(|value| !value.is_empty());
        value.map_or(NOTHING, String::as_str).to_owned()
    };
    let keys = kept.keys().chain(now.keys());
    let differing = keys.filter(|key| text(kept, key) != text(now, key));
    let mut differing: Vec<&str> = differing.map(String::as_str).collect();
    differing.sort_unstable();
    differing.dedup();
    if differing.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{} is of another run: {} differs",
        journal.display(),
        differing.join(", ")
    );
    let refused = differing.iter().fold(Error::input(message), |error, key| {
        let change = format!("{} in the journal, {} now", text(kept, key), text(now, key));
        error.with_detail(key, change)
    });
    Err(refused.with_remedy(
        "give the files and flags of the run that was stopped, or leave out --resume to start anew",
    ))
}

/// A value, or the content of the file that it names.
pub(super) fn value_identity(value: &str) -> Result<String> {
    let path = Path::new(value);
    match path.metadata() {
        Ok(found) if found.is_file() => file_identity(path, found.len()).map_err(io_error_at(path)),
        // Other numbers each time.
        Ok(found) if !found.is_dir() => Ok("a pipe".to_owned()),
        _ => Ok(value.to_owned()),
    }
}

fn file_identity(path: &Path, len: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256Stream::default();
    let mut take = |start: u64, count: u64| -> io::Result<()> {
        file.seek(SeekFrom::Start(start))?;
        let mut left = (&mut file).take(count);
        let mut piece = vec![0; 1 << 16];
        loop {
            match left.read(&mut piece)? {
                0 => return Ok(()),
                read => hash.update(piece.get(..read).unwrap_or_default()),
            }
        }
    };
    take(0, KNOWN_BY_BYTES)?;
    if len > KNOWN_BY_BYTES {
        let end = len.saturating_sub(KNOWN_BY_BYTES).max(KNOWN_BY_BYTES);
        take(end, KNOWN_BY_BYTES)?;
    }
    Ok(format!("{len} bytes, {}", hash.finish()))
}
