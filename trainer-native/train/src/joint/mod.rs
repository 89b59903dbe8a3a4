//! Training of encoder and predictor together (phase 2): the encoder's top layers get low-rank
//! adapters, and a regulariser keeps the states spread out, which a state that may move needs.
//!
//! The loss is the distance of predicted states to encoded ones, plus the divergence of the encoded
//! ones from a normal distribution. Gradients reach adapters, predictor and action encoder; the
//! encoder's own weights stay as they are.

mod networks;
mod settings;
mod batch;
mod curriculum;
mod draws;
mod export;
mod lora;
mod model;
mod plan;
mod trainer;
#[cfg(test)]
mod tests;

pub use settings::Settings;

use super::collapse::CollapseFigures;
use super::run::{Progress, StopFlag};
use super::run_dir::{Checkpoint, Folder, RunDir};
use genolewm::files::Directory;
use genolewm::info::ModelInfo;
use genolewm_core::{Error, ErrorCode, Result};
use model::Figures;
use serde::Serialize;
use trainer::Trainer;

/// A line of `metrics.jsonl`.
#[derive(Debug, Serialize)]
struct Line {
    step: u64,
    #[serde(flatten)]
    figures: Figures,
    steps_per_second: f64,
    #[serde(flatten)]
    collapse: Option<CollapseFigures>,
}

/// Trains until `settings.steps` or until `stop`, then writes the model directory and the adapters;
/// goes on from the directory's newest checkpoint.
///
/// # Errors
/// `CONFIG.GENERIC` when the directory holds another run; `TRAINING.NAN_LOSS` when the loss is not
/// finite, with the last good checkpoint; `TRAINING.COLLAPSE_DETECTED` where the run is to end so;
/// `TRAINING.DATALOADER` when no data can be drawn; `RESOURCE.*` for files.
pub fn run(
    settings: &Settings,
    stop: &StopFlag,
    quiet: bool,
    warn: &mut dyn FnMut(&str),
) -> Result<()> {
    let info = ModelInfo::load(
        &Directory(settings.model_dir.clone()),
        &Directory(settings.encoder()),
    )?;
    plan::check(settings, &info)?;
    let plan = plan::plan(settings, &info)?;
    let resumed = plan.resume(warn)?;
    let run = RunDir::begin(plan, resumed.as_ref(), &plan::data(settings, &info)?, quiet)?;
    train(settings, resumed, run, (stop, quiet), warn)
        .map_err(|error| with_checkpoint(error, settings))
}

fn train(
    settings: &Settings,
    resumed: Option<Checkpoint>,
    mut run: RunDir,
    (stop, quiet): (&StopFlag, bool),
    warn: &mut dyn FnMut(&str),
) -> Result<()> {
    let sources = settings.data.sources()?;
    let mut trainer = Trainer::open(settings, &sources, resumed)?;
    trainer.first_look(run.monitor(), warn)?;
    let progress = Progress::new(settings.steps, trainer.step, quiet);
    while trainer.step < settings.steps && !stop.is_set() {
        let figures = run.timed(|| trainer.train_step())?;
        progress.step(trainer.step, figures.loss);
        let step = trainer.step;
        let check = match trainer.watch.is_due(step) {
            true => Some(trainer.look(run.monitor(), warn)?),
            false => None,
        };
        if check.is_some() || run.is_logged(step) {
            run.monitor().loss(figures.prediction_loss);
            run.monitor().regulariser(figures.kl);
            run.log(&Line {
                step,
                figures,
                steps_per_second: progress.rate(step).1,
                collapse: check.as_ref().map(CollapseFigures::from),
            })?;
        }
        let end = check.and_then(|check| trainer.watch.end(&check, step));
        if end.is_some() || step.is_multiple_of(settings.checkpoint_every) {
            trainer.save(&mut run)?;
        }
        if let Some(error) = end {
            progress.finish();
            return Err(error);
        }
    }
    progress.finish();
    trainer.save(&mut run)?;
    trainer.export()?;
    run.finish(stop.is_set())
}

/// An error that training ends with, and where it can go on from.
fn with_checkpoint(error: Error, settings: &Settings) -> Error {
    let code = error.code();
    if !matches!(
        code,
        ErrorCode::TrainingNanLoss | ErrorCode::TrainingCollapseDetected
    ) {
        return error;
    }
    let folder = Folder::of(&settings.output);
    let newest = folder.steps().ok().and_then(|steps| steps.last().copied());
    let Some(step) = newest else {
        return error
            .with_detail("checkpoint", "none")
            .with_remedy("start again with lower learning rates");
    };
    let error = error.with_detail("checkpoint", folder.file(step).display());
    match code {
        ErrorCode::TrainingNanLoss => error.with_remedy(
            "the checkpoint is whole; start another run with lower learning rates, since one from \
             here would end in the same way",
        ),
        _ => error,
    }
}
