//! The stages of training, as a preflight sees them.

use super::data::Guard;
use super::report::{Drawn, Issue};
use super::{Course, Growth, Stage};
use crate::pairs::PairSources;
use crate::run::StopFlag;
use crate::{encoder, predictor, ranking};
use genolewm::bundle::load_encoder;
use genolewm::config::ModelConfig;
use genolewm::encoder::{EditedWindow, Site};
use genolewm::files::Directory;
use genolewm::ops::BurnOps;
use genolewm_core::{ErrorCode, Result};
use genolewm_data::corpus::{Corpus, read_corpus_table};
use genolewm_data::edits::synthetic::pooling_locus;
use genolewm_data::edits::tuple::{TrainingTuple, TupleFeed};
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_data::variants::read_variants;
use genolewm_data::window::WindowContext;
use genolewm_report::output::io_error;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Windows that are drawn at most.
const MOST_WINDOWS: u64 = 200_000;
/// Windows of the predictor's rehearsal, to train on and to measure.
const REHEARSED_WINDOWS: usize = 4;
/// Windows whose encoding is timed.
const TIMED_WINDOWS: usize = 2;

/// Long steps come often enough in a rehearsal, and not at all where the run has none.
const fn long_every(of_run: u64) -> u64 {
    if of_run == 0 {
        0
    } else {
        super::rehearsal::LONG_EVERY
    }
}

impl Stage for encoder::Settings {
    fn course(&self) -> Course {
        Course {
            stage: "encoder",
            output: self.output.clone(),
            steps: self.steps,
            checkpoint_every: self.checkpoint_every,
            log_every: self.log_every,
            long_every: self.long_every,
            retention: self.retention,
            device: self.compute.device.clone(),
        }
    }

    fn rehearsal(&self, steps: u64, output: PathBuf) -> Self {
        let mut few = self.clone();
        // The loss that most steps have.
        if self.cross_entropy_steps < self.steps / 2 {
            few.cross_entropy_steps = 0;
        }
        few.long_every = long_every(self.long_every);
        (few.steps, few.output) = (steps, output);
        (few.checkpoint_every, few.log_every) = (steps, 1);
        few
    }

    fn train(&self, stop: &StopFlag) -> Result<()> {
        encoder::run(self, stop, true, &mut |_| {})
    }

    fn check(&self, issues: &mut Vec<Issue>) -> Result<Drawn> {
        let holdout = HoldoutPolicy::read(&self.holdout)?;
        let corpus = Corpus::from_sources(&read_corpus_table(&self.corpus)?, &holdout)?;
        let mut guard = Guard::new(&holdout, &self.holdout, &corpus);
        guard.regions(&corpus, issues);
        let mut drawn = 0;
        let batches = |step| {
            self.accumulation
                .batches(step)
                .map(move |batch| (step, batch))
        };
        for (step, batch) in (0..self.steps).flat_map(batches) {
            let tokens = self.window_tokens_of(step);
            for window in encoder::windows(&corpus, self.seed, batch, tokens, self.batch_tokens)? {
                guard.window(&window.pieces);
                drawn += 1;
            }
            if drawn >= MOST_WINDOWS {
                break;
            }
        }
        Ok(guard.finish(issues))
    }

    fn growth(&self, _: &Path) -> Result<Growth> {
        Ok(Growth::default())
    }
}

impl Stage for ranking::Settings {
    fn course(&self) -> Course {
        Course {
            stage: "ranking",
            output: self.output.clone(),
            steps: self.steps,
            checkpoint_every: self.checkpoint_every,
            log_every: self.log_every,
            long_every: self.long_every,
            retention: self.retention,
            device: self.compute.device.clone(),
        }
    }

    fn rehearsal(&self, steps: u64, output: PathBuf) -> Self {
        let mut few = self.clone();
        few.long_every = long_every(self.long_every);
        few.validation_windows = self.validation_windows.min(self.windows);
        few.validate_every = u64::MAX;
        (few.steps, few.output) = (steps, output);
        (few.checkpoint_every, few.log_every) = (steps, 1);
        few
    }

    fn train(&self, stop: &StopFlag) -> Result<()> {
        ranking::run(self, stop, true, &mut |_| {})
    }

    /// All of its windows are cut from the corpus by place, so what the corpus does not have cannot
    /// be drawn.
    fn check(&self, issues: &mut Vec<Issue>) -> Result<Drawn> {
        let holdout = HoldoutPolicy::read(&self.holdout)?;
        let corpus = Corpus::from_sources(&read_corpus_table(&self.corpus)?, &holdout)?;
        let mut guard = Guard::new(&holdout, &self.holdout, &corpus);
        guard.regions(&corpus, issues);
        Ok(guard.finish(issues))
    }

    fn growth(&self, _: &Path) -> Result<Growth> {
        Ok(Growth::default())
    }
}

/// Draws windows as the training does, generation after generation.
fn each_window(
    settings: &predictor::Settings,
    sources: &PairSources,
    windows: u64,
    mut each: impl FnMut(WindowContext, Vec<TrainingTuple>) -> Result<()>,
) -> Result<()> {
    let feed = TupleFeed {
        corpus: &sources.corpus,
        providers: &sources.providers,
        mix: &sources.mix,
        holdout: &sources.holdout,
        window_bp: settings.window_bp,
    };
    let of_generation = settings.generation_windows as u64;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    for window in 0..windows {
        if window.is_multiple_of(of_generation) {
            rng = ChaCha8Rng::seed_from_u64(settings.seed);
            rng.set_stream(window / of_generation + 1);
        }
        let (window, tuples) = feed.draw(&mut rng)?;
        each(window, tuples)?;
    }
    Ok(())
}

impl Stage for predictor::Settings {
    fn course(&self) -> Course {
        Course {
            stage: "predictor",
            output: self.output.clone(),
            steps: self.steps,
            checkpoint_every: self.checkpoint_every,
            log_every: self.log_every,
            long_every: 0,
            retention: self.retention,
            device: self.compute.device.clone(),
        }
    }

    fn rehearsal(&self, steps: u64, output: PathBuf) -> Self {
        let mut few = self.clone();
        few.generation_windows = self.generation_windows.min(REHEARSED_WINDOWS);
        few.validation_windows = self.validation_windows.min(REHEARSED_WINDOWS);
        // None but the first, so that the steps are timed alone.
        few.generation_steps = steps;
        (few.steps, few.output) = (steps, output);
        (few.checkpoint_every, few.log_every) = (steps, 1);
        few
    }

    fn train(&self, stop: &StopFlag) -> Result<()> {
        predictor::run(self, stop, true, &mut |_| {})
    }

    fn check(&self, issues: &mut Vec<Issue>) -> Result<Drawn> {
        let sources = self.data.sources()?;
        let mut guard = Guard::new(&sources.holdout, &self.data.holdout, &sources.corpus);
        guard.regions(&sources.corpus, issues);
        for path in self.data.common.iter().chain(&self.data.clinvar) {
            let read = read_variants(path, ErrorCode::TrainingDataloader)?.variants;
            guard.variants(read.iter().map(|variant| &variant.edit));
        }
        let all = self.steps.div_ceil(self.generation_steps) * self.generation_windows as u64;
        each_window(self, &sources, all.min(MOST_WINDOWS), |window, tuples| {
            guard.window(window.pieces());
            let edits = tuples.iter().flat_map(|tuple| &tuple.rel_edits);
            edits.for_each(|edit| guard.edit(&window, edit));
            Ok(())
        })?;
        Ok(guard.finish(issues))
    }

    /// The measured windows and the first generation are encoded before the first step; later ones
    /// beside the steps. The states of the generations in use are kept, and of the one ahead.
    fn growth(&self, directory: &Path) -> Result<Growth> {
        let path = directory.join("model/train_config.yaml");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| io_error(&path.display().to_string(), &error))?;
        let ops = BurnOps::cpu();
        let files = Directory(self.encoder.clone());
        let encoder = load_encoder(&ops, &files, &ModelConfig::parse(&text)?)?;
        let (mut seconds, mut states) = (0.0, 0);
        let sources = self.data.sources()?;
        each_window(self, &sources, TIMED_WINDOWS as u64, |window, tuples| {
            let site = site(&window, &tuples);
            // The state before and those after.
            states += tuples.len() + site.edits.len();
            let started = Instant::now();
            encoder.encode(&ops, &[site])?;
            seconds += started.elapsed().as_secs_f64();
            Ok(())
        })?;
        let window =
            (states * encoder.d_state() * size_of::<f32>()) / TIMED_WINDOWS + self.window_bp;
        let kept = (self.generations + 1) * self.generation_windows + self.validation_windows;
        let first = self.generation_windows + self.validation_windows;
        Ok(Growth {
            bytes: (kept.saturating_sub(2 * REHEARSED_WINDOWS) * window) as u64,
            seconds: seconds / TIMED_WINDOWS as f64 * first as f64,
        })
    }
}

/// A window with its edits, as the encoder takes them.
fn site<'w>(window: &'w WindowContext, tuples: &[TrainingTuple]) -> Site<'w> {
    let edits = tuples.iter().flat_map(|tuple| {
        let locus = pooling_locus(&tuple.rel_edits);
        let targets = tuple.targets.iter().cloned();
        targets.map(move |bases| EditedWindow { bases, locus })
    });
    Site {
        reference: &window.bases,
        edits: edits.collect(),
    }
}
