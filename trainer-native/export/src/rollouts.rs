//! Short rollouts: a few edits of one window, one after the other, predicted and encoded.

use genolewm::action::ActionEncoder;
use genolewm::bundle::Bundle;
use genolewm::encoder::{EditedWindow, Site, StateEncoder};
use genolewm::ops::{BurnOps, Ops};
use genolewm::predictor::Predictor;
use genolewm::rollout::rollout;
use genolewm_core::Result;
use genolewm_core::edit::{RelEdit, apply_edits};
use genolewm_core::position::BpOffset;
use genolewm_data::edits::synthetic::{default_edit_types, synthetic_edit};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::sync::Arc;

/// Edits lie this close to the window's middle, so that the state around the first sees them all.
const REACH_BP: usize = 40;
/// Draws before a window is given up on: its middle may be unknown.
const MAX_TRIES: usize = 100;
const STREAM: u64 = 7;

type Matrix = <BurnOps as Ops>::Matrix;

/// A window and the edits that are made to it, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Bases of the window.
    pub sequence: Arc<str>,
    /// Disjoint edits in the window's coordinates.
    pub edits: Vec<RelEdit>,
}

/// The states of one case, one for each edit.
#[derive(Debug, Clone, PartialEq)]
pub struct States {
    /// What the model predicts, each on the prediction before it.
    pub predicted: Vec<Vec<f32>>,
    /// What the encoder makes of the window with the edits so far.
    pub encoded: Vec<Vec<f32>>,
}

/// The networks that a rollout runs.
#[derive(Debug, Clone, Copy)]
pub struct Networks<'a> {
    /// The backend.
    pub ops: &'a BurnOps,
    /// Windows to states.
    pub encoder: &'a StateEncoder<Matrix>,
    /// Edits to actions.
    pub action: &'a ActionEncoder<Matrix>,
    /// States and actions to predictions.
    pub predictor: &'a Predictor<Matrix>,
}

impl<'a> Networks<'a> {
    /// Those of a loaded model.
    #[must_use]
    pub const fn of(ops: &'a BurnOps, bundle: &'a Bundle<Matrix>) -> Self {
        Self {
            ops,
            encoder: &bundle.encoder,
            action: &bundle.action,
            predictor: &bundle.predictor,
        }
    }

    /// States of every case, in order. All cases have the same number of edits.
    ///
    /// # Errors
    /// As the model's.
    pub fn run(&self, cases: &[Case]) -> Result<Vec<States>> {
        let steps = cases.first().map_or(0, |case| case.edits.len());
        let sites = cases.iter().map(site).collect::<Result<Vec<Site<'_>>>>()?;
        let states = self.encoder.encode(self.ops, &sites)?;
        let (reference, encoded) = (self.rows(&states.reference)?, self.rows(&states.edited)?);
        // One locus a case, so that a case's reference rows are all alike.
        let start: Vec<f32> = reference
            .iter()
            .step_by(steps.max(1))
            .flatten()
            .copied()
            .collect();
        let start = self.ops.matrix(start, cases.len(), self.encoder.d_state());
        let edits: Vec<RelEdit> = (0..steps)
            .flat_map(|step| cases.iter().map(move |case| case.edits[step].clone()))
            .collect();
        let actions = self.action.forward(self.ops, &edits)?;
        let mut predicted = vec![Vec::with_capacity(steps); cases.len()];
        for step in rollout(self.ops, self.predictor, &start, &actions)? {
            for (case, row) in predicted.iter_mut().zip(self.rows(&step)?) {
                case.push(row);
            }
        }
        let encoded = encoded.chunks(steps.max(1)).map(<[Vec<f32>]>::to_vec);
        Ok(predicted
            .into_iter()
            .zip(encoded)
            .map(|(predicted, encoded)| States { predicted, encoded })
            .collect())
    }

    fn rows(&self, matrix: &Matrix) -> Result<Vec<Vec<f32>>> {
        let values = pollster::block_on(self.ops.read(matrix))?;
        let rows = values.chunks_exact(self.encoder.d_state());
        Ok(rows.map(<[f32]>::to_vec).collect())
    }
}

/// The window after the first edit, after the first two, and so on, all pooled around the first.
fn site(case: &Case) -> Result<Site<'_>> {
    let locus = case.edits.first().map(RelEdit::rel_pos);
    let edited = |count: usize| -> Result<EditedWindow> {
        Ok(EditedWindow {
            bases: apply_edits(&case.sequence, &case.edits[..count], true)?,
            locus,
        })
    };
    Ok(Site {
        reference: &case.sequence,
        edits: (1..=case.edits.len()).map(edited).collect::<Result<_>>()?,
    })
}

/// Draws `steps` synthetic edits for each window; windows whose middle has no room for them are
/// left out.
#[must_use]
pub fn draw(windows: &[Arc<str>], steps: usize, seed: u64) -> Vec<Case> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(STREAM);
    let case = |window: &Arc<str>| {
        let edits = draw_edits(window, steps, &mut rng)?;
        Some(Case {
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
        let at = BpOffset(drawn.rel_pos().get() + first as u64);
        let edit = RelEdit::new(at, drawn.ref_bases(), drawn.alt_bases()).ok()?;
        let mut tried = edits.clone();
        tried.push(edit);
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
            let site = site(case).unwrap();
            assert!(site.edits.iter().all(|edit| edit.bases.len() == 512));
            assert_eq!(site.edits[0].locus, site.edits[2].locus);
        }
        assert_eq!(cases, draw(&windows, 3, 5));
        assert_ne!(cases, draw(&windows, 3, 6));
    }
}
