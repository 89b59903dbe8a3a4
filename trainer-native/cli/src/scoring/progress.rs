//! How far scoring has come, on a terminal.

use genolewm::scorer::RunProgress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over the bytes of the input: the only total that is known before the end.
#[derive(Debug)]
pub struct ScoringBar {
    bar: ProgressBar,
}

impl ScoringBar {
    /// A bar for an input of `bytes`, or a counter where that is not known; nothing unless
    /// `visible`.
    #[must_use]
    pub fn new(bytes: Option<u64>, visible: bool) -> Self {
        let target = if visible {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(bytes, target);
        let template = match bytes {
            Some(_) => "{bar:28} {percent:>3} %  {msg}  {eta} left",
            None => "{spinner} {msg}  {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Notes how far a run is.
    pub fn update(&self, progress: RunProgress) {
        if self.bar.is_hidden() {
            return;
        }
        let scored = progress.scored;
        let rate = scored as f64 / self.bar.elapsed().as_secs_f64().max(1e-9);
        self.bar.set_position(progress.input_bytes);
        self.bar
            .set_message(format!("{scored} alleles scored, {rate:.0} a second"));
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
