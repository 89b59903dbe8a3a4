//! What a preflight asks of `train ranking`.

use super::RankingSettings;
use crate::preflight::{Drawn, Issue, Preflight, check_corpus, rehearsed_long_every};
use genolewm_core::Result;

impl Preflight for RankingSettings {
    fn long_every(&self) -> u64 {
        self.long_every
    }

    fn adapt(&mut self, _: u64) {
        self.long_every = rehearsed_long_every(self.long_every);
        self.validation_windows = self.validation_windows.min(self.windows);
        self.validate_every = u64::MAX;
    }

    /// All of its windows are cut from the corpus by place, so what the corpus does not have cannot
    /// be drawn.
    fn check(&self, issues: &mut Vec<Issue>) -> Result<Drawn> {
        check_corpus(&self.corpus, &self.holdout, issues, |_, _| Ok(()))
    }
}
