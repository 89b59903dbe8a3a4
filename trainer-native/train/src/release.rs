//! A finished run as something that can be handed on: what it made, with hashes, and a card that says
//! what it is.

use crate::files::{files_below, read};
use genolewm_core::provenance::Sha256Stream;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::json::json_pretty;
use genolewm_report::output::write_atomically;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The files that are written into the run's directory.
const MANIFEST: &str = "training_run_manifest.json";
const CARD: &str = "TRAINING_RUN_CARD.md";
const CHECKSUMS: &str = "SHA256SUMS";

/// Where they lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleasePackage {
    /// Every file of the run with its size and hash.
    pub manifest_path: PathBuf,
    /// What the run is, for people.
    pub card_path: PathBuf,
    /// The hashes, as `sha256sum -c` reads them.
    pub checksums_path: PathBuf,
    /// How many files there are.
    pub files: usize,
}

/// A file of the run.
#[derive(Debug, Serialize)]
struct Listed {
    path: String,
    bytes: usize,
    sha256: String,
}

/// Lists a finished run with hashes, and writes its card.
///
/// # Errors
/// `TRAINING.GENERIC` for a run that is not finished; `RESOURCE.*` for files.
pub fn package_run(run_dir: &Path) -> Result<ReleasePackage> {
    let about: Value = serde_json::from_slice(&read(&run_dir.join("training_run.json"))?)
        .map_err(|error| unfinished(run_dir).with_detail("reason", error))?;
    if about["status"] != "completed" {
        return Err(unfinished(run_dir).with_detail("status", &about["status"]));
    }
    let own = [MANIFEST, CARD, CHECKSUMS];
    let mut files = Vec::new();
    for path in files_below(run_dir)? {
        let name = relative(&path, run_dir);
        if own.contains(&name.as_str()) {
            continue;
        }
        let bytes = read(&path)?;
        let mut hash = Sha256Stream::default();
        hash.update(&bytes);
        let sha256 = hash.finish();
        files.push(Listed {
            path: name,
            bytes: bytes.len(),
            sha256: sha256.trim_start_matches("sha256:").to_owned(),
        });
    }
    let manifest = serde_json::json!({
        "schema_version": "1.0.0",
        "run_id": about["run_id"],
        "dataset_snapshot_id": about["dataset_snapshot_id"],
        "package_version": about["package_version"],
        "files": files,
    });
    let path = |name: &str| run_dir.join(name);
    write_atomically(&path(MANIFEST), json_pretty(&manifest)?.as_bytes())?;
    write_atomically(&path(CARD), card(&about).as_bytes())?;
    let mut sums = String::new();
    for Listed { path, sha256, .. } in &files {
        let _ = writeln!(sums, "{sha256}  {path}");
    }
    write_atomically(&path(CHECKSUMS), sums.as_bytes())?;
    Ok(ReleasePackage {
        manifest_path: path(MANIFEST),
        card_path: path(CARD),
        checksums_path: path(CHECKSUMS),
        files: files.len(),
    })
}

/// A path from the run's directory, with `/`.
fn relative(path: &Path, run_dir: &Path) -> String {
    let parts = path.strip_prefix(run_dir).unwrap_or(path).iter();
    let parts: Vec<_> = parts.map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn card(about: &Value) -> String {
    let text = |key: &str| match &about[key] {
        Value::String(text) => text.clone(),
        Value::Null => "not known".to_owned(),
        other => other.to_string(),
    };
    let mut card = format!("# Training run {}\n\n", text("run_id"));
    for (what, key) in [
        ("Result", "result_summary"),
        ("Steps", "steps_completed"),
        ("Data", "dataset_snapshot_id"),
        ("Seeds", "seeds"),
        ("Machine", "hardware"),
        ("Program", "package_version"),
        ("Determinism", "determinism"),
    ] {
        let _ = writeln!(card, "- {what}: {}", text(key));
    }
    card.push_str("\n## Limitations\n\n");
    for limitation in about["limitations"].as_array().into_iter().flatten() {
        let _ = writeln!(card, "- {}", limitation.as_str().unwrap_or_default());
    }
    card.push_str("\nA research tool, not a diagnostic.\n");
    card
}

fn unfinished(run_dir: &Path) -> Error {
    let message = format!("{}: this run is not finished", run_dir.display());
    Error::new(ErrorCode::TrainingGeneric, message)
        .with_remedy("let the run end; the same command goes on from its checkpoint")
}
