//! What is wrong with a run, and what was drawn to find that out.

use serde::Serialize;
use std::path::Path;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The run must not start.
    Error,
    /// It may, and somebody should know.
    Warning,
}

/// Something that is wrong with a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// How bad it is.
    pub severity: Severity,
    /// An error's code, or a dotted name such as `holdout.leak`.
    pub code: String,
    /// The file or directory.
    pub path: Option<String>,
    /// What it is.
    pub message: String,
}

impl Issue {
    /// An issue of a file.
    #[must_use]
    pub fn new(severity: Severity, code: &str, path: &Path, message: String) -> Self {
        Self {
            severity,
            code: code.to_owned(),
            path: Some(path.display().to_string()),
            message,
        }
    }
}

/// What was drawn as the run will draw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// Bases that may be sampled.
    pub corpus_bp: u64,
    /// Windows that were drawn and compared with the hold-outs.
    pub windows_checked: u64,
    /// Edits that were.
    pub edits_checked: u64,
    /// Held-out bases and records that the corpus was asked for.
    pub holdout_bp_checked: u64,
    /// Variants of the run's files that are held out.
    pub held_out_variants: u64,
    /// Windows, edits and regions that are held out and could be trained on.
    pub leaks: u64,
}
