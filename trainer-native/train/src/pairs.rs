//! State pairs that the predictor trains on: edits, the state before them and the state after each, by
//! the frozen encoder.

use super::device::parallel;
use genolewm::encoder::{EditedWindow, Site, StateEncoder};
use genolewm::ops::NativeOps;
use genolewm_core::Result;
use genolewm_core::edit::RelEdit;
use genolewm_core::state_contract::StateContract;
use genolewm_data::bases::below;
use genolewm_data::cache::{SiteCache, SiteStates};
use genolewm_data::corpus::Corpus;
use genolewm_data::edits::centred::{CentredFeed, ScoredWindows};
use genolewm_data::edits::mix::{EditMix, EditProviders};
use genolewm_data::edits::synthetic::pooling_locus;
use genolewm_data::edits::tuple::{TrainingTuple, TupleFeed};
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_data::window::WindowContext;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Edits of one window that are applied one after the other.
#[derive(Debug, Clone)]
pub struct PairItem {
    /// The window: index into [`StatePairs::windows`].
    pub window: usize,
    /// One to three edits, in window coordinates.
    pub edits: Vec<RelEdit>,
    /// The row of `after` of the state after the first edit; those after the further ones
    /// follow.
    first_after: usize,
}

/// Items with their states, row-major.
#[derive(Debug, Default)]
pub struct StatePairs {
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

impl StatePairs {
    /// An item with its states.
    #[must_use]
    pub const fn item(&self, index: usize) -> StateItem<'_> {
        StateItem { pairs: self, index }
    }

    fn row<'a>(&self, states: &'a [f32], first: usize, rows: usize) -> &'a [f32] {
        &states[first * self.width..(first + rows) * self.width]
    }
}

/// An item with its states.
#[derive(Debug, Clone, Copy)]
pub struct StateItem<'a> {
    pairs: &'a StatePairs,
    index: usize,
}

impl<'a> StateItem<'a> {
    /// The edits, in window coordinates.
    #[must_use]
    pub fn edits(self) -> &'a [RelEdit] {
        &self.pairs.items[self.index].edits
    }

    /// Number of edits.
    #[must_use]
    pub fn steps(self) -> usize {
        self.edits().len()
    }

    /// The reference window.
    #[must_use]
    pub fn window(self) -> &'a str {
        &self.pairs.windows[self.pairs.items[self.index].window]
    }

    /// The state before the edits.
    #[must_use]
    pub fn before(self) -> &'a [f32] {
        self.pairs.row(&self.pairs.before, self.index, 1)
    }

    /// The states after each edit, `[steps, width]`.
    #[must_use]
    pub fn after(self) -> &'a [f32] {
        let first = self.pairs.items[self.index].first_after;
        self.pairs.row(&self.pairs.after, first, self.steps())
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
    /// The next window of a draw with its edits, as they lie on the forward strand.
    ///
    /// # Errors
    /// `TRAINING.DATALOADER` when windows or edits cannot be drawn.
    pub(super) fn draw(
        &self,
        draw: &WindowDraw,
        rng: &mut ChaCha8Rng,
    ) -> Result<(WindowContext, Vec<TrainingTuple>)> {
        let from = self.feed(draw.window_bp);
        match draw.read {
            None => from.draw(rng),
            Some(read) => {
                let (window, tuple) = CentredFeed { from, read }.draw(rng)?;
                Ok((window, vec![tuple]))
            }
        }
    }

    /// Draws of windows of this length.
    #[must_use]
    pub const fn feed(&self, window_bp: usize) -> TupleFeed<'_> {
        TupleFeed {
            corpus: &self.corpus,
            providers: &self.providers,
            mix: &self.mix,
            holdout: &self.holdout,
            window_bp,
        }
    }
}

/// A window with its edits, as the encoder takes them.
pub(super) fn site<'w>(reference: &'w str, tuples: &[TrainingTuple]) -> Site<'w> {
    let edits = tuples.iter().flat_map(|tuple| {
        let locus = pooling_locus(&tuple.rel_edits);
        let targets = tuple.targets.iter().cloned();
        targets.map(move |bases| EditedWindow { bases, locus })
    });
    Site {
        reference,
        edits: edits.collect(),
    }
}

/// Which windows are drawn.
#[derive(Debug, Clone, Copy)]
pub struct WindowDraw {
    /// How many.
    pub windows: usize,
    /// Bases of each.
    pub window_bp: usize,
    /// The base of all draws.
    pub seed: u64,
    /// Draws of different streams are independent of each other.
    pub stream: u64,
    /// How the model reads its windows, where each lies around one edit and is read in one view; `None`
    /// for windows with edits anywhere, as the Python package's models have them.
    pub read: Option<ScoredWindows>,
}

impl WindowDraw {
    /// What is read of a window: the window itself, or one of the views at random.
    pub(super) fn as_read(
        &self,
        (window, tuples): (WindowContext, Vec<TrainingTuple>),
        rng: &mut ChaCha8Rng,
    ) -> Result<(String, Vec<TrainingTuple>)> {
        let Some(read) = self.read else {
            return Ok((window.bases, tuples));
        };
        let views = read.views.as_slice();
        let view = views[below(rng, views.len() as u64) as usize];
        let (mut bases, mut viewed) = (String::new(), Vec::new());
        for tuple in tuples {
            let (read, tuple) = tuple.in_view(&window, view, read)?;
            bases = read;
            viewed.push(tuple);
        }
        Ok((bases, viewed))
    }
}

/// The frozen encoder on one device; copies share it.
#[derive(Clone)]
pub struct Frozen(Arc<dyn EncodesSites>);

impl fmt::Debug for Frozen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Frozen").field(&self.0.d_state()).finish()
    }
}

/// An encoder and where it computes, without gradients, whatever device that is.
trait EncodesSites: Send + Sync {
    fn d_state(&self) -> usize;
    fn states(&self, site: Site<'_>) -> Result<SiteStates>;
}

impl<O: NativeOps> EncodesSites for (O, StateEncoder<O::Matrix>) {
    fn d_state(&self) -> usize {
        self.1.d_state()
    }

    fn states(&self, site: Site<'_>) -> Result<SiteStates> {
        let (ops, encoder) = self;
        let states = encoder.encode(ops, &[site])?;
        let read = |states| pollster::block_on(encoder.read(ops, states));
        Ok(SiteStates {
            reference: read(&states.reference)?,
            edited: read(&states.edited)?,
        })
    }
}

/// An encoder whose states are normalised here, where its contract says so: as they are of a cache, in
/// the same bits. It is asked only for sites of which the cache, if there is one, lacks a state.
struct Cached {
    /// Its states are not normalised.
    encoder: Frozen,
    contract: StateContract,
    cache: Option<Arc<SiteCache>>,
}

impl EncodesSites for Cached {
    fn d_state(&self) -> usize {
        self.encoder.0.d_state()
    }

    fn states(&self, site: Site<'_>) -> Result<SiteStates> {
        let encode = |site: Site<'_>| self.encoder.0.states(site);
        let states = match &self.cache {
            Some(cache) => cache.states(site, encode)?,
            None => encode(site)?,
        };
        Ok(states.by(self.contract, self.d_state()))
    }
}

impl Frozen {
    /// Its states by `contract`, asked only for what `cache` lacks. Its own are pooled by the
    /// [`cached_contract`](genolewm_data::cache::cached_contract).
    #[must_use]
    pub fn over(self, contract: StateContract, cache: Option<&Arc<SiteCache>>) -> Self {
        Self(Arc::new(Cached {
            encoder: self,
            contract,
            cache: cache.cloned(),
        }))
    }

    /// An encoder that was loaded by these operations.
    pub fn new<O: NativeOps + 'static>(ops: O, encoder: StateEncoder<O::Matrix>) -> Self
    where
        O::Matrix: 'static,
    {
        Self(Arc::new((ops, encoder)))
    }
}

/// Draws windows and encodes their edits, as many windows at a time as there are encoders; a function
/// of `draw`. For each window `go_on` is told its share of the time; nothing is returned once it says
/// no, and where there is no encoder.
///
/// # Errors
/// `TRAINING.DATALOADER` when windows or edits cannot be drawn.
pub fn encode(
    encoders: &[Frozen],
    sources: &PairSources,
    draw: WindowDraw,
    go_on: &mut dyn FnMut(Duration) -> bool,
) -> Result<Option<StatePairs>> {
    let mut rng = ChaCha8Rng::seed_from_u64(draw.seed);
    rng.set_stream(draw.stream);
    let Some(first) = encoders.first() else {
        return Ok(None);
    };
    let mut pairs = StatePairs {
        width: first.0.d_state(),
        ..StatePairs::default()
    };
    while pairs.windows.len() < draw.windows {
        let round = encoders.len().min(draw.windows - pairs.windows.len());
        let drawn = (0..round)
            .map(|_| draw.as_read(sources.draw(&draw, &mut rng)?, &mut rng))
            .collect::<Result<Vec<_>>>()?;
        let started = Instant::now();
        let jobs = encoders.iter().zip(&drawn).collect();
        let states = parallel(jobs, |(frozen, (bases, tuples))| {
            frozen.0.states(site(bases, tuples))
        });
        let took = started.elapsed() / round as u32;
        for ((bases, tuples), states) in drawn.into_iter().zip(states) {
            pairs.add(bases, tuples, states?);
            if !go_on(took) {
                return Ok(None);
            }
        }
    }
    Ok(Some(pairs))
}

impl StatePairs {
    /// Adds a window with its edits.
    fn add(&mut self, bases: String, tuples: Vec<TrainingTuple>, states: SiteStates) {
        let rows_before = self.after.len() / self.width;
        let mut first = 0;
        for tuple in tuples {
            let row = first * self.width..(first + 1) * self.width;
            self.before.extend_from_slice(&states.reference[row]);
            self.items.push(PairItem {
                window: self.windows.len(),
                edits: tuple.rel_edits,
                first_after: rows_before + first,
            });
            first += tuple.targets.len();
        }
        self.after.extend(states.edited);
        self.windows.push(bases);
    }
}
