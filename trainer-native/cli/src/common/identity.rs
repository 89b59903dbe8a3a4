//! What the figures of an evaluation were made with.

use genolewm_core::Result;
use genolewm_core::provenance::rfc3339_utc;
use genolewm_evaluate::metrics_file::artifacts::package_path;
use genolewm_evaluate::metrics_file::file::{EVAL, MetricsFile, ReleaseIds, SCHEMA_VERSION};
use genolewm_report::output::write_atomically;
use genolewm_report::python::json::json_document;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What was measured. The Python package's release tools need all of it.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Identity of the release")]
pub struct Identity {
    /// sha256:… of the model's manifest
    #[arg(long, value_name = "ID")]
    pub model_id: Option<String>,
    /// Release of the model
    #[arg(long, value_name = "NAME")]
    pub model_release: Option<String>,
    /// Snapshot of the evaluation data
    #[arg(long, value_name = "ID")]
    pub dataset_snapshot: Option<String>,
    /// Commit of the program that made the figures
    #[arg(long, value_name = "SHA")]
    pub commit: Option<String>,
    /// Hardware that made the figures
    #[arg(long, value_name = "TEXT")]
    pub hardware: Option<String>,
    /// Checkpoint under the artifact root
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Resolved training configuration under the artifact root
    #[arg(long, value_name = "FILE")]
    pub config_artifact: Option<PathBuf>,
    /// Dataset manifest under the artifact root
    #[arg(long, value_name = "FILE")]
    pub dataset_manifest: Option<PathBuf>,
    /// Efficiency report under the artifact root
    #[arg(long, value_name = "FILE")]
    pub efficiency_report: Option<PathBuf>,
}

impl Identity {
    /// A file of metrics that will lie at `metrics`, still without figures; `own` are the command's
    /// artifacts.
    ///
    /// # Errors
    /// As [`package_path`].
    pub fn file(
        &self,
        own: &[(&str, Option<&Path>)],
        root: Option<&Path>,
        metrics: &Path,
    ) -> Result<MetricsFile> {
        Ok(MetricsFile {
            schema_version: SCHEMA_VERSION.to_owned(),
            generated_by: EVAL.to_owned(),
            generated_at: Some(now()),
            release: self.release(),
            artifacts: self.artifacts(own, root, metrics)?,
            ..MetricsFile::default()
        })
    }

    /// What names model, data, program and hardware.
    fn release(&self) -> ReleaseIds {
        let trimmed =
            |value: &Option<String>| value.as_deref().map(|value| value.trim().to_owned());
        ReleaseIds {
            model_id: trimmed(&self.model_id),
            model_release: trimmed(&self.model_release),
            dataset_snapshot: trimmed(&self.dataset_snapshot),
            commit: trimmed(&self.commit),
            hardware: trimmed(&self.hardware),
        }
    }

    /// Artifacts by role, these and the command's `own`, named from `root`: by default the folder of
    /// the metrics. In a report without the model's identity a file outside the root is named by its
    /// name alone.
    fn artifacts(
        &self,
        own: &[(&str, Option<&Path>)],
        root: Option<&Path>,
        metrics: &Path,
    ) -> Result<BTreeMap<String, String>> {
        let parent = metrics.parent();
        let directory = parent.filter(|parent| !parent.as_os_str().is_empty());
        let root = root.or(directory).unwrap_or(Path::new("."));
        let settings = settings_path(metrics);
        let artifacts = [
            ("eval_config", Some(settings.as_path())),
            ("checkpoint", self.checkpoint.as_deref()),
            ("config", self.config_artifact.as_deref()),
            ("dataset_manifest", self.dataset_manifest.as_deref()),
            ("efficiency_report", self.efficiency_report.as_deref()),
        ];
        let artifacts = artifacts.into_iter().chain(own.iter().copied());
        let given = artifacts.filter_map(|(role, path)| Some((role, path?)));
        let named = given.map(|(role, path)| {
            let name = package_path(role, path, root).or_else(|error| {
                let name = path.file_name().filter(|_| self.model_id.is_none());
                name.map(|name| name.to_string_lossy().into_owned())
                    .ok_or(error)
            });
            Ok((role.to_owned(), name?))
        });
        named.collect()
    }
}

/// Writes metrics, and beside them the settings that they were made with.
///
/// # Errors
/// `RESOURCE.*` when a file cannot be written.
pub fn write(metrics: &Path, file: &MetricsFile, settings: &str) -> Result<()> {
    write_atomically(&settings_path(metrics), settings.as_bytes())?;
    write_atomically(metrics, json_document(file)?.as_bytes())
}

fn settings_path(metrics: &Path) -> PathBuf {
    metrics.with_file_name("eval_config.effective.yaml")
}

/// The present moment, as reports give it.
#[must_use]
pub fn now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    rfc3339_utc(now.map_or(0, |since| since.as_secs()))
}
