//! How far scoring has come, on a terminal.

use genolewm::scorer::RunProgress;
use genolewm_train::run::progress_bar;
use indicatif::ProgressBar;
use std::time::Instant;

/// A bar over the bytes of the input: the only total that is known before the end.
#[derive(Debug)]
pub struct ScoringBar {
    bar: ProgressBar,
    /// Alleles that were answered without being scored, and when the last of them was.
    replayed: (u64, Instant),
}

impl ScoringBar {
    /// A bar for an input of `bytes`, or a counter where that is not known; nothing unless
    /// `visible`.
    #[must_use]
    pub fn new(bytes: Option<u64>, visible: bool) -> Self {
        let template = match bytes {
            Some(_) => "{bar:28} {percent:>3} %  {msg}  {eta} left",
            None => "{spinner} {msg}  {elapsed}",
        };
        Self {
            bar: progress_bar(bytes, template, !visible),
            replayed: (0, Instant::now()),
        }
    }

    /// Notes how far a run is; `replayed` alleles were answered without being scored.
    pub fn update(&mut self, progress: RunProgress, replayed: u64) {
        if self.bar.is_hidden() {
            return;
        }
        let scored = progress.scored;
        self.bar.set_position(progress.input_bytes);
        // They tell nothing about how long the others take.
        if replayed > self.replayed.0 {
            self.replayed = (replayed, Instant::now());
            self.bar.reset_eta();
        }
        let (replayed, since) = self.replayed;
        let rate = scored.saturating_sub(replayed) as f64 / since.elapsed().as_secs_f64().max(1e-9);
        self.bar
            .set_message(format!("{scored} alleles scored, {rate:.0} a second"));
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
