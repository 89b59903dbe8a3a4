//! The training loop that every stage runs in: lock, resume, steps, metrics, checkpoints, result.

use super::collapse::CollapseSettings;
use super::observed::ObservedSteps;
use super::optimizer::{MatrixOptimizer, Optimizer};
use super::replicas::Replicas;
use super::run::{StepProgress, TrainingHost};
use super::run_dir::{Checkpoint, CheckpointFolder, DataFile, RunDir, RunPlan, settings_text};
use super::serialize::Tensors;
use super::settings::{RunSettings, UpdateSettings};
use burn::tensor::{Tensor, TensorData};
use genolewm::ops::BurnOps;
use genolewm::parameters::Parameters;
use genolewm_core::{Error, ErrorCode, Result};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Instant;

/// A stage of training, by its settings.
pub trait Stage: Serialize + Clone {
    /// What it is called, as in `genolewm train STAGE`.
    const NAME: &'static str;
    /// Metrics that are drawn in `curves.svg`; the first one is told of at the end.
    const CURVES: &'static [&'static str];
    /// The settings that decide the weights, in the order in which checkpoints hold them.
    const KEYS: &'static str;

    /// What all stages share.
    fn run(&self) -> &RunSettings;

    /// The same, to change them.
    fn run_mut(&mut self) -> &mut RunSettings;

    /// The watch over collapse, where there is one.
    fn collapse(&self) -> Option<&CollapseSettings> {
        None
    }

    /// The network's sizes. What cannot be trained is refused here: the run has no directory yet.
    ///
    /// # Errors
    /// Of codes `CONFIG.*` and `INPUT.*` for settings that make no network, `RESOURCE.*` for files.
    fn architecture(&self) -> Result<Value>;

    /// Every file that decides the weights.
    ///
    /// # Errors
    /// As [`DataFile::corpus`].
    fn data(&self) -> Result<Vec<DataFile>>;

    /// Opens what is trained, takes it through [`TrainingSession::steps`] and writes the result.
    ///
    /// # Errors
    /// As [`train`].
    fn train(&self, session: &mut TrainingSession<'_, '_>) -> Result<()>;
}

/// What a stage does in the loop.
pub trait Trainer {
    /// What is trained, on one device.
    type Network: Parameters<Tensor<2>>;

    /// What is trained.
    fn replicas(&mut self) -> &mut Replicas<Self::Network>;

    /// Waits for what the next step needs; its time does not count.
    ///
    /// # Errors
    /// Those of making it.
    fn prepare(&mut self) -> Result<()> {
        Ok(())
    }

    /// Does a step and returns its loss.
    ///
    /// # Errors
    /// As [`Replicas::update`].
    fn train_step(&mut self) -> Result<f64>;

    /// Measures and logs what is due after the step. Returns the error that the run ends with, once
    /// it has a checkpoint, where it is to end here.
    ///
    /// # Errors
    /// Those of measuring; `RESOURCE.*` when files cannot be written.
    fn log(
        &mut self,
        session: &mut TrainingSession<'_, '_>,
        progress: &StepProgress,
    ) -> Result<Option<Error>>;

    /// Adds to a checkpoint what the replicas do not hold.
    fn complete(&self, _weights: &mut Tensors, _state: &mut BTreeMap<String, TensorData>) {}
}

/// A run at work.
pub struct TrainingSession<'a, 'h> {
    /// Its directory.
    pub run: RunDir,
    /// Whom it runs for.
    pub host: &'a mut TrainingHost<'h>,
    settings: &'a RunSettings,
    /// What [`Replicas::open`] opens.
    devices: (BurnOps, Vec<BurnOps>),
    /// The checkpoint that it goes on from, until it is taken.
    pub resumed: Option<Checkpoint>,
    observed: ObservedSteps,
}

/// The run of a stage.
///
/// # Errors
/// As [`Stage::architecture`].
pub fn plan<S: Stage>(stage: &S) -> Result<RunPlan> {
    plan_of(stage, stage.architecture()?.to_string())
}

/// The run of a stage with a network that is known.
///
/// # Errors
/// `INTERNAL.GENERIC` when the settings cannot be written as JSON.
pub fn plan_of<S: Stage>(stage: &S, architecture: String) -> Result<RunPlan> {
    let collapse_every = stage.collapse().map(|watch| watch.collapse_every);
    Ok(RunPlan {
        stage: S::NAME,
        run: stage.run().clone(),
        settings: settings_text(stage, S::KEYS)?,
        architecture,
        collapse_every: collapse_every.filter(|&steps| steps > 0),
        curves: S::CURVES,
    })
}

/// Trains until the last step or until the host stops it, then writes the result; goes on from the
/// newest checkpoint of the run's directory.
///
/// # Errors
/// `CONFIG.GENERIC` when the directory holds another run or was trained on other data;
/// `TRAINING.NAN_LOSS` when loss, gradients or weights are not finite, with the last good checkpoint;
/// `TRAINING.COLLAPSE_DETECTED` where the run is to end so; `TRAINING.DATALOADER` when no data can be
/// drawn; `RESOURCE.*` for files.
pub fn train<S: Stage>(stage: &S, host: &mut TrainingHost<'_>) -> Result<()> {
    let plan = plan(stage)?;
    let devices = stage.run().training_ops()?;
    let (run, resumed) = RunDir::begin(plan, || stage.data(), host)?;
    let mut session = TrainingSession {
        run,
        host,
        settings: stage.run(),
        devices,
        resumed,
        observed: ObservedSteps::begin(S::NAME, stage.run()),
    };
    let trained = stage.train(&mut session);
    session.observed.end(&trained, session.host.stop.is_set());
    trained.map_err(|error| with_checkpoint(error, session.run.folder()))?;
    session.run.finish(session.host.stop.is_set())
}

impl TrainingSession<'_, '_> {
    /// What is trained, on every device, as it was at the checkpoint to go on from if there is one.
    ///
    /// # Errors
    /// As [`Replicas::open`].
    pub fn replicas<R: Parameters<Tensor<2>>>(
        &mut self,
        matrices: MatrixOptimizer,
        update: UpdateSettings,
        open: impl FnMut(BurnOps, Option<Tensors>) -> Result<R>,
    ) -> Result<Replicas<R>> {
        let optimizer = Optimizer::new(matrices, &update);
        let (devices, resumed) = (self.devices.clone(), self.resumed.take());
        Replicas::open(devices, resumed, (optimizer, update.clip), open)
    }

    /// Does the steps that are left, and saves the last one.
    ///
    /// # Errors
    /// As [`train`].
    pub fn steps(&mut self, trainer: &mut impl Trainer) -> Result<()> {
        let settings = self.settings;
        let done = trainer.replicas().step;
        let progress = StepProgress::new(settings.steps, done, self.host.quiet);
        while trainer.replicas().step < settings.steps && !self.host.stop.is_set() {
            trainer.prepare()?;
            let begun = Instant::now();
            let loss = self.run.timed(|| trainer.train_step())?;
            let step = trainer.replicas().step;
            self.observed.step(step, loss, begun.elapsed());
            progress.step(step, loss);
            // Before the checkpoint: a run killed between the two cuts the line off and writes it
            // again, while a line after the checkpoint would be lost.
            let end = trainer.log(self, &progress)?;
            if end.is_some() || step.is_multiple_of(settings.checkpoint_every) {
                self.save(trainer)?;
            }
            if let Some(error) = end {
                progress.finish();
                return Err(error);
            }
        }
        progress.finish();
        self.save(trainer)
    }

    /// Saves a checkpoint. One with a weight that is not finite is refused: the last good one is to
    /// stay the newest.
    fn save(&mut self, trainer: &mut impl Trainer) -> Result<()> {
        let step = trainer.replicas().step;
        let mut weights = trainer.replicas().weights();
        let broken = weights
            .iter()
            .find(|(_, tensor)| !tensor.values.iter().all(|value| value.is_finite()));
        if let Some((name, _)) = broken {
            let message = format!("the weights of {name} are not finite after step {step}");
            return Err(Error::new(ErrorCode::TrainingNanLoss, message));
        }
        let mut state = trainer.replicas().optimizer.export();
        trainer.complete(&mut weights, &mut state);
        self.run.save(step, weights, state)?;
        self.observed.epoch(step);
        Ok(())
    }
}

/// An error that training ends with, and where it can go on from.
fn with_checkpoint(error: Error, folder: &CheckpointFolder) -> Error {
    let remedy = match error.code() {
        ErrorCode::TrainingNanLoss => Some(
            "the checkpoint is whole; start another run with lower learning rates, since one from \
             here would end in the same way",
        ),
        ErrorCode::TrainingCollapseDetected => None,
        _ => return error,
    };
    let newest = folder.steps().ok().and_then(|steps| steps.last().copied());
    let Some(step) = newest else {
        return error
            .with_detail("checkpoint", "none")
            .with_remedy("start again with lower learning rates");
    };
    let error = error.with_detail("checkpoint", folder.file(step).display());
    match remedy {
        Some(remedy) => error.with_remedy(remedy),
        None => error,
    }
}
