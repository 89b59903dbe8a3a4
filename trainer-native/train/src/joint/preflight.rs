//! What a preflight asks of `train joint`.

use super::JointSettings;
use super::draws::TupleDraws;
use crate::preflight::{Drawn, Issue, MOST_WINDOWS, Preflight, check_tuples};
use genolewm_core::Result;

impl Preflight for JointSettings {
    fn adapt(&mut self, _: u64) {
        self.validation_windows = self.validation_windows.min(self.windows);
        // No look, so that the steps are timed alone.
        self.collapse.collapse_every = 0;
    }

    fn check(&self, issues: &mut Vec<Issue>) -> Result<Drawn> {
        let window_bp = self.model_info()?.config.window_bp;
        let of_step = self.run.accumulate * self.windows as u64;
        let steps = self.run.steps.min(MOST_WINDOWS.div_ceil(of_step));
        check_tuples(&self.data, issues, |sources, each| {
            let draws = TupleDraws {
                settings: self,
                sources,
                window_bp,
            };
            let mut batches = (0..steps).flat_map(|step| {
                let numbers = self.run.batches(step);
                numbers.map(move |number| (step, number))
            });
            batches.try_for_each(|(step, number)| draws.each_window(step, number, each))
        })
    }
}
