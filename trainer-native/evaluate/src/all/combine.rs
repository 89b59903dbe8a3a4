//! Files of figures as one.

use super::findings::findings;
use super::input::Input;
use crate::errors::eval_error;
use crate::metrics_file::artifacts::package_path;
use crate::metrics_file::file::{EVAL_ALL, MetricsFile, ReleaseIds, SCHEMA_VERSION};
use crate::metrics_file::rows::{Curves, MetricRow};
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Artifacts that are one and the same for all files.
const CORE_ARTIFACTS: [&str; 4] = [
    "checkpoint",
    "config",
    "dataset_manifest",
    "efficiency_report",
];

/// The figures of all files.
#[derive(Debug, Clone)]
pub struct Combined {
    /// All of them, in the order of the files; `negative_findings` are the next two.
    pub figures: MetricsFile,
    /// What the figures say against the model.
    pub findings: Vec<String>,
    /// What the files say against it beside that.
    pub stated: Vec<String>,
}

impl Combined {
    /// Puts files together, whose paths are named from `root`.
    ///
    /// # Errors
    /// `EVAL.GENERIC` when two files are about different models, data, programs or artifacts, or give
    /// the same figure of the same split; `INPUT.GENERIC` for an artifact whose path leads out.
    pub fn of(inputs: &[Input], root: &Path) -> Result<Self> {
        let times = inputs
            .iter()
            .filter_map(|input| input.figures.generated_at.clone());
        let mut figures = MetricsFile {
            schema_version: SCHEMA_VERSION.to_owned(),
            generated_by: EVAL_ALL.to_owned(),
            generated_at: times.max().filter(|time| !time.is_empty()),
            release: release(inputs)?,
            metrics: metrics(inputs)?,
            artifacts: artifacts(inputs, root)?,
            limitations: sentences(inputs, |of| &of.limitations),
            conclusions: sentences(inputs, |of| &of.conclusions),
            ..MetricsFile::default()
        };
        let mut curves = Vec::new();
        for of in inputs.iter().map(|input| &input.figures) {
            curves.extend_from_slice(of.all_curves());
            figures.strata.extend_from_slice(&of.strata);
            figures.comparisons.extend_from_slice(&of.comparisons);
            let steps = &of.rollout_stratification;
            figures.rollout_stratification.extend_from_slice(steps);
            figures.evaluations.extend_from_slice(&of.evaluations);
            figures.baselines.extend_from_slice(&of.baselines);
        }
        figures.curves = (!curves.is_empty()).then_some(Curves::Several(curves));
        let findings = findings(&figures);
        let mut stated = sentences(inputs, |of| &of.negative_findings);
        stated.retain(|text| !findings.contains(text));
        figures.negative_findings = [findings.clone(), stated.clone()].concat();
        figures.conclusions.push(format!(
            "Aggregated {} measured metric rows from {} metrics JSON artifact(s).",
            figures.metrics.len(),
            inputs.len()
        ));
        Ok(Self {
            figures,
            findings,
            stated,
        })
    }
}

fn release(inputs: &[Input]) -> Result<ReleaseIds> {
    let mut release = ReleaseIds::default();
    for input in inputs {
        let mut own = input.figures.release.clone();
        for ((key, known), (_, own)) in release.members().into_iter().zip(own.members()) {
            let own = own.as_deref().map(str::trim).filter(|own| !own.is_empty());
            if let Some(own) = own {
                let known = known.get_or_insert_with(|| own.to_owned());
                if known != own {
                    return Err(unlike(input, key, known, own));
                }
            }
        }
    }
    Ok(release)
}

fn metrics(inputs: &[Input]) -> Result<Vec<MetricRow>> {
    let mut seen = BTreeSet::new();
    let mut metrics = Vec::new();
    for input in inputs {
        for metric in &input.figures.metrics {
            if !seen.insert((&metric.split, &metric.name)) {
                return Err(
                    eval_error("two files give the same figure of the same split")
                        .with_detail("file", input.path.display())
                        .with_detail("split", &metric.split)
                        .with_detail("name", &metric.name)
                        .with_remedy(
                            "leave one of the files out, or measure it again under another --split",
                        ),
                );
            }
            metrics.push(metric.clone());
        }
    }
    if metrics.is_empty() {
        return Err(
            Error::new(ErrorCode::EvalGeneric, "the files hold no figures")
                .with_remedy("give a file of `genolewm eval`, `rollout` or `evaluate`"),
        );
    }
    Ok(metrics)
}

/// The core artifacts once, all others by the number of their file; and the files.
fn artifacts(inputs: &[Input], root: &Path) -> Result<BTreeMap<String, String>> {
    let mut artifacts: BTreeMap<String, String> = BTreeMap::new();
    for (number, input) in (1..).zip(inputs) {
        for (role, path) in &input.figures.artifacts {
            let path = package_path(role, Path::new(path), Path::new("."))?;
            if CORE_ARTIFACTS.contains(&role.as_str()) {
                let known = artifacts
                    .entry(role.clone())
                    .or_insert_with(|| path.clone());
                if *known != path {
                    return Err(unlike(input, role, known, &path));
                }
            } else {
                artifacts.insert(format!("input_{number}.{role}"), path);
            }
        }
        // A file elsewhere is named by its name alone.
        let name = input.path.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let role = format!("metrics_input_{number}");
        let path = package_path(&role, &input.path, root).unwrap_or(name);
        artifacts.insert(role, path);
    }
    Ok(artifacts)
}

/// Sentences of all files, each once.
fn sentences(inputs: &[Input], of: impl Fn(&MetricsFile) -> &Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = inputs.iter().flat_map(|input| of(&input.figures));
    all.filter(|text| seen.insert(*text)).cloned().collect()
}

fn unlike(input: &Input, key: &str, first: &str, found: &str) -> Error {
    eval_error("the files are not about the same thing")
        .with_detail("file", input.path.display())
        .with_detail("field", key)
        .with_detail("first", first)
        .with_detail("found", found)
        .with_remedy(
            "put together only figures of one release, measured on one snapshot of the data",
        )
}
