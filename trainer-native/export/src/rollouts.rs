//! Short rollouts: a few edits of one window, one after the other, predicted and encoded.

use genolewm::ops::CpuOps;
use genolewm_core::Result;
use genolewm_core::edit::{RelEdit, apply_edits};
use genolewm_data::bases::stream;
use genolewm_data::edits::synthetic::{default_edit_types, synthetic_edit};
use genolewm_evaluate::rollout::follow::{EditPath, Networks, PathStates};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Edits lie this close to the window's middle, so that the state around the first sees them all.
const REACH_BP: usize = 40;
/// Draws before a window is given up on: its middle may be unknown.
const MAX_TRIES: usize = 100;
const STREAM: u64 = 7;

/// A window and the edits that are made to it, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct RolloutCase {
    /// Bases of the window.
    pub sequence: Arc<str>,
    /// Disjoint edits in the window's coordinates.
    pub edits: Vec<RelEdit>,
}

impl RolloutCase {
    /// The case as a rollout takes it, all of whose states are pooled around the first edit.
    #[must_use]
    pub fn path(&self) -> EditPath<'_> {
        EditPath {
            window: &self.sequence,
            edits: &self.edits,
            locus: self.edits.first().map(RelEdit::rel_pos),
        }
    }
}

/// The states of every case, in order. All cases have the same number of edits.
///
/// # Errors
/// As the model's.
pub fn follow(networks: &Networks<'_, CpuOps>, cases: &[RolloutCase]) -> Result<Vec<PathStates>> {
    networks.follow(&cases.iter().map(RolloutCase::path).collect::<Vec<_>>())
}

/// Draws `steps` synthetic edits for each window; windows whose middle has no room for them are
/// left out.
#[must_use]
pub fn draw(windows: &[Arc<str>], steps: usize, seed: u64) -> Vec<RolloutCase> {
    let mut rng = stream(seed, STREAM);
    let case = |window: &Arc<str>| {
        let edits = draw_edits(window, steps, &mut rng)?;
        Some(RolloutCase {
            sequence: Arc::clone(window),
            edits,
        })
    };
    windows.iter().filter_map(case).collect()
}

fn draw_edits(window: &str, steps: usize, rng: &mut ChaCha8Rng) -> Option<Vec<RelEdit>> {
    let middle = window.len() / 2;
    let first = middle.saturating_sub(REACH_BP);
    let part = &window[first..(middle + REACH_BP).min(window.len())];
    let types = default_edit_types();
    let mut edits: Vec<RelEdit> = Vec::with_capacity(steps);
    for _ in 0..MAX_TRIES {
        if edits.len() == steps {
            break;
        }
        let drawn = synthetic_edit(part, types.draw(rng)?, rng).ok()?;
        let mut tried = edits.clone();
        tried.push(drawn.shifted(first as u64));
        // Edits that share a base cannot follow each other.
        if apply_edits(window, &tried, true).is_ok() {
            edits = tried;
        }
    }
    (edits.len() == steps).then_some(edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_edits_fit_together_and_unknown_middles_are_left_out() {
        let known: Arc<str> = "ACGTTGCA".repeat(64).into();
        let unknown: Arc<str> = "N".repeat(512).into();
        let windows = [Arc::clone(&known), unknown, known];
        let cases = draw(&windows, 3, 5);
        assert_eq!(cases.len(), 2);
        assert_ne!(cases[0].edits, cases[1].edits);
        for case in &cases {
            assert_eq!(case.edits.len(), 3);
            let site = case.path().site().unwrap();
            assert!(site.edits.iter().all(|edit| edit.bases.len() == 512));
            assert_eq!(site.edits[0].locus, site.edits[2].locus);
        }
        assert_eq!(cases, draw(&windows, 3, 5));
        assert_ne!(cases, draw(&windows, 3, 6));
    }
}
