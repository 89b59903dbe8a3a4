//! Random edits of a window from a few independent weights, which planning refits.

mod one;

use super::constraints::{PlanConstraints, Refusals};
use super::draws::Draws;
use crate::edit::{EditType, MAX_ALLELE_BP, RelEdit};
use crate::{Error, Result};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// How often each edit type is drawn, where nothing else is asked for.
pub const DEFAULT_ACTION_TYPE_WEIGHTS: [(EditType, f64); 5] = [
    (EditType::Snv, 0.4),
    (EditType::Ins, 0.2),
    (EditType::Del, 0.2),
    (EditType::Mnv, 0.1),
    (EditType::Indel, 0.1),
];

/// Bases at either end of a window that no edit touches, where nothing else is asked for.
pub const DEFAULT_EDGE_MARGIN_BP: usize = 64;

const BASES: [char; 4] = ['A', 'C', 'G', 'T'];

/// How edits are drawn. Weights need not sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplerOptions {
    /// Seed of the ChaCha8 stream.
    pub seed: u64,
    /// Bases at either end of the window that no edit touches: their context is cut off.
    pub edge_margin: usize,
    /// Weight of each edit type; those left out are never drawn.
    pub type_weights: Vec<(EditType, f64)>,
    /// Weights of lengths 1, 2, 3, … bp: of the bases inserted, deleted or replaced, or of each
    /// allele of an indel. `None` halves the weight with every base.
    pub length_weights: Option<Vec<f64>>,
    /// Width of a position bin.
    pub position_bin_bp: usize,
    /// Weights of the position bins, counted from the margin; those left out are never drawn. `None`
    /// gives every bin the same weight.
    pub position_weights: Option<Vec<f64>>,
    /// How many draws may fail, each on N bases, an end or an overlap, before the sampler gives up.
    pub max_attempts: usize,
}

impl Default for SamplerOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            edge_margin: DEFAULT_EDGE_MARGIN_BP,
            type_weights: DEFAULT_ACTION_TYPE_WEIGHTS.to_vec(),
            length_weights: None,
            position_bin_bp: 8,
            position_weights: None,
            max_attempts: 256,
        }
    }
}

/// Draws valid edits of one window. The same window, options and calls give the same edits.
///
/// ```
/// use genolewm_core::edit::apply_edits;
/// use genolewm_core::planning::{ActionSampler, SamplerOptions};
/// let window = "ACGTTGCA".repeat(40);
/// let mut sampler = ActionSampler::new(&window, SamplerOptions::default())?;
/// let edits = sampler.sample_sequence(3)?;
/// apply_edits(&window, &edits, true)?;
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ActionSampler {
    window: String,
    interior: Range<usize>,
    bin_bp: usize,
    max_attempts: usize,
    types: [f64; EditType::ALL.len()],
    bins: Vec<f64>,
    bases: [f64; 4],
    lengths: Vec<f64>,
    draws: Draws,
    constraints: PlanConstraints,
    refusals: Refusals,
}

/// Sequences of edits, and how many more could not be drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DrawnSequences {
    /// The sequences.
    pub sequences: Vec<Vec<RelEdit>>,
    /// Those for which no room was found.
    pub dropped: usize,
}

impl ActionSampler {
    /// A sampler for `window`. Bases other than ACGT (any case) are never part of an edit.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when the margins leave nothing, a number that must be positive is 0, or
    /// weights are negative, not finite, all 0 or given for structural variants.
    pub fn new(window: &str, options: SamplerOptions) -> Result<Self> {
        Self::constrained(window, options, PlanConstraints::default())
    }

    /// A sampler of edits that keep to `constraints`. Position bins are counted from the margin, or
    /// from the first base that edits may lie at.
    ///
    /// # Errors
    /// As [`new`](Self::new), and for a stretch that does not lie in the window.
    pub fn constrained(
        window: &str,
        options: SamplerOptions,
        constraints: PlanConstraints,
    ) -> Result<Self> {
        constraints.check(window.len())?;
        let interior = interior(window.len(), options.edge_margin, &constraints);
        if interior.is_empty() {
            return Err(Error::input("the margins leave no room for an edit")
                .with_detail("window_bp", window.len())
                .with_detail("edge_margin", options.edge_margin)
                .with_remedy("give a smaller margin or a longer window"));
        }
        if options.position_bin_bp == 0 || options.max_attempts == 0 {
            return Err(Error::input(
                "position_bin_bp and max_attempts must be at least 1",
            ));
        }
        let bin_count = interior.len().div_ceil(options.position_bin_bp);
        let mut bins = options
            .position_weights
            .unwrap_or_else(|| vec![1.0; bin_count]);
        bins.resize(bin_count, 0.0);
        let lengths = options.length_weights.unwrap_or_else(halving_lengths);
        let mut types = [0.0; EditType::ALL.len()];
        for (edit_type, weight) in options.type_weights {
            match edit_type {
                EditType::Sv if weight != 0.0 => return Err(structural()),
                _ => types[edit_type.index()] = weight,
            }
        }
        check_weights("position", &bins)?;
        check_weights("length", &lengths)?;
        check_weights("type", &types)?;
        Ok(Self {
            window: window.to_ascii_uppercase(),
            interior,
            bin_bp: options.position_bin_bp,
            max_attempts: options.max_attempts,
            types,
            bins,
            bases: [1.0; 4],
            lengths,
            draws: Draws::new(options.seed),
            constraints,
            refusals: Refusals::default(),
        })
    }

    /// One edit, of the given type or of one drawn by weight.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a structural variant, or when no valid edit was found in `max_attempts`.
    pub fn sample_edit(&mut self, edit_type: Option<EditType>) -> Result<RelEdit> {
        let mut left = self.max_attempts;
        self.sample_apart_from(&[], edit_type, &mut left)
    }

    /// `horizon` edits that share no reference base, so that they can be applied together.
    ///
    /// A first edit may leave the others no room where weights have narrowed to a few bases, so a
    /// sequence that cannot be completed is begun again, `max_attempts` times at most.
    ///
    /// # Errors
    /// As [`sample_edit`](Self::sample_edit).
    pub fn sample_sequence(&mut self, horizon: usize) -> Result<Vec<RelEdit>> {
        let mut left = usize::MAX;
        self.sequence_within(horizon, &mut left)
    }

    /// `n` sequences of `horizon` edits.
    ///
    /// # Errors
    /// As [`sample_edit`](Self::sample_edit).
    pub fn sample_sequences(&mut self, n: usize, horizon: usize) -> Result<Vec<Vec<RelEdit>>> {
        (0..n).map(|_| self.sample_sequence(horizon)).collect()
    }

    /// Up to `n` sequences of `horizon` edits: those that cannot be drawn are counted, and end
    /// nothing. All of them together have `max_attempts` draws for each edit.
    pub fn draw_sequences(&mut self, n: usize, horizon: usize) -> DrawnSequences {
        let mut left = self.draws_for(n, horizon);
        let drawn = (0..n).map_while(|_| match left {
            0 if horizon > 0 => None,
            _ => Some(self.sequence_within(horizon, &mut left)),
        });
        let sequences: Vec<_> = drawn.filter_map(Result::ok).collect();
        DrawnSequences {
            dropped: n - sequences.len(),
            sequences,
        }
    }

    /// How many draws were made again so far, and why.
    #[must_use]
    pub const fn refusals(&self) -> Refusals {
        self.refusals
    }

    /// How many draws `n` sequences may take together.
    pub(super) const fn draws_for(&self, n: usize, horizon: usize) -> usize {
        n.saturating_mul(horizon).saturating_mul(self.max_attempts)
    }

    /// One edit that may follow those of a sequence, for which `left` draws may be spent.
    #[cfg(feature = "experimental")]
    pub(super) fn sample_after(&mut self, taken: &[RelEdit], left: &mut usize) -> Result<RelEdit> {
        self.sample_apart_from(taken, None, left)
    }

    /// Starts the random stream again.
    pub(super) fn reseed(&mut self, seed: u64) {
        self.draws = Draws::new(seed);
    }

    /// Moves the weights to the frequencies among `edits`, keeping the share `smoothing` of the old
    /// ones. A factor that the edits say nothing about stays as it is.
    pub(super) fn refit<'a>(&mut self, edits: impl Iterator<Item = &'a RelEdit>, smoothing: f64) {
        let mut types = [0.0; EditType::ALL.len()];
        let mut bins = vec![0.0; self.bins.len()];
        let mut bases = [0.0; 4];
        for edit in edits {
            count(&mut types, Some(edit.edit_type().index()));
            let start = edit.rel_pos().index();
            count(
                &mut bins,
                Some(start.saturating_sub(self.interior.start) / self.bin_bp),
            );
            for base in drawn_bases(edit).chars() {
                count(&mut bases, BASES.iter().position(|b| *b == base));
            }
        }
        blend(&mut self.types, &types, smoothing);
        blend(&mut self.bins, &bins, smoothing);
        blend(&mut self.bases, &bases, smoothing);
    }

    /// A sequence, for which `left` draws may be spent.
    fn sequence_within(&mut self, horizon: usize, left: &mut usize) -> Result<Vec<RelEdit>> {
        let mut outcome = self.try_sequence(horizon, left);
        for _ in 1..self.max_attempts {
            if outcome.is_ok() || *left == 0 {
                break;
            }
            outcome = self.try_sequence(horizon, left);
        }
        outcome
    }

    fn try_sequence(&mut self, horizon: usize, left: &mut usize) -> Result<Vec<RelEdit>> {
        let mut edits = Vec::with_capacity(horizon);
        for _ in 0..horizon {
            let edit = self.sample_apart_from(&edits, None, left)?;
            edits.push(edit);
        }
        Ok(edits)
    }

    fn sample_apart_from(
        &mut self,
        taken: &[RelEdit],
        edit_type: Option<EditType>,
        left: &mut usize,
    ) -> Result<RelEdit> {
        if edit_type == Some(EditType::Sv) {
            return Err(structural());
        }
        for _ in 0..self.max_attempts.min(*left) {
            *left -= 1;
            let Some(edit) = self.draw(edit_type).transpose()? else {
                self.refusals.unusable += 1;
                continue;
            };
            if self.allow(taken, &edit)? {
                return Ok(edit);
            }
        }
        Err(Error::input("no valid edit was found in the window")
            .with_detail("attempts", self.max_attempts)
            .with_remedy(
                "ask for fewer edits, a smaller margin, fewer constraints or a window with fewer N",
            ))
    }

    /// Whether an edit may follow those of its sequence.
    fn allow(&mut self, taken: &[RelEdit], edit: &RelEdit) -> Result<bool> {
        if !taken.iter().all(|other| apart(edit, other)) {
            self.refusals.overlapping += 1;
            return Ok(false);
        }
        if !self.constraints.allow(edit, &mut self.refusals) {
            return Ok(false);
        }
        if self.constraints.forbidden.is_empty() {
            return Ok(true);
        }
        let all = [taken, core::slice::from_ref(edit)].concat();
        let is_free = self.constraints.allow_motifs(&self.window, &all)?;
        self.refusals.motif += u64::from(!is_free);
        Ok(is_free)
    }
}

/// The bases of an edit that the sampler chose by weight.
fn drawn_bases(edit: &RelEdit) -> &str {
    match edit.edit_type() {
        EditType::Snv | EditType::Mnv => edit.alt_bases(),
        _ => edit.alt_bases().get(1..).unwrap_or_default(),
    }
}

/// Where edits may lie.
fn interior(window_bp: usize, margin: usize, constraints: &PlanConstraints) -> Range<usize> {
    let inner = margin..window_bp.saturating_sub(margin);
    match constraints.within {
        None => inner,
        Some(within) => inner.start.max(within.start.index())..inner.end.min(within.end.index()),
    }
}

fn apart(a: &RelEdit, b: &RelEdit) -> bool {
    !a.span().intersects(b.span())
}

fn count(counts: &mut [f64], index: Option<usize>) {
    if let Some(slot) = index.and_then(|index| counts.get_mut(index)) {
        *slot += 1.0;
    }
}

fn blend(weights: &mut [f64], counts: &[f64], smoothing: f64) {
    let (old, new): (f64, f64) = (weights.iter().sum(), counts.iter().sum());
    if old <= 0.0 || new <= 0.0 {
        return;
    }
    for (weight, count) in weights.iter_mut().zip(counts) {
        *weight = smoothing * *weight / old + (1.0 - smoothing) * count / new;
    }
}

fn halving_lengths() -> Vec<f64> {
    core::iter::successors(Some(0.5), |weight| Some(weight / 2.0))
        .take(MAX_ALLELE_BP)
        .collect()
}

fn check_weights(name: &str, weights: &[f64]) -> Result<()> {
    let valid = weights
        .iter()
        .all(|weight| weight.is_finite() && *weight >= 0.0);
    if valid && weights.iter().sum::<f64>() > 0.0 {
        return Ok(());
    }
    Err(
        Error::input("weights must be finite, at least 0 and not all 0")
            .with_detail("weights", name),
    )
}

fn structural() -> Error {
    Error::input("structural variants are not planned")
}
