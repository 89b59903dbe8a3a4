//! Files of figures as one.

use super::findings::findings;
use super::input::{Input, LISTS};
use super::members::{member, text};
use super::metric::Metric;
use crate::artifacts::package_path;
use genolewm_core::provenance::Json;
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const SCHEMA_VERSION: &str = "1.0.0";
/// By this name the Python package knows the file.
const GENERATED_BY: &str = "geno-lewm-eval-all";
/// What all files that name it must say alike.
pub(super) const IDENTITY: [&str; 5] = [
    "model_id",
    "model_release",
    "dataset_snapshot",
    "commit",
    "hardware",
];
/// Artifacts that are one and the same for all files.
const CORE_ARTIFACTS: [&str; 4] = [
    "checkpoint",
    "config",
    "dataset_manifest",
    "efficiency_report",
];

/// The figures of all files.
#[derive(Debug, Clone, PartialEq)]
pub struct Combined {
    /// What the files are about, by identity field.
    pub identity: BTreeMap<&'static str, String>,
    /// When the last of them was made, where one says so.
    pub generated_at: Option<String>,
    /// In the order of the files.
    pub metrics: Vec<Metric>,
    /// What goes with them, by [`LISTS`].
    pub lists: BTreeMap<&'static str, Vec<Json>>,
    /// By role.
    pub artifacts: BTreeMap<String, String>,
    /// Sentences of the files.
    pub limitations: Vec<String>,
    /// What the figures say against the model.
    pub findings: Vec<String>,
    /// What the files say against it beside that.
    pub stated: Vec<String>,
    /// Sentences of the files, and how many figures there are.
    pub conclusions: Vec<String>,
}

impl Combined {
    /// Puts files together, whose paths are named from `root`.
    ///
    /// # Errors
    /// `EVAL.GENERIC` when two files are about different models, data, programs or artifacts, or give
    /// the same figure of the same split; `INPUT.GENERIC` for an artifact whose path leads out.
    pub fn of(inputs: &[Input], root: &Path) -> Result<Self> {
        let mut lists: BTreeMap<&'static str, Vec<Json>> = BTreeMap::new();
        for (key, items) in inputs.iter().flat_map(|input| &input.lists) {
            lists.entry(*key).or_default().extend(items.iter().cloned());
        }
        let times = inputs
            .iter()
            .map(|input| text(&input.document, "generated_at"));
        let mut combined = Self {
            identity: identity(inputs)?,
            generated_at: times
                .max()
                .filter(|time| !time.is_empty())
                .map(str::to_owned),
            metrics: metrics(inputs)?,
            lists,
            artifacts: artifacts(inputs, root)?,
            limitations: sentences(inputs, "limitations"),
            findings: Vec::new(),
            stated: sentences(inputs, "negative_findings"),
            conclusions: sentences(inputs, "conclusions"),
        };
        combined.findings = findings(&combined);
        let Self {
            findings, stated, ..
        } = &mut combined;
        stated.retain(|text| !findings.contains(text));
        combined.conclusions.push(format!(
            "Aggregated {} measured metric rows from {} metrics JSON artifact(s).",
            combined.metrics.len(),
            inputs.len()
        ));
        Ok(combined)
    }

    /// The items of one of [`LISTS`].
    #[must_use]
    pub fn list(&self, key: &str) -> &[Json] {
        self.lists.get(key).map_or(&[], Vec::as_slice)
    }

    /// The file of all figures.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let texts = |texts: &mut dyn Iterator<Item = &String>| {
            Json::Array(texts.map(|text| text.as_str().into()).collect())
        };
        let metrics = self.metrics.iter().map(|metric| metric.row.clone());
        let artifacts = self.artifacts.iter();
        let artifacts = artifacts.map(|(role, path)| (role.clone(), path.as_str().into()));
        let negative = &mut self.findings.iter().chain(&self.stated);
        let mut document = BTreeMap::from([
            ("schema_version", SCHEMA_VERSION.into()),
            ("generated_by", GENERATED_BY.into()),
            ("metrics", Json::Array(metrics.collect())),
            ("artifacts", Json::Object(artifacts.collect())),
            ("limitations", texts(&mut self.limitations.iter())),
            ("negative_findings", texts(negative)),
            ("conclusions", texts(&mut self.conclusions.iter())),
        ]);
        let identity = self.identity.iter();
        document.extend(identity.map(|(key, value)| (*key, value.as_str().into())));
        let time = self.generated_at.as_deref();
        document.extend(time.map(|time| ("generated_at", time.into())));
        for key in LISTS {
            let items = self.list(key);
            if !items.is_empty() {
                document.insert(key, Json::Array(items.to_vec()));
            }
        }
        let document = document.into_iter();
        Json::Object(
            document
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }
}

fn identity(inputs: &[Input]) -> Result<BTreeMap<&'static str, String>> {
    let mut identity: BTreeMap<&'static str, String> = BTreeMap::new();
    for input in inputs {
        for key in IDENTITY {
            let value = text(&input.document, key).trim();
            if !value.is_empty() {
                let known = identity.entry(key).or_insert_with(|| value.to_owned());
                if known != value {
                    return Err(unlike(input, key, known, value));
                }
            }
        }
    }
    Ok(identity)
}

fn metrics(inputs: &[Input]) -> Result<Vec<Metric>> {
    let mut seen = BTreeSet::new();
    let mut metrics = Vec::new();
    for input in inputs {
        for metric in &input.metrics {
            if !seen.insert((&metric.split, &metric.name)) {
                return Err(Error::new(
                    ErrorCode::EvalGeneric,
                    "two files give the same figure of the same split",
                )
                .with_detail("file", input.path.display())
                .with_detail("split", &metric.split)
                .with_detail("name", &metric.name)
                .with_remedy(
                    "leave one of the files out, or measure it again under another --split",
                ));
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
        let own = member(&input.document, "artifacts").and_then(Json::as_object);
        for (role, path) in own.into_iter().flatten() {
            let path = path.as_str().unwrap_or_default();
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

fn sentences(inputs: &[Input], key: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = inputs.iter().flat_map(|input| input.sentences(key));
    all.filter(|text| seen.insert(*text))
        .map(str::to_owned)
        .collect()
}

fn unlike(input: &Input, key: &str, first: &str, found: &str) -> Error {
    Error::new(
        ErrorCode::EvalGeneric,
        "the files are not about the same thing",
    )
    .with_detail("file", input.path.display())
    .with_detail("field", key)
    .with_detail("first", first)
    .with_detail("found", found)
    .with_remedy("put together only figures of one release, measured on one snapshot of the data")
}
