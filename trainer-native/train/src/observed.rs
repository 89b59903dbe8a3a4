//! What a training says of itself to logs.
//!
//! Windows are drawn anew all the time and never run out, so what lies between two checkpoints is called an
//! epoch here.

use super::settings::RunSettings;
use genolewm_core::Result;
use genolewm_observe::{emit, events};
use std::time::{Duration, Instant};

/// The log of a run's steps.
#[derive(Debug)]
pub(crate) struct ObservedSteps {
    stage: &'static str,
    /// Steps from one checkpoint to the next.
    every: u64,
    /// Losses since the last checkpoint: how many, and their sum.
    epoch: (u64, f64),
    best: Option<(u64, f64)>,
    last: Instant,
}

impl ObservedSteps {
    /// Logs that a run begins.
    pub(crate) fn begin(stage: &'static str, run: &RunSettings) -> Self {
        emit!(
            events::TRAINING_START,
            phase = stage,
            device = %run.device.first,
            world_size = 1 + run.device.others.len(),
            config_path = %run.output.join("config.resolved.yaml").display()
        );
        Self {
            stage,
            every: run.checkpoint_every.max(1),
            epoch: (0, 0.0),
            best: None,
            last: Instant::now(),
        }
    }

    /// Logs a step that took so long.
    pub(crate) fn step(&mut self, step: u64, loss: f64, took: Duration) {
        self.epoch = (self.epoch.0 + 1, self.epoch.1 + loss);
        if self.best.is_none_or(|(_, best)| loss < best) {
            self.best = Some((step, loss));
        }
        let duration_ms = took.as_millis() as u64;
        emit!(
            events::TRAINING_STEP,
            phase = self.stage,
            step,
            loss,
            duration_ms
        );
    }

    /// Logs that an epoch ends with this step.
    pub(crate) fn epoch(&mut self, step: u64) {
        let ((steps, sum), last) = (self.epoch, self.last);
        if steps == 0 {
            return;
        }
        (self.epoch, self.last) = ((0, 0.0), Instant::now());
        emit!(
            events::TRAINING_EPOCH,
            phase = self.stage,
            step,
            epoch = step.div_ceil(self.every),
            samples = steps,
            loss = sum / steps as f64,
            duration_ms = last.elapsed().as_millis() as u64
        );
    }

    /// Logs how a run ended.
    pub(crate) fn end(&self, trained: &Result<()>, interrupted: bool) {
        let reason = match (trained, interrupted) {
            (Err(_), _) => "failed",
            (Ok(()), true) => "interrupted",
            (Ok(()), false) => "completed",
        };
        let (best_step, best_loss) = self.best.unzip();
        emit!(
            events::TRAINING_END,
            phase = self.stage,
            best_step,
            best_loss,
            reason
        );
    }
}
