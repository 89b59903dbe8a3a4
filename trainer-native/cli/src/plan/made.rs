//! A plan made for real, and what it was made of.

use super::flags::Args;
use genolewm::Runtime;
use genolewm::ops::NativeOps;
use genolewm_core::Result;
use genolewm_core::edit::{RelEdit, apply_edits};
use genolewm_core::position::BpOffset;
use genolewm_core::provenance::sha256_prefixed;
use genolewm_train::files::read;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The state of the window with the edits, which keeps its length as edited windows do.
///
/// # Errors
/// As [`apply_edits`] and [`Runtime::encode_window`].
pub(super) fn make<O: NativeOps>(
    runtime: &Runtime<O>,
    window: &str,
    edits: &[RelEdit],
    locus: Option<BpOffset>,
) -> Result<Vec<f32>> {
    runtime.encode_window(&apply_edits(window, edits, true)?, locus)
}

/// The files that a plan reads, each with its hash.
///
/// # Errors
/// `RESOURCE.GENERIC` for one that cannot be read.
pub(super) fn inputs(args: &Args) -> Result<Value> {
    let source = &args.source;
    let mut inputs = Map::new();
    for (name, path) in [
        ("window_fasta", &source.window_fasta),
        ("target_fasta", &source.target_fasta),
        ("initial_state", &source.initial_state),
        ("target_state", &source.target_state),
    ] {
        if let Some(path) = path {
            inputs.insert(name.to_owned(), file(path)?);
        }
    }
    if let Some(directory) = &args.model.model_dir {
        let directory = json!({ "path": directory.to_string_lossy() });
        inputs.insert("model_dir".to_owned(), directory);
    }
    Ok(Value::Object(inputs))
}

fn file(path: &Path) -> Result<Value> {
    let bytes = read(path)?;
    Ok(json!({
        "path": path.to_string_lossy(),
        "sha256": sha256_prefixed(&bytes),
        "size": bytes.len(),
    }))
}
