//! The course of a run: steps, figures, checkpoints, and the watch over predictions.

use super::Settings;
use super::networks::Tensors;
use super::pool::Pool;
use super::trainer::{StepFigures, Trainer, first_distance};
use super::validation::Validation;
use crate::collapse::{CollapseFigures, CollapseWatch};
use crate::feed::{Encoded, Incoming};
use crate::run::{Progress, StopFlag};
use crate::run_dir::{Checkpoint, RunDir};
use genolewm::ops::BurnOps;
use genolewm_core::Result;
use serde::Serialize;
use std::ops::Range;
use std::time::Instant;

/// A line of `metrics.jsonl`.
#[derive(Debug, Serialize)]
struct Line {
    step: u64,
    loss: f64,
    gradient_norm: f64,
    /// Mean cosine of prediction and target on the measured windows.
    validation_cosine: f64,
    /// The same with the state before the edit as the prediction.
    naive_cosine: f64,
    steps_per_second: f64,
    /// Seconds that training has stood still for want of windows, after the first generation.
    data_wait_seconds: f64,
    /// Their share of all seconds since then.
    data_wait_share: f64,
    /// While windows are encoded.
    encode_windows_per_second: f64,
}

/// A line of what the collapse monitor saw.
#[derive(Debug, Serialize)]
struct CollapseLine {
    step: u64,
    #[serde(flatten)]
    figures: CollapseFigures,
}

/// A run that goes on.
pub(super) struct Course<'a> {
    settings: &'a Settings,
    validation: Validation<'a>,
    trainer: Trainer<'a>,
    watch: CollapseWatch,
}

impl<'a> Course<'a> {
    /// A run from its start, or from a checkpoint.
    pub(super) fn new(
        settings: &'a Settings,
        validation: Validation<'a>,
        resumed: Option<Checkpoint>,
        devices: (BurnOps, Vec<BurnOps>),
    ) -> Result<Self> {
        let width = validation.width();
        let mut watch = CollapseWatch::new(&settings.collapse);
        if let Some(distance) = resumed.as_ref().and_then(first_distance) {
            watch.restore(distance);
        }
        Ok(Self {
            settings,
            validation,
            trainer: Trainer::open(settings, devices, width, resumed)?,
            watch,
        })
    }

    /// The newest generation that the step after `step` steps draws from.
    fn generation(&self, step: u64) -> u64 {
        step / self.settings.generation_steps
    }

    /// The oldest generation that the next step draws from.
    fn first_generation(&self) -> u64 {
        let others = self.settings.generations as u64 - 1;
        self.generation(self.trainer.step).saturating_sub(others)
    }

    /// All generations that the steps to come draw from.
    pub(super) fn generations(&self) -> Range<u64> {
        if self.trainer.step >= self.settings.steps {
            return 0..0;
        }
        self.first_generation()..self.generation(self.settings.steps - 1) + 1
    }

    /// Trains on the generations as they come in.
    ///
    /// # Errors
    /// As [`super::run`].
    pub(super) fn train(
        &mut self,
        run: &mut RunDir,
        incoming: &mut Incoming,
        encoded: &Encoded,
        (stop, quiet): (&StopFlag, bool),
        warn: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let settings = self.settings;
        let progress = Progress::new(settings.steps, self.trainer.step, quiet);
        let mut pool = Pool::new(
            settings.generations,
            self.first_generation(),
            settings.balance,
        );
        let mut clock = Clock::default();
        while self.trainer.step < settings.steps && !stop.is_set() {
            while pool.lacks(self.generation(self.trainer.step)) {
                pool.push(incoming.take()?);
            }
            clock.count(incoming);
            let figures = run.timed(|| self.trainer.train_step(&pool))?;
            progress.step(self.trainer.step, figures.loss);
            let step = self.trainer.step;
            if run.is_logged(step) {
                let rate = progress.rate(step).1;
                let line = self.line(figures, rate, &clock, encoded)?;
                run.monitor().loss(figures.loss);
                run.log(&line)?;
            }
            if self.watch.is_due(step) {
                self.look_for_collapse(run, warn)?;
            }
            if step.is_multiple_of(settings.checkpoint_every) {
                self.trainer.save(run, &self.watch)?;
            }
        }
        progress.finish();
        self.trainer.save(run, &self.watch)
    }

    /// Looks at the predictions of the measured windows, and ends the run where that is wanted.
    fn look_for_collapse(&mut self, run: &mut RunDir, warn: &mut dyn FnMut(&str)) -> Result<()> {
        let step = self.trainer.step;
        let (predicted, targets) = self.validation.states(self.trainer.model())?;
        let states = (predicted.as_slice(), targets.as_slice());
        let check = self
            .watch
            .look(states, self.validation.width(), run.monitor(), warn)?;
        run.monitor().regulariser(check.metrics.kl_reg);
        run.log(&CollapseLine {
            step,
            figures: CollapseFigures::from(&check),
        })?;
        let Some(error) = self.watch.end(&check, step) else {
            return Ok(());
        };
        self.trainer.save(run, &self.watch)?;
        Err(error)
    }

    fn line(
        &self,
        figures: StepFigures,
        steps_per_second: f64,
        clock: &Clock,
        encoded: &Encoded,
    ) -> Result<Line> {
        let (validation_cosine, naive_cosine) = self.validation.cosines(self.trainer.model())?;
        Ok(Line {
            step: self.trainer.step,
            loss: figures.loss,
            gradient_norm: figures.gradient_norm,
            validation_cosine,
            naive_cosine,
            steps_per_second,
            data_wait_seconds: clock.waited,
            data_wait_share: clock.waited / clock.seconds().max(1e-9),
            encode_windows_per_second: encoded.windows_per_second(),
        })
    }

    /// The surprises that the first calibration table is made of.
    pub(super) fn surprises(&self) -> Result<Vec<(String, f64)>> {
        self.validation.surprises(self.trainer.model())
    }

    /// The trained networks.
    pub(super) fn weights(&mut self) -> (Tensors, Tensors) {
        self.trainer.weights()
    }
}

/// How long training stood still. What the first generations took is not counted: there was nothing
/// to do meanwhile.
#[derive(Debug, Default)]
struct Clock {
    started: Option<Instant>,
    waited: f64,
}

impl Clock {
    fn count(&mut self, incoming: &mut Incoming) {
        let waited = incoming.waited().as_secs_f64();
        match self.started {
            Some(_) => self.waited += waited,
            None => self.started = Some(Instant::now()),
        }
    }

    fn seconds(&self) -> f64 {
        self.started
            .map_or(0.0, |started| started.elapsed().as_secs_f64())
    }
}
