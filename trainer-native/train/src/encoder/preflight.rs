//! What a preflight asks of `train encoder`.

use super::EncoderSettings;
use super::windows::windows;
use crate::preflight::{Drawn, Issue, MOST_WINDOWS, Preflight, check_corpus, rehearsed_long_every};
use genolewm_core::Result;

impl Preflight for EncoderSettings {
    fn long_every(&self) -> u64 {
        self.long_every
    }

    fn adapt(&mut self, _: u64) {
        // The loss that most steps have.
        if self.cross_entropy_steps < self.run.steps / 2 {
            self.cross_entropy_steps = 0;
        }
        self.long_every = rehearsed_long_every(self.long_every);
    }

    fn check(&self, issues: &mut Vec<Issue>) -> Result<Drawn> {
        check_corpus(&self.corpus, &self.holdout, issues, |guard, corpus| {
            let mut drawn = 0;
            for step in 0..self.run.steps {
                for batch in self.run.batches(step) {
                    for window in windows(self, corpus, step, batch)? {
                        guard.window(&window.pieces);
                        drawn += 1;
                    }
                    if drawn >= MOST_WINDOWS {
                        return Ok(());
                    }
                }
            }
            Ok(())
        })
    }
}
