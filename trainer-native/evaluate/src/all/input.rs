//! A file of figures.

use super::members::{list, member, text};
use super::metric::Metric;
use super::own;
use genolewm_core::provenance::Json;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::io_error;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Lists beside the metrics that are put together item by item. The items of the first four belong
/// to a split.
pub const LISTS: [&str; 6] = [
    "curves",
    "strata",
    "comparisons",
    "rollout_stratification",
    "evaluations",
    "baselines",
];
const OF_A_SPLIT: usize = 4;
/// Makers of files, by the start of their names.
const EVAL: &str = "geno-lewm-eval";
const EVALUATE: &str = "genolewm evaluate";
const CARBON_BASELINE: &str = "geno-lewm-carbon-baseline";

/// What a file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// The file.
    pub path: PathBuf,
    /// Its figures.
    pub metrics: Vec<Metric>,
    /// What goes with them, by [`LISTS`].
    pub lists: BTreeMap<&'static str, Vec<Json>>,
    /// The whole of it.
    pub document: Json,
}

impl Input {
    /// Reads the metrics of `eval`, `rollout` or an earlier `eval-all`, the figures of `evaluate`, or
    /// the metadata of `carbon-baseline`.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when the file cannot be read, `INPUT.GENERIC` when it is none of these.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| io_error(&name, &error))?;
        let document = Json::parse(&bytes, &name)?;
        let maker = text(&document, "generated_by");
        let (rows, lists) = if maker.starts_with(EVALUATE) {
            let evaluation = document.clone();
            (
                own::rows(&document),
                BTreeMap::from([("evaluations", vec![evaluation])]),
            )
        } else if maker == CARBON_BASELINE {
            (
                Vec::new(),
                BTreeMap::from([("baselines", vec![document.clone()])]),
            )
        } else if maker == EVAL || maker == "geno-lewm-eval-all" {
            (list(&document, "metrics").to_vec(), lists(&document))
        } else {
            return Err(
                refused(&name, "this is no file of figures").with_detail("generated_by", maker)
            );
        };
        if text(&document, "schema_version").split('.').next() != Some("1")
            && maker != CARBON_BASELINE
        {
            return Err(refused(
                &name,
                "the file has another layout: its schema_version is not 1",
            ));
        }
        let metrics = rows.iter().map(Metric::parse).collect::<Result<Vec<_>>>();
        let metrics = metrics.map_err(|error| error.with_detail("file", &name))?;
        if metrics.is_empty() && maker != CARBON_BASELINE {
            return Err(refused(&name, "the file has no metrics"));
        }
        Ok(Self {
            path: path.to_owned(),
            metrics,
            lists,
            document,
        })
    }

    /// A list of sentences.
    pub(super) fn sentences(&self, key: &str) -> impl Iterator<Item = &str> {
        list(&self.document, key).iter().filter_map(Json::as_str)
    }
}

/// The lists of metrics; those that belong to a split name it.
fn lists(document: &Json) -> BTreeMap<&'static str, Vec<Json>> {
    let first = list(document, "metrics").first();
    let split = first.map(|row| text(row, "split")).unwrap_or_default();
    let mut lists = BTreeMap::new();
    for (place, key) in LISTS.into_iter().enumerate() {
        let mut items = match member(document, key) {
            Some(Json::Array(items)) => items.clone(),
            // The curves of one evaluation.
            Some(Json::Object(curves)) if !curves.is_empty() => vec![Json::Object(curves.clone())],
            _ => continue,
        };
        for item in items.iter_mut().filter(|_| place < OF_A_SPLIT) {
            if let Json::Object(members) = item {
                let own = members.entry("split".to_owned());
                own.or_insert_with(|| split.into());
            }
        }
        lists.insert(key, items);
    }
    lists
}

fn refused(name: &str, message: &str) -> Error {
    Error::new(ErrorCode::InputGeneric, format!("{name}: {message}")).with_remedy(
        "give files of `genolewm eval`, `rollout`, `evaluate` or `eval-all`, or the metadata of \
         `carbon-baseline`",
    )
}
