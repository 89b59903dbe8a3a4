//! A file of figures, whichever command made it.

use super::own;
use crate::baselines::carbon::{CarbonRun, GENERATED_BY as CARBON_BASELINE};
use crate::measure::evaluation::Evaluation;
use crate::metrics_file::file::{EVAL, EVAL_ALL, MetricsFile, ReleaseIds, SCHEMA_VERSION};
use genolewm_core::provenance::Json;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::json::typed;
use genolewm_report::output::read;
use std::path::{Path, PathBuf};

/// How the name of the maker of such a file begins.
const EVALUATE: &str = "genolewm evaluate";

/// What a file says.
#[derive(Debug, Clone)]
pub struct Input {
    /// The file.
    pub path: PathBuf,
    /// Its figures, and what goes with them.
    pub figures: MetricsFile,
}

impl Input {
    /// Reads the metrics of `eval`, `rollout` or an earlier `eval-all`, the figures of `evaluate`, or
    /// the metadata of `carbon-baseline`.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when the file cannot be read, `INPUT.GENERIC` when it is none of these.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let document = Json::parse(&read(path)?, &name)?;
        let text = |key: &str| {
            let member = document.as_object().and_then(|members| members.get(key));
            member.and_then(Json::as_str).unwrap_or_default()
        };
        let maker = text("generated_by");
        let figures = if maker.starts_with(EVALUATE) {
            typed(&document).map(of_evaluation)
        } else if maker == CARBON_BASELINE {
            typed(&document).map(of_baseline)
        } else if maker == EVAL || maker == EVAL_ALL {
            typed(&document)
        } else {
            return Err(
                refused(&name, "this is no file of figures").with_detail("generated_by", maker)
            );
        };
        if text("schema_version").split('.').next() != SCHEMA_VERSION.split('.').next()
            && maker != CARBON_BASELINE
        {
            return Err(refused(
                &name,
                "the file has another layout: its schema_version is not 1",
            ));
        }
        let mut figures = figures.map_err(|error| {
            refused(&name, "a figure is missing, or of another kind")
                .with_detail("cause", error.message())
        })?;
        check(&mut figures).map_err(|error| error.with_detail("file", &name))?;
        if figures.metrics.is_empty() && maker != CARBON_BASELINE {
            return Err(refused(&name, "the file has no metrics"));
        }
        figures.name_splits();
        Ok(Self {
            path: path.to_owned(),
            figures,
        })
    }
}

fn of_evaluation(evaluation: Evaluation) -> MetricsFile {
    MetricsFile {
        release: ReleaseIds {
            model_id: Some(evaluation.model_id.clone()),
            ..ReleaseIds::default()
        },
        metrics: own::rows(&evaluation),
        evaluations: vec![evaluation],
        ..MetricsFile::default()
    }
}

fn of_baseline(run: CarbonRun) -> MetricsFile {
    MetricsFile {
        generated_at: Some(run.generated_at.clone()),
        baselines: vec![run],
        ..MetricsFile::default()
    }
}

/// Requires a name and a split of every figure.
fn check(figures: &mut MetricsFile) -> Result<()> {
    for metric in &mut figures.metrics {
        for text in [&mut metric.name, &mut metric.split] {
            *text = text.trim().to_owned();
        }
        if metric.name.is_empty() || metric.split.is_empty() {
            return Err(
                Error::new(ErrorCode::InputGeneric, "a metric has no name or no split")
                    .with_detail("name", &metric.name)
                    .with_detail("split", &metric.split)
                    .with_remedy(
                        "make the file again with `genolewm eval`, `rollout` or `evaluate`",
                    ),
            );
        }
    }
    Ok(())
}

fn refused(name: &str, message: &str) -> Error {
    Error::new(ErrorCode::InputGeneric, format!("{name}: {message}")).with_remedy(
        "give files of `genolewm eval`, `rollout`, `evaluate` or `eval-all`, or the metadata of \
         `carbon-baseline`",
    )
}
