//! What a preflight asks of a stage.

use super::issue::{Drawn, Issue};
use crate::driver::Stage;
use genolewm_core::Result;

/// Among a rehearsal's steps every second one is long where the run has long steps at all.
const LONG_EVERY: u64 = 2;

/// A training that can be looked at before it starts.
pub trait Preflight: Stage {
    /// One step in this many has long windows; 0 for none.
    fn long_every(&self) -> u64 {
        0
    }

    /// Makes a rehearsal's settings of a run's, beside those of [`Stage::run`], for so many steps.
    fn adapt(&mut self, steps: u64);

    /// Draws what the run will draw, without computing anything from it, and tells what is held out
    /// and drawn nevertheless.
    ///
    /// # Errors
    /// As reading the data.
    fn check(&self, issues: &mut Vec<Issue>) -> Result<Drawn>;

    /// Bytes and seconds that a rehearsal does not take and the run will, beside those of its steps.
    ///
    /// # Errors
    /// As [`Stage::train`].
    fn growth(&self) -> Result<Growth> {
        Ok(Growth::default())
    }
}

/// Long steps come often enough in a rehearsal, and not at all where the run has none.
pub(crate) const fn rehearsed_long_every(of_run: u64) -> u64 {
    if of_run == 0 { 0 } else { LONG_EVERY }
}

/// What a run takes beside its steps and a rehearsal does not.
#[derive(Debug, Clone, Copy, Default)]
pub struct Growth {
    /// Memory.
    pub bytes: u64,
    /// Time before the first step.
    pub seconds: f64,
}
