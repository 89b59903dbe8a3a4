//! The batches of a run.

use super::Settings;
use super::batch::Batch;
use super::curriculum;
use crate::pairs::PairSources;
use genolewm_core::Result;
use genolewm_data::edits::mix::EditMix;
use genolewm_data::edits::tuple::TupleFeed;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// What batches are drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draws<'a> {
    pub(super) settings: &'a Settings,
    pub(super) sources: &'a PairSources,
    pub(super) window_bp: usize,
}

impl<'a> Draws<'a> {
    /// The batch of a number, with the mix of the step after `step`.
    ///
    /// # Errors
    /// `TRAINING.DATALOADER` when no data can be drawn.
    pub(super) fn batch(&self, step: u64, number: u64) -> Result<Batch> {
        let settings = self.settings;
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(number + 1);
        let mix = match settings.curriculum {
            true => {
                let last = settings.steps.saturating_sub(1).max(1);
                let progress = step as f64 / last as f64;
                curriculum::mix(&self.sources.mix, progress, curriculum::unit(&mut rng))
            }
            false => self.sources.mix.clone(),
        };
        Batch::draw(&self.feed(&mix), settings.windows, &mut rng)
    }

    /// Windows that no step draws but by chance: a stream of random numbers of their own.
    ///
    /// # Errors
    /// As [`batch`](Self::batch).
    pub(super) fn validation(&self) -> Result<Vec<Batch>> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings.seed);
        let feed = self.feed(&self.sources.mix);
        let all = self.settings.validation_windows;
        let most = self.settings.windows;
        (0..all.div_ceil(most))
            .map(|index| Batch::draw(&feed, most.min(all - index * most), &mut rng))
            .collect()
    }

    fn feed<'f>(&'f self, mix: &'f EditMix) -> TupleFeed<'f> {
        TupleFeed {
            corpus: &self.sources.corpus,
            providers: &self.sources.providers,
            mix,
            holdout: &self.sources.holdout,
            window_bp: self.window_bp,
        }
    }
}
