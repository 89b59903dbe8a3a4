//! Weight: a clone of this repository stays small, and the built-in model fits a browser.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Verdict, command};

/// Where the built-in model lives, from the root.
const BUILTIN_MODEL: &str = "models/builtin";

/// The whole built-in model directory, in bytes: what a browser downloads once.
const MODEL_LIMIT: u64 = 8_000_000;

/// Any other tracked file, in bytes.
const FILE_LIMIT: u64 = 4 * 1024 * 1024;

/// Checks the tracked files below `root` against both limits.
pub(crate) fn check(root: &Path) -> Verdict {
    let files = tracked_files(root).map_err(|fault| vec![fault])?;
    let mut sizes = Vec::with_capacity(files.len());
    for file in files {
        // A file that is staged for removal is listed but no longer there.
        if let Ok(meta) = fs::metadata(root.join(&file)) {
            sizes.push((file, meta.len()));
        }
    }
    judge(&sizes)
}

fn judge(sizes: &[(PathBuf, u64)]) -> Verdict {
    let (model, rest): (Vec<_>, Vec<_>) = sizes
        .iter()
        .partition(|(file, _)| file.starts_with(BUILTIN_MODEL));
    let mut faults = Vec::new();
    for (file, bytes) in rest.iter().filter(|(_, bytes)| *bytes > FILE_LIMIT) {
        faults.push(format!(
            "{}: {bytes} bytes, more than the {FILE_LIMIT} that one tracked file may have\n  \
             help: ship a smaller sample, or have the file made by a script beside it",
            file.display()
        ));
    }
    let model_bytes: u64 = model.iter().map(|(_, bytes)| bytes).sum();
    let manifest = Path::new(BUILTIN_MODEL).join("manifest.json");
    if !model.iter().any(|(file, _)| *file == manifest) {
        faults.push(format!(
            "{BUILTIN_MODEL}: no manifest.json is tracked, yet `genolewm score` needs the built-in model\n  \
             help: train it as models/builtin/README.md says, and check it in"
        ));
    } else if model_bytes > MODEL_LIMIT {
        faults.push(format!(
            "{BUILTIN_MODEL}: {model_bytes} bytes, more than the {MODEL_LIMIT} of a built-in \
             model\n  help: store the weights as bf16, or train a narrower model"
        ));
    }
    let good = format!(
        "{} tracked files, the built-in model has {model_bytes} bytes",
        sizes.len()
    );
    command::verdict(faults, good)
}

/// The files that git tracks, from the root.
fn tracked_files(root: &Path) -> Result<Vec<PathBuf>, String> {
    let names = command::output("git", &["ls-files", "-z"], root)
        .map_err(|fault| format!("{fault}\n  help: run this in a clone"))?;
    Ok(names
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(of: &[(&str, u64)]) -> Vec<(PathBuf, u64)> {
        of.iter()
            .map(|(name, bytes)| (PathBuf::from(name), *bytes))
            .collect()
    }

    #[test]
    fn small_files_and_a_small_model_pass() {
        let ok = judge(&sizes(&[
            ("README.md", 10),
            ("models/builtin/manifest.json", 5_000_000),
        ]));
        assert!(ok.is_ok_and(|line| line.contains("5000000 bytes")));
    }

    #[test]
    fn a_large_file_is_named() {
        let faults = judge(&sizes(&[
            ("big.bin", FILE_LIMIT + 1),
            ("models/builtin/manifest.json", 1),
        ]));
        let faults = faults.unwrap_err();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("big.bin: "), "{}", faults[0]);
    }

    #[test]
    fn the_model_counts_as_a_whole() {
        let half = MODEL_LIMIT / 2 + 1;
        let faults = judge(&sizes(&[
            ("models/builtin/manifest.json", half),
            ("models/builtin/b", half),
        ]));
        assert!(faults.unwrap_err()[0].contains("narrower model"));
    }

    #[test]
    fn a_missing_model_is_a_fault() {
        assert!(judge(&sizes(&[("README.md", 10)])).unwrap_err()[0].contains("no manifest.json"));
    }
}
