//! `export_report.json`: what was exported, from what, and how it can be recognised. The keys are
//! those of the Python package's report, which names a checkpoint where ours names a model.

use super::{Artifact, ExportFormat, GENERATED_BY};
use genolewm_core::Result;
use genolewm_core::provenance::{Manifest, sha256_prefixed};
use genolewm_report::json::json_pretty;
use serde_json::{Value, json};

/// The report's file.
pub const FILE: &str = "export_report.json";
const SCHEMA_VERSION: &str = "1.0.0";

/// The report as a file. `manifest` is that of the model that the files are or come from, where there is
/// one; `settings` are keys that only some formats have.
///
/// # Errors
/// `INTERNAL.GENERIC` when the writer fails, which it does not for these types.
pub fn render(
    manifest: Option<&Manifest>,
    format: ExportFormat,
    settings: &[(&str, Value)],
    artifacts: &[Artifact],
) -> Result<Artifact> {
    let mut report = json!({
        "schema_version": SCHEMA_VERSION,
        "generated_by": GENERATED_BY,
        "format": format.as_str(),
        "artifacts": artifacts.iter().map(describe).collect::<Vec<_>>(),
    });
    if let Some(manifest) = manifest {
        report["model"] = json!({
            "model_id": manifest.model_id()?,
            "model_name": manifest.model_name,
            "model_version": manifest.model_version,
            "release_id": manifest.release_id,
        });
    }
    for (key, value) in settings {
        report[*key] = value.clone();
    }
    Ok(Artifact {
        component: "report",
        file: FILE.to_owned(),
        bytes: json_pretty(&report)?.into_bytes(),
        tensors: 0,
    })
}

fn describe(artifact: &Artifact) -> Value {
    json!({
        "component": artifact.component,
        "file": artifact.file,
        "sha256": sha256_prefixed(&artifact.bytes),
        "size_bytes": artifact.bytes.len(),
        "tensors": artifact.tensors,
    })
}
