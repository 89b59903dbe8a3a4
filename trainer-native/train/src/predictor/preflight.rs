//! What a preflight asks of `train predictor`.

use super::PredictorSettings;
use crate::pairs::{PairSources, site};
use crate::preflight::{Drawn, EachWindow, Growth, Issue, MOST_WINDOWS, Preflight, check_tuples};
use genolewm::bundle::load_encoder;
use genolewm::files::Directory;
use genolewm::ops::CpuOps;
use genolewm_core::Result;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::time::Instant;

/// Windows of a rehearsal, to train on and to measure.
const REHEARSED_WINDOWS: usize = 4;
/// Windows whose encoding is timed.
const TIMED_WINDOWS: usize = 2;

/// Draws windows as the training does, generation after generation.
fn each_window(
    settings: &PredictorSettings,
    sources: &PairSources,
    windows: u64,
    each: &mut EachWindow<'_>,
) -> Result<()> {
    let draw = settings.draw(1, 0);
    let of_generation = settings.generation_windows as u64;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.run.seed());
    for window in 0..windows {
        if window.is_multiple_of(of_generation) {
            rng = ChaCha8Rng::seed_from_u64(settings.run.seed());
            rng.set_stream(window / of_generation + 1);
        }
        let (window, tuples) = sources.draw(&draw, &mut rng)?;
        each(&window, &tuples)?;
        // The run draws a view too, before the next window.
        draw.as_read((window, tuples), &mut rng)?;
    }
    Ok(())
}

impl Preflight for PredictorSettings {
    fn adapt(&mut self, steps: u64) {
        self.generation_windows = self.generation_windows.min(REHEARSED_WINDOWS);
        self.validation_windows = self.validation_windows.min(REHEARSED_WINDOWS);
        // None but the first, so that the steps are timed alone.
        self.generation_steps = steps;
    }

    fn check(&self, issues: &mut Vec<Issue>) -> Result<Drawn> {
        let all = self.run.steps.div_ceil(self.generation_steps) * self.generation_windows as u64;
        check_tuples(&self.data, issues, |sources, each| {
            each_window(self, sources, all.min(MOST_WINDOWS), each)
        })
    }

    /// The measured windows and the first generation are encoded before the first step; later ones
    /// beside the steps. The states of the generations in use are kept, and of the one ahead.
    fn growth(&self) -> Result<Growth> {
        let ops = CpuOps::new();
        let encoder = load_encoder(&ops, &Directory(self.encoder.clone()), &self.config())?;
        let (mut seconds, mut states) = (0.0, 0);
        let sources = self.data.sources()?;
        each_window(
            self,
            &sources,
            TIMED_WINDOWS as u64,
            &mut |window, tuples| {
                let site = site(&window.bases, tuples);
                // The state before and those after.
                states += tuples.len() + site.edits.len();
                let started = Instant::now();
                encoder.encode(&ops, &[site])?;
                seconds += started.elapsed().as_secs_f64();
                Ok(())
            },
        )?;
        let window =
            (states * encoder.d_state() * size_of::<f32>()) / TIMED_WINDOWS + self.window_bp;
        let kept = (self.generations + 1) * self.generation_windows + self.validation_windows;
        let first = self.generation_windows + self.validation_windows;
        Ok(Growth {
            bytes: (kept.saturating_sub(2 * REHEARSED_WINDOWS) * window) as u64,
            seconds: seconds / TIMED_WINDOWS as f64 * first as f64 / self.encoding_threads() as f64,
        })
    }
}
