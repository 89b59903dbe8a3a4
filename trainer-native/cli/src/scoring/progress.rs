//! How far scoring has come, on a terminal.

use genolewm::scorer::RunProgress;
use genolewm_train::run::progress_bar;
use indicatif::ProgressBar;

/// A bar over the bytes of the input: the only total that is known before the end.
#[derive(Debug)]
pub struct ScoringBar(ProgressBar);

impl ScoringBar {
    /// A bar for an input of `bytes`, or a counter where that is not known; nothing unless
    /// `visible`.
    #[must_use]
    pub fn new(bytes: Option<u64>, visible: bool) -> Self {
        let template = match bytes {
            Some(_) => "{bar:28} {percent:>3} %  {msg}  {eta} left",
            None => "{spinner} {msg}  {elapsed}",
        };
        Self(progress_bar(bytes, template, !visible))
    }

    /// Notes how far a run is.
    pub fn update(&self, progress: RunProgress) {
        if self.0.is_hidden() {
            return;
        }
        let scored = progress.scored;
        let rate = scored as f64 / self.0.elapsed().as_secs_f64().max(1e-9);
        self.0.set_position(progress.input_bytes);
        self.0
            .set_message(format!("{scored} alleles scored, {rate:.0} a second"));
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
