//! Training pairs of the predictor: edits, the state before them and the state after each, pooled
//! at one locus and normalised, by the frozen encoder.

use crate::dataset::corpus::{Corpus, read_corpus_table};
use crate::dataset::edits::pooling_locus;
use crate::dataset::holdout::HoldoutPolicy;
use crate::dataset::mix::{EditMix, EditProviders, NamedFallback};
use crate::dataset::provider::ObservedVariants;
use crate::dataset::tuple::{TrainingTuple, TupleFeed};
use genolewm_model::encoder::{EditedWindow, Site, StateEncoder};
use genolewm_model::ops::{BurnOps, Ops};
use genolewm_shared::Result;
use genolewm_shared::edit::RelEdit;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Edits of one window that are applied one after the other.
#[derive(Debug, Clone)]
pub struct PairItem {
    /// The window: index into [`Pairs::windows`].
    pub window: usize,
    /// One to three edits, in window coordinates.
    pub edits: Vec<RelEdit>,
    /// The row of [`Pairs::after`] of the state after the first edit; those after the further ones
    /// follow.
    first_after: usize,
}

/// Items with their states, row-major.
#[derive(Debug, Default)]
pub struct Pairs {
    /// The items, those of a window together.
    pub items: Vec<PairItem>,
    /// The reference windows.
    pub windows: Vec<String>,
    /// States before the first edit, `[items, width]`.
    before: Vec<f32>,
    /// States after each edit of each item, `[steps, width]`.
    after: Vec<f32>,
    /// Width of a state.
    pub width: usize,
}

impl Pairs {
    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Number of edits of an item.
    #[must_use]
    pub fn steps(&self, item: usize) -> usize {
        self.items[item].edits.len()
    }

    /// The state before an item's edits.
    #[must_use]
    pub fn before(&self, item: usize) -> &[f32] {
        &self.before[item * self.width..(item + 1) * self.width]
    }

    /// The states after each of an item's edits, `[steps, width]`.
    #[must_use]
    pub fn after(&self, item: usize) -> &[f32] {
        let first = self.items[item].first_after;
        &self.after[first * self.width..(first + self.steps(item)) * self.width]
    }
}

/// What training windows are drawn from.
#[derive(Debug)]
pub struct PairSources {
    /// Sequence.
    pub corpus: Corpus,
    /// Edits.
    pub providers: EditProviders,
    /// How many of which.
    pub mix: EditMix,
    /// What is never drawn.
    pub holdout: HoldoutPolicy,
}

impl PairSources {
    /// Sequence of the corpus table `corpus` outside `holdout`, and the edits that `common`, `clinvar`
    /// and `fallback` name.
    ///
    /// # Errors
    /// As reading the files.
    pub fn open(
        corpus: &Path,
        holdout: HoldoutPolicy,
        (common, clinvar): (&[PathBuf], &[PathBuf]),
        fallback: &[NamedFallback],
    ) -> Result<Self> {
        Ok(Self {
            corpus: Corpus::from_sources(&read_corpus_table(corpus)?, &holdout)?,
            providers: EditProviders::new(
                ObservedVariants::common(common)?,
                ObservedVariants::pathogenic(clinvar)?,
            ),
            mix: EditMix::default().with_fallbacks(fallback),
            holdout,
        })
    }
}

/// Which windows are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    /// How many.
    pub windows: usize,
    /// Bases of each.
    pub window_bp: usize,
    /// The base of all draws.
    pub seed: u64,
    /// Draws of different streams are independent of each other.
    pub stream: u64,
}

/// Draws windows and encodes their edits; a function of `draw`. After each window `go_on` is told
/// how long its encoding took; nothing is returned once it says no.
///
/// # Errors
/// `TRAINING.DATALOADER` when windows or edits cannot be drawn.
pub fn encode(
    encoder: &StateEncoder<<BurnOps as Ops>::Matrix>,
    ops: &BurnOps,
    sources: &PairSources,
    draw: Draw,
    go_on: &mut dyn FnMut(Duration) -> bool,
) -> Result<Option<Pairs>> {
    let mut rng = ChaCha8Rng::seed_from_u64(draw.seed);
    rng.set_stream(draw.stream);
    let feed = TupleFeed {
        corpus: &sources.corpus,
        providers: &sources.providers,
        mix: &sources.mix,
        holdout: &sources.holdout,
        window_bp: draw.window_bp,
    };
    let mut pairs = Pairs {
        width: encoder.d_state(),
        ..Pairs::default()
    };
    while pairs.windows.len() < draw.windows {
        let (window, tuples) = feed.draw(&mut rng)?;
        let started = Instant::now();
        add(encoder, ops, &mut pairs, window.bases, tuples)?;
        if !go_on(started.elapsed()) {
            return Ok(None);
        }
    }
    Ok(Some(pairs))
}

fn add(
    encoder: &StateEncoder<<BurnOps as Ops>::Matrix>,
    ops: &BurnOps,
    pairs: &mut Pairs,
    bases: String,
    tuples: Vec<TrainingTuple>,
) -> Result<()> {
    let mut site = Site {
        reference: &bases,
        edits: Vec::new(),
    };
    let mut items = Vec::with_capacity(tuples.len());
    for tuple in tuples {
        let locus = pooling_locus(&tuple.rel_edits);
        items.push((site.edits.len(), tuple.rel_edits));
        site.edits.extend(
            tuple
                .targets
                .into_iter()
                .map(|bases| EditedWindow { bases, locus }),
        );
    }
    let states = encoder.encode(ops, &[site])?;
    let reference = pollster::block_on(ops.read(&states.reference))?;
    let edited = pollster::block_on(ops.read(&states.edited))?;
    let rows_before = pairs.after.len() / pairs.width;
    for (first, edits) in items {
        let row = first * pairs.width..(first + 1) * pairs.width;
        pairs.before.extend_from_slice(&reference[row]);
        pairs.items.push(PairItem {
            window: pairs.windows.len(),
            edits,
            first_after: rows_before + first,
        });
    }
    pairs.after.extend(edited);
    pairs.windows.push(bases);
    Ok(())
}
