//! How close predictions come to edited states, against the guess that nothing changes.

use crate::states::{Item, Measured};
use genolewm_core::Result;
use genolewm_data::bases::{decode, stream};
use genolewm_data::edits::synthetic::{SyntheticShape, synthetic_indel, synthetic_snv};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Synthetic edits lie this close to the window's middle, where scored variants lie.
const REACH_BP: usize = 96;
/// Synthetic edits of each kind in a window.
const EDITS_PER_WINDOW: usize = 4;
const EDIT_STREAM: u64 = 3;

/// Kinds of synthetic edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyntheticKind {
    /// A substitution of one base.
    Snv,
    /// An insertion or deletion.
    Indel,
}

/// Means over a set of edits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Edits measured.
    pub edits: usize,
    /// Cosine of prediction and edited state.
    pub prediction_cosine: f64,
    /// Cosine of reference state and edited state.
    pub unchanged_cosine: f64,
    /// Euclidean distance from the prediction to the edited state.
    pub prediction_l2: f64,
    /// Euclidean distance from the reference state to the edited state.
    pub unchanged_l2: f64,
    /// Share of edits where the prediction is the closer of the two.
    pub prediction_closer: f64,
}

impl Prediction {
    /// Takes the means; `None` of nothing.
    #[must_use]
    pub fn of(measured: &[Measured]) -> Option<Self> {
        let count = measured.len() as f64;
        let mean = |of: fn(&Measured) -> f64| measured.iter().map(of).sum::<f64>() / count;
        (!measured.is_empty()).then(|| Self {
            edits: measured.len(),
            prediction_cosine: mean(|m| m.prediction_cosine),
            unchanged_cosine: mean(|m| m.unchanged_cosine),
            prediction_l2: mean(|m| m.surprise),
            unchanged_l2: mean(|m| m.shift),
            prediction_closer: mean(|m| f64::from(u8::from(m.surprise < m.shift))),
        })
    }
}

/// Draws edits near the middle of windows of base codes.
///
/// # Errors
/// `TRAINING.DATALOADER` when a window has no room for one.
pub fn synthetic_items(windows: &[Vec<u8>], kind: SyntheticKind, seed: u64) -> Result<Vec<Item>> {
    let mut rng = stream(seed, EDIT_STREAM + kind as u64);
    let shape = SyntheticShape::default();
    let mut items = Vec::with_capacity(windows.len() * EDITS_PER_WINDOW);
    for window in windows {
        let sequence: Arc<str> = decode(window).into();
        let first = (sequence.len() / 2).saturating_sub(REACH_BP);
        let last = (sequence.len() / 2 + REACH_BP).min(sequence.len());
        for _ in 0..EDITS_PER_WINDOW {
            let edit = match kind {
                SyntheticKind::Snv => synthetic_snv(&sequence[first..last], &shape, &mut rng)?,
                SyntheticKind::Indel => synthetic_indel(&sequence[first..last], &shape, &mut rng)?,
            };
            items.push(Item {
                edit: edit.shifted(first as u64),
                sequence: Arc::clone(&sequence),
            });
        }
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::edit::apply_edit;

    #[test]
    fn synthetic_edits_fit_their_windows() {
        let windows = vec![[0_u8, 1, 2, 3, 3].repeat(200); 3];
        for kind in [SyntheticKind::Snv, SyntheticKind::Indel] {
            let items = synthetic_items(&windows, kind, 7).unwrap();
            assert_eq!(items.len(), 12);
            for item in &items {
                assert!((404..=596).contains(&item.edit.rel_pos().get()));
                assert_eq!(
                    apply_edit(&item.sequence, &item.edit, true).unwrap().len(),
                    1_000
                );
            }
        }
    }

    #[test]
    fn means_are_taken_over_all_edits() {
        let one = Measured {
            surprise: 1.0,
            percentile: 0.5,
            displacement: 0.0,
            shift: 3.0,
            prediction_cosine: 0.5,
            unchanged_cosine: 0.0,
        };
        let other = Measured {
            surprise: 5.0,
            ..one
        };
        let mean = Prediction::of(&[one, other]).unwrap();
        assert_eq!((mean.prediction_l2, mean.prediction_closer), (3.0, 0.5));
        assert_eq!(Prediction::of(&[]), None);
    }
}
