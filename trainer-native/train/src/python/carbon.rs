//! The Python package's way to train a predictor: over a dataset package, by its configuration.

use crate::backends::accelerator;
use crate::files::{files_below, read_document, unreadable};
use crate::keyed::texts;
use crate::package::{Training, read};
use crate::predictor::PredictorSettings;
use crate::typed::{flag, settings as typed};
use genolewm_core::window::CANONICAL_WINDOW_BP;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::files::lines::Lines;
use genolewm_data::files::package::DATASET_MANIFEST;
use genolewm_report::output::write_atomically;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What a user names.
#[derive(Debug, Clone)]
pub struct CarbonTraining {
    /// The run's directory.
    pub run_dir: PathBuf,
    /// The dataset package.
    pub dataset: PathBuf,
    /// The frozen encoder.
    pub encoder: PathBuf,
    /// The configuration.
    pub config: PathBuf,
    /// Steps in place of the configuration's.
    pub steps: Option<u64>,
    /// Seed in place of the configuration's.
    pub seed: Option<u64>,
    /// Whether the package may be one that is made up for tests, by its name.
    pub allow_fixture_dataset: bool,
    /// Whether a GPU must train, and how much memory one of NVIDIA's must have, in GB.
    pub accelerator: Option<f64>,
}

impl CarbonTraining {
    /// The settings of the predictor's training; writes the corpus table that they name into the
    /// run's directory. The package's windows are taken as they are: its maker held out what is to
    /// be held out. What the configuration asks for in vain is told of through `warn`.
    ///
    /// # Errors
    /// As [`read`] and [`Training::of`]; `INPUT.GENERIC` for a directory that is no dataset package,
    /// `RESOURCE.*` for files.
    pub fn settings(&self, warn: &mut dyn FnMut(&str)) -> Result<PredictorSettings> {
        let training = Training::of(&read(&self.config)?, self.steps)
            .map_err(|error| error.with_detail("file", self.config.display()))?;
        training.unused.iter().for_each(|text| warn(text));
        let data = self.run_dir.join("data");
        let dataset = std::fs::canonicalize(&self.dataset)
            .map_err(|error| unreadable(&self.dataset, &error))?;
        if !self.allow_fixture_dataset {
            check_is_no_fixture(&dataset)?;
        }
        let table = format!("{}\t1\trecord\n", dataset.display());
        let (corpus, holdout) = (data.join("corpus.tsv"), data.join("holdout.bed"));
        write_atomically(&corpus, table.as_bytes())?;
        write_atomically(&holdout, b"")?;
        let mut flags = Vec::new();
        for (_, setting, value) in &training.settings {
            let flag_with = |text| flag(&setting.replace('_', "-"), text);
            flags.extend(texts(setting, value)?.into_iter().flat_map(flag_with));
        }
        let mut add = |name: &str, value: &Path| flags.extend(flag(name, value));
        add("corpus", &corpus);
        add("holdout", &holdout);
        add("encoder", &self.encoder);
        add("output", &self.run_dir);
        for (name, folder) in [("common", "gnomad"), ("clinvar", "clinvar")] {
            for shard in with_extension(&dataset.join(folder), "parquet")? {
                add(name, &shard);
            }
        }
        flags.extend(flag("window-bp", window_bp(&dataset)?.to_string()));
        let mut settings: PredictorSettings = typed(flags)?;
        settings.run.train_seed = self.seed.or(settings.run.train_seed);
        if let Some(min_gb) = self.accelerator {
            settings.run.device.first = accelerator(min_gb)?;
        }
        Ok(settings)
    }
}

/// Refuses a package whose name says that it is made up: a run over it would pass for one over Carbon.
fn check_is_no_fixture(dataset: &Path) -> Result<()> {
    let path = dataset.join(DATASET_MANIFEST);
    // That there is none is for the report to say.
    if !path.try_exists().unwrap_or(true) {
        return Ok(());
    }
    let manifest = read_document(&path)?;
    let manifest: Value = serde_json::from_slice(&manifest).unwrap_or_default();
    let id = manifest["snapshot_id"].as_str().unwrap_or_default();
    let lower = id.to_lowercase();
    let made_up = ["fixture", "test", "smoke", "dummy"];
    if !made_up.iter().any(|word| lower.contains(word)) {
        return Ok(());
    }
    Err(
        Error::input("the dataset package calls itself one for tests")
            .with_detail("snapshot_id", id)
            .with_remedy("give the data to train on, or --allow-fixture-dataset"),
    )
}

/// The longest windows that the package's first window has room for.
fn window_bp(dataset: &Path) -> Result<usize> {
    for folder in ["placed", "carbon"] {
        let Some(file) = with_extension(&dataset.join(folder), "jsonl")?.next() else {
            continue;
        };
        let mut lines = Lines::open(&file)?;
        let first = lines.next_text()?.unwrap_or_default();
        let row: Value = serde_json::from_str(first).unwrap_or_default();
        let length = row["sequence"].as_str().map_or(0, str::len);
        let fits = CANONICAL_WINDOW_BP
            .iter()
            .copied()
            .filter(|&bp| bp <= length);
        return fits.max().ok_or_else(|| {
            no_package(dataset, "its windows are too short").with_detail("window_bp", length)
        });
    }
    Err(no_package(
        dataset,
        "it has no windows in placed/ or carbon/",
    ))
}

/// Files with an extension, at any depth, in order; none where there is no such folder.
fn with_extension(folder: &Path, extension: &str) -> Result<impl Iterator<Item = PathBuf>> {
    let wanted = move |path: &PathBuf| path.extension().is_some_and(|found| found == extension);
    Ok(files_below(folder)?.into_iter().filter(wanted))
}

fn no_package(dataset: &Path, why: &str) -> Error {
    let name = dataset.display();
    Error::new(
        ErrorCode::InputGeneric,
        format!("{name}: not a dataset package: {why}"),
    )
    .with_remedy("give the directory of a complete dataset package after --dataset-dir")
}
