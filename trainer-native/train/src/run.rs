//! The host of a training: progress bar, warnings, and the flag that stops it.

pub use genolewm_report::stop::StopFlag;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Instant;

/// Who a training runs for.
pub struct TrainingHost<'a> {
    /// Set when it is to stop.
    pub stop: &'a StopFlag,
    /// Whether to draw no progress bars.
    pub quiet: bool,
    /// Told what may surprise.
    pub warn: &'a mut dyn FnMut(&str),
}

/// Progress of a run on standard error: loss, rate and time left.
pub struct StepProgress {
    bar: ProgressBar,
    started: Instant,
    first_step: u64,
}

impl StepProgress {
    /// A bar of `steps` steps of which `done` are done; invisible when `quiet` or when standard
    /// error is not a terminal.
    #[must_use]
    pub fn new(steps: u64, done: u64, quiet: bool) -> Self {
        let template = "{bar:28} {pos}/{len} steps  {msg}  {per_sec}  {eta} left";
        let bar = progress_bar(steps, template, quiet);
        bar.set_position(done);
        bar.reset_eta();
        Self {
            bar,
            started: Instant::now(),
            first_step: done,
        }
    }

    /// Notes that `step` steps are done.
    pub fn step(&self, step: u64, loss: f64) {
        self.bar.set_position(step);
        self.bar.set_message(format!("loss {loss:.4}"));
    }

    /// Steps a second.
    #[must_use]
    pub fn rate(&self, step: u64) -> f64 {
        (step - self.first_step) as f64 / self.started.elapsed().as_secs_f64().max(1e-9)
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A bar on standard error over `length` things, if their number is known, drawn as `template` says;
/// invisible when `quiet`.
pub fn progress_bar(length: impl Into<Option<u64>>, template: &str, quiet: bool) -> ProgressBar {
    let target = if quiet {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let bar = ProgressBar::with_draw_target(length.into(), target);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
