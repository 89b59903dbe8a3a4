//! What a verification says of itself to logs and metrics.

use genolewm_core::provenance::Manifest;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_observe::metrics::VERIFY_DURATION;
use genolewm_observe::{Metrics, emit, events};
use std::path::Path;
use std::time::Instant;

/// Logs that receipts of a model are verified.
///
/// # Errors
/// As [`Manifest::model_id`].
pub(super) fn started(path: &str, manifest: &Manifest) -> Result<()> {
    let model_id = manifest.model_id()?;
    emit!(events::VERIFY_START, path, model_id = model_id.as_str());
    Ok(())
}

/// Verifies, and logs how that ended.
///
/// # Errors
/// Those of `verify`.
pub(super) fn observed<T>(path: &Path, verify: impl FnOnce() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    let verified = verify();
    let took = begun.elapsed();
    Metrics::of_process().observe(VERIFY_DURATION, took);
    if let Err(error) = &verified {
        mismatch(error);
    }
    let (path, ok) = (path.display(), verified.is_ok());
    emit!(events::VERIFY_END, path = %path, ok, duration_ms = took.as_millis() as u64);
    verified
}

/// Logs what did not fit, where that is why it failed; of hashes only those of models.
fn mismatch(error: &Error) {
    let code = error.code();
    if code.family() != "PROVENANCE" {
        return;
    }
    let (_, kind) = code.as_str().split_once('.').unwrap_or_default();
    let kind = kind.to_lowercase();
    let details = error.details();
    // Of an input or an output, whoever has the reference finds the variant by trying them all.
    let of_model = code == ErrorCode::ProvenanceManifestHashMismatch;
    let hash = |keys: [&str; 2]| {
        let mut keys = keys.into_iter().filter(|_| of_model);
        keys.find_map(|key| details.get(key)).map(String::as_str)
    };
    emit!(
        events::VERIFY_MISMATCH,
        kind = kind.trim_end_matches("_mismatch"),
        expected = hash(["expected", "receipt"]),
        got = hash(["actual", "recomputed"])
    );
}
