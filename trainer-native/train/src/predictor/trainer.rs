//! The predictor in the training loop: generations of windows as they come, and the collapse monitor.

use super::PredictorSettings;
use super::model::PredictorModel;
use super::pool::GenerationPool;
use super::validation::{PredictorValidation, ValidationFigures};
use crate::collapse::{CollapseFigures, CollapseWatch};
use crate::driver::{Trainer, TrainingSession};
use crate::feed::{EncodingRate, Incoming};
use crate::replicas::Replicas;
use crate::run::StepProgress;
use crate::serialize::Tensors;
use crate::step::mean;
use burn::tensor::TensorData;
use genolewm_core::{Error, Result};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Instant;

/// The entry of a checkpoint's state that holds what the collapse monitor first saw.
pub(super) const FIRST_DISTANCE: &str = "collapse.initial_distance";

/// A line of `metrics.jsonl`.
#[derive(Debug, Serialize)]
struct PredictorLine {
    step: u64,
    loss: f64,
    gradient_norm: f64,
    #[serde(flatten)]
    validation: ValidationFigures,
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
pub(super) struct PredictorTrainer<'a> {
    pub(super) settings: &'a PredictorSettings,
    pub(super) validation: &'a PredictorValidation<'a>,
    pub(super) replicas: Replicas<PredictorModel>,
    pub(super) watch: CollapseWatch,
    pub(super) incoming: &'a mut Incoming,
    pub(super) encoded: &'a EncodingRate,
    pub(super) pool: GenerationPool,
    pub(super) clock: WaitClock,
    /// Of the last step.
    pub(super) loss: f64,
    pub(super) gradient_norm: f64,
}

impl PredictorSettings {
    /// The newest generation that the step after `step` steps draws from.
    const fn generation(&self, step: u64) -> u64 {
        step / self.generation_steps
    }

    /// All generations that the steps after `step` draw from.
    pub(super) fn generations_from(&self, step: u64) -> Range<u64> {
        if step >= self.run.steps {
            return 0..0;
        }
        let first = self
            .generation(step)
            .saturating_sub(self.generations as u64 - 1);
        first..self.generation(self.run.steps - 1) + 1
    }
}

impl Trainer for PredictorTrainer<'_> {
    type Network = PredictorModel;

    fn replicas(&mut self) -> &mut Replicas<PredictorModel> {
        &mut self.replicas
    }

    fn prepare(&mut self) -> Result<()> {
        while self
            .pool
            .lacks(self.settings.generation(self.replicas.step))
        {
            self.pool.push(self.incoming.take()?);
        }
        self.clock.count(self.incoming);
        Ok(())
    }

    /// A function of the seed, the step and the pool.
    fn train_step(&mut self) -> Result<f64> {
        let (settings, step) = (self.settings, self.replicas.step);
        let mut rng = ChaCha8Rng::seed_from_u64(settings.run.seed());
        rng.set_stream(step + 1);
        let rate = settings.run.rate(settings.update.schedule, step);
        let draw = |_| Ok(self.pool.draw(settings.batch, &mut rng));
        let (losses, norm) = self
            .replicas
            .update(&settings.run, &|_| rate, draw, |&loss| loss)?;
        (self.loss, self.gradient_norm) = (mean(&losses, |&loss| loss), norm);
        Ok(self.loss)
    }

    fn log(
        &mut self,
        session: &mut TrainingSession<'_, '_>,
        progress: &StepProgress,
    ) -> Result<Option<Error>> {
        let step = self.replicas.step;
        if session.run.is_logged(step) {
            let line = self.line(progress.rate(step))?;
            session.run.monitor().loss(self.loss);
            session.run.log(&line)?;
        }
        if self.watch.is_due(step) {
            return self.look_for_collapse(session);
        }
        Ok(None)
    }

    fn complete(&self, _: &mut Tensors, state: &mut BTreeMap<String, TensorData>) {
        if let Some(distance) = self.watch.initial_distance() {
            let distance = TensorData::new(vec![distance], [1]);
            state.insert(FIRST_DISTANCE.to_owned(), distance);
        }
    }
}

impl PredictorTrainer<'_> {
    /// Looks at the predictions of the measured windows; returns the error that the run ends with,
    /// where that is wanted.
    fn look_for_collapse(
        &mut self,
        session: &mut TrainingSession<'_, '_>,
    ) -> Result<Option<Error>> {
        let step = self.replicas.step;
        let (predicted, targets) = self.validation.states(&self.replicas.first)?;
        let (monitor, width) = (session.run.monitor(), self.validation.width);
        let (watch, states) = (&mut self.watch, (&predicted[..], &targets[..]));
        let check = watch.look(states, width, monitor, session.host.warn)?;
        monitor.regulariser(check.metrics.kl_reg);
        session.run.log(&CollapseLine {
            step,
            figures: CollapseFigures::from(&check),
        })?;
        Ok(self.watch.end(&check, step))
    }

    fn line(&self, steps_per_second: f64) -> Result<PredictorLine> {
        Ok(PredictorLine {
            step: self.replicas.step,
            loss: self.loss,
            gradient_norm: self.gradient_norm,
            validation: self.validation.figures(&self.replicas.first)?,
            steps_per_second,
            data_wait_seconds: self.clock.waited,
            data_wait_share: self.clock.waited / self.clock.seconds().max(1e-9),
            encode_windows_per_second: self.encoded.windows_per_second(),
        })
    }
}

/// How long training stood still. What the first generations took is not counted: there was nothing
/// to do meanwhile.
#[derive(Debug, Default)]
pub(super) struct WaitClock {
    started: Option<Instant>,
    waited: f64,
}

impl WaitClock {
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
