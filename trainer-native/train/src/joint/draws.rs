//! The batches of a run, drawn by seed, number and curriculum.

use super::JointSettings;
use super::batch::TupleBatch;
use super::curriculum;
use crate::pairs::PairSources;
use crate::preflight::EachWindow;
use genolewm_core::Result;
use genolewm_data::bases::unit;
use genolewm_data::edits::mix::EditMix;
use genolewm_data::edits::tuple::TupleFeed;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// What batches are drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct TupleDraws<'a> {
    pub(super) settings: &'a JointSettings,
    pub(super) sources: &'a PairSources,
    pub(super) window_bp: usize,
}

impl<'a> TupleDraws<'a> {
    /// The batch of a number, with the mix of the step after `step`.
    ///
    /// # Errors
    /// `TRAINING.DATALOADER` when no data can be drawn.
    pub(super) fn batch(&self, step: u64, number: u64) -> Result<TupleBatch> {
        let (mix, mut rng) = self.mix(step, number);
        TupleBatch::draw(&self.feed(&mix), self.settings.windows, &mut rng)
    }

    /// Hands on what such a batch is made of, window by window.
    ///
    /// # Errors
    /// As [`batch`](Self::batch), and those of `each`.
    pub(super) fn each_window(
        &self,
        step: u64,
        number: u64,
        each: &mut EachWindow<'_>,
    ) -> Result<()> {
        let (mix, mut rng) = self.mix(step, number);
        let feed = self.feed(&mix);
        for _ in 0..self.settings.windows {
            let (window, tuples) = feed.draw(&mut rng)?;
            each(&window, &tuples)?;
        }
        Ok(())
    }

    fn mix(&self, step: u64, number: u64) -> (EditMix, ChaCha8Rng) {
        let settings = self.settings;
        let mut rng = ChaCha8Rng::seed_from_u64(settings.run.seed());
        rng.set_stream(number + 1);
        let mix = match settings.curriculum {
            true => {
                let last = settings.run.steps.saturating_sub(1).max(1);
                let progress = step as f64 / last as f64;
                curriculum::mix(&self.sources.mix, progress, unit(&mut rng))
            }
            false => self.sources.mix.clone(),
        };
        (mix, rng)
    }

    /// Windows that no step draws but by chance: a stream of random numbers of their own.
    ///
    /// # Errors
    /// As [`batch`](Self::batch).
    pub(super) fn validation(&self) -> Result<Vec<TupleBatch>> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings.run.seed());
        let feed = self.feed(&self.sources.mix);
        let all = self.settings.validation_windows;
        let most = self.settings.windows;
        (0..all.div_ceil(most))
            .map(|index| TupleBatch::draw(&feed, most.min(all - index * most), &mut rng))
            .collect()
    }

    fn feed<'f>(&'f self, mix: &'f EditMix) -> TupleFeed<'f> {
        TupleFeed {
            mix,
            ..self.sources.feed(self.window_bp)
        }
    }
}
