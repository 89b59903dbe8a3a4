//! Training of the predictor and the action encoder over the frozen encoder (phase 1).

mod model;
mod networks;
mod settings;
mod plan;
mod pool;
mod trained;
mod trainer;
mod validation;
mod course;

pub use settings::Settings;
pub use trained::Trained;

use super::assemble::{Parts, assemble};
use super::device::TrainingDevice;
use super::feed::{Encoded, Feed};
use super::pairs::{Draw, Frozen, PairSources, Pairs, encode};
use super::run::StopFlag;
use super::run_dir::RunDir;
use course::Course;
use genolewm::bundle::load_encoder;
use genolewm::config::ModelConfig;
use genolewm::files::Directory;
use genolewm_core::Result;
use genolewm_data::holdout::HoldoutPolicy;
use indicatif::{ProgressBar, ProgressStyle};
use settings::config;
use validation::Validation;

/// The stream of the measured windows: no generation has it.
const VALIDATION_STREAM: u64 = u64::MAX;

/// Trains until `settings.steps` or until `stop`, then writes a complete model directory.
///
/// # Errors
/// As [`super::encoder::run`]; `TRAINING.COLLAPSE_DETECTED` when predictions have collapsed and that
/// is to end the run.
pub fn run(
    settings: &Settings,
    stop: &StopFlag,
    quiet: bool,
    warn: &mut dyn FnMut(&str),
) -> Result<()> {
    let config = config(settings);
    let devices = settings.compute.training_ops(settings.accumulation)?;
    let encoders = settings
        .compute
        .device
        .all()
        .map(|device| frozen(device, settings, &config))
        .collect::<Result<Vec<_>>>()?;
    let width = encoders
        .first()
        .map_or(0, |frozen| frozen.encoder.d_state());
    let plan = plan::plan(settings, width)?;
    let resumed = plan.resume(warn)?;
    let mut run = RunDir::begin(plan, resumed.as_ref(), &plan::data(settings)?, quiet)?;
    let sources = settings.data.sources()?;
    let Some(measured) = measured(settings, &encoders, &sources, stop, quiet)? else {
        return run.finish(true);
    };
    let validation = Validation::new(&measured);
    let mut course = Course::new(settings, validation, resumed, devices)?;
    let feed = Feed {
        encoders: &encoders,
        sources: &sources,
        windows: settings.generation_windows,
        window_bp: settings.window_bp,
        seed: settings.seed,
        threads: settings.encoding_threads(),
        monitor: run.monitor().clone(),
        encoded: Encoded::default(),
    };
    feed.during(course.generations(), |incoming| {
        course.train(&mut run, incoming, &feed.encoded, (stop, quiet), warn)
    })?;
    let surprises = course.surprises()?;
    let (predictor, action) = course.weights();
    assemble(
        &settings.output.join("model"),
        Parts {
            name: &settings.model_name,
            version: &settings.model_version,
            config: &config,
            encoder: &settings.encoder,
            predictor,
            action,
            surprises,
            data: &settings.data.named_files(),
        },
    )?;
    run.finish(stop.is_set())
}

fn frozen(device: TrainingDevice, settings: &Settings, config: &ModelConfig) -> Result<Frozen> {
    let ops = device.ops()?;
    let encoder = load_encoder(&ops, &Directory(settings.encoder.clone()), config)?;
    Ok(Frozen { encoder, ops })
}

/// The windows that are measured and not trained on, with a table of their own regardless of the
/// hold-outs; none when `stop` is set meanwhile.
fn measured(
    settings: &Settings,
    encoders: &[Frozen],
    sources: &PairSources,
    stop: &StopFlag,
    quiet: bool,
) -> Result<Option<Pairs>> {
    let own = settings.validation.as_deref();
    let own = own
        .map(|table| settings.data.sources_of(table, HoldoutPolicy::default()))
        .transpose()?;
    let windows = settings.validation_windows;
    let progress = if quiet {
        ProgressBar::hidden()
    } else {
        ProgressBar::new(windows as u64)
    };
    if let Ok(style) =
        ProgressStyle::with_template("{bar:28} {pos}/{len} windows to measure  {eta} left")
    {
        progress.set_style(style);
    }
    let draw = Draw {
        windows,
        window_bp: settings.window_bp,
        seed: settings.seed,
        stream: VALIDATION_STREAM,
    };
    let pairs = encode(encoders, own.as_ref().unwrap_or(sources), draw, &mut |_| {
        progress.inc(1);
        !stop.is_set()
    })?;
    progress.finish_and_clear();
    Ok(pairs)
}
