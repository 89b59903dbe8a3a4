//! Training tuples: a window, the edits that it is shown with, and what it is after each of them.

use crate::corpus::loaded::Corpus;
use crate::edits::mix::{EditMix, TrainingItem};
use crate::edits::provider::{EditProviders, EditSource};
use crate::errors::dataloader_error;
use crate::holdout::policy::HoldoutPolicy;
use crate::window::WindowContext;
use genolewm_core::Result;
use genolewm_core::edit::{RelEdit, apply_edits};
use genolewm_core::position::BpOffset;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Windows drawn before it is concluded that none may be trained on.
const MAX_DRAWS: usize = 10_000;

/// Edits of one window, and the windows that they make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingTuple {
    /// The SHA-256 of the window's bases, in hexadecimal.
    pub window_id: Arc<str>,
    /// The record that the window starts on.
    pub source_record_id: Arc<str>,
    /// Where the first edit comes from; the further ones are synthetic SNVs.
    pub edit_source: EditSource,
    /// Disjoint edits, in window coordinates, in the order in which they are applied.
    pub rel_edits: Vec<RelEdit>,
    /// Target `k` (from 0) is the window with the first `k + 1` edits, brought back to its length.
    pub targets: Vec<String>,
    /// The window's first base, on its contig or record.
    pub window_start: BpOffset,
    /// The base after its last. Where the window runs across records this is on none of them.
    pub window_end: BpOffset,
}

impl TrainingTuple {
    pub(super) fn new(
        window: &WindowContext,
        window_id: &Arc<str>,
        item: TrainingItem,
    ) -> Result<Self> {
        let targets = (1..=item.edits.len())
            .map(|steps| apply_edits(&window.bases, &item.edits[..steps], true))
            .collect::<Result<_>>()?;
        Ok(Self {
            window_id: Arc::clone(window_id),
            source_record_id: Arc::clone(&window.record_id),
            edit_source: item.source,
            rel_edits: item.edits,
            targets,
            window_start: window.span().start,
            window_end: window.span().end,
        })
    }
}

/// The tuples of one window, in the order of the mix; none where the window is held out.
///
/// # Errors
/// As [`EditMix::draw`], and `INPUT.WINDOW_MISMATCH` or `INPUT.OUT_OF_WINDOW` where a provider gives
/// an edit that is none of the window.
pub fn build_training_tuples(
    window: &WindowContext,
    providers: &EditProviders,
    mix: &EditMix,
    holdout: &HoldoutPolicy,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<TrainingTuple>> {
    if holdout.excludes_window(window) {
        return Ok(Vec::new());
    }
    let window_id = window.window_id()?.into();
    mix.draw(window, providers, holdout, rng)?
        .into_iter()
        .map(|item| TrainingTuple::new(window, &window_id, item))
        .collect()
}

/// Windows of a corpus with their tuples.
#[derive(Debug)]
pub struct TupleFeed<'a> {
    /// The sequence.
    pub corpus: &'a Corpus,
    /// The edits.
    pub providers: &'a EditProviders,
    /// How many of which.
    pub mix: &'a EditMix,
    /// What is never drawn, neither as a window nor as an edit.
    pub holdout: &'a HoldoutPolicy,
    /// Bases of a window.
    pub window_bp: usize,
}

impl TupleFeed<'_> {
    /// Draws the next window, of the forward strand, since variants are written on it.
    ///
    /// # Errors
    /// As [`Corpus::sample_window`] and [`build_training_tuples`]; `TRAINING.DATALOADER` when all
    /// windows are held out.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> Result<(WindowContext, Vec<TrainingTuple>)> {
        for _ in 0..MAX_DRAWS {
            let window = self.corpus.sample_window(rng, self.window_bp)?;
            if window.reverse_complemented {
                continue;
            }
            let Some(window) = WindowContext::of_pieces(&window.bases, window.pieces) else {
                continue;
            };
            if self.holdout.excludes_window(&window) {
                continue;
            }
            let tuples =
                build_training_tuples(&window, self.providers, self.mix, self.holdout, rng)?;
            return Ok((window, tuples));
        }
        Err(dataloader_error("every window of the corpus is held out")
            .with_remedy("load the corpus without what is held out, or hold out less"))
    }
}

#[cfg(test)]
#[path = "tuple_tests.rs"]
mod tests;
