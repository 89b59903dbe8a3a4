//! How close predictions come to edited states, against the guess that nothing changes.

use crate::states::{Item, Measured};
use genolewm_core::edit::EditKind;
use genolewm_core::evaluation::{BootstrapOptions, bootstrap_intervals};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::bases::{decode, stream};
use genolewm_data::edits::synthetic::{SyntheticShape, synthetic_indel, synthetic_snv};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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

/// Kinds with fewer edits are not measured by themselves.
pub const LEAST_OF_KIND: usize = 20;
/// Share of edits that a coin would have the prediction closer in.
const CHANCE: f64 = 0.5;

/// Means over a set of edits. Files of before have no figures of what is explained and of lengths.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
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
    /// Where 95 % of paired bootstrap samples of it lie.
    pub prediction_closer_interval: Option<[f64; 2]>,
    /// Share of the change that is explained: 1 - |change - prediction|² / |change|², sums over edits.
    pub explained: Option<f64>,
    /// Where 95 % of paired bootstrap samples of it lie.
    pub explained_interval: Option<[f64; 2]>,
    /// Length of the prediction: where it is not that of the edited state, scale passes for surprise.
    pub prediction_norm: Option<f64>,
    /// Length of the edited state.
    pub edited_norm: Option<f64>,
}

impl Prediction {
    /// Takes the means, and resamples edits with what both guesses say of each; `None` of nothing.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for options of the bootstrap that make no sense.
    pub fn of(measured: &[Measured], options: &BootstrapOptions) -> Result<Option<Self>> {
        if measured.is_empty() {
            return Ok(None);
        }
        let rows: Vec<usize> = (0..measured.len()).collect();
        let figures = |rows: &[usize]| Ok(Some(closer_and_explained(measured, rows)));
        let [closer, explained] = closer_and_explained(measured, &rows);
        let intervals = bootstrap_intervals(&vec![(); measured.len()], options, figures)?;
        let [closer_interval, explained_interval] = intervals.map(|of| [of.low, of.high]);
        let count = measured.len() as f64;
        let mean = |of: fn(&Measured) -> f64| measured.iter().map(of).sum::<f64>() / count;
        Ok(Some(Self {
            edits: measured.len(),
            prediction_cosine: mean(|m| m.prediction_cosine),
            unchanged_cosine: mean(|m| m.unchanged_cosine),
            prediction_l2: mean(|m| m.surprise),
            unchanged_l2: mean(|m| m.shift),
            prediction_closer: closer,
            prediction_closer_interval: Some(closer_interval),
            explained: Some(explained),
            explained_interval: Some(explained_interval),
            prediction_norm: Some(mean(|m| m.prediction_norm)),
            edited_norm: Some(mean(|m| m.edited_norm)),
        }))
    }

    /// Whether the prediction is shown to be closer than "nothing changes": in more than half of the edits,
    /// and over the whole change, by the lower ends of both intervals.
    #[must_use]
    pub fn is_closer(&self) -> bool {
        let above =
            |interval: Option<[f64; 2]>, least| interval.is_some_and(|[low, _]| low > least);
        above(self.prediction_closer_interval, CHANCE) && above(self.explained_interval, 0.0)
    }

    /// The gate of a release.
    ///
    /// # Errors
    /// `EVAL.REGRESSION` when the prediction of these edits is not [closer](Self::is_closer).
    pub fn require_closer(&self, edits: &str) -> Result<()> {
        if self.is_closer() {
            return Ok(());
        }
        let message = "the prediction is not shown to be closer to edited states than the guess that \
                       nothing changes";
        let error = Error::new(ErrorCode::EvalRegression, message)
            .with_detail("edits", format!("{} {edits}", self.edits))
            .with_detail(
                "prediction_closer",
                shown(
                    Some(self.prediction_closer),
                    self.prediction_closer_interval,
                ),
            )
            .with_detail("explained", shown(self.explained, self.explained_interval));
        Err(error.with_remedy(
            "such a model's surprise is no more than the shift: train the predictor longer or on other \
             edits, or read another layer or radius; --no-gate reports without failing",
        ))
    }
}

/// A figure and its interval.
fn shown(figure: Option<f64>, interval: Option<[f64; 2]>) -> String {
    let [low, high] = interval.unwrap_or([f64::NAN; 2]);
    format!("{:.4} ({low:.4} to {high:.4})", figure.unwrap_or(f64::NAN))
}

/// In which share of these edits the prediction is the closer one, and which share of their change it explains.
fn closer_and_explained(measured: &[Measured], rows: &[usize]) -> [f64; 2] {
    let (mut closer, mut residual, mut change) = (0_usize, 0.0, 0.0);
    for of in rows.iter().filter_map(|&row| measured.get(row)) {
        closer += usize::from(of.surprise < of.shift);
        residual += of.residual_squared;
        change += of.change_squared;
    }
    // Nothing that changes leaves nothing to explain.
    let explained = if change > 0.0 {
        1.0 - residual / change
    } else {
        0.0
    };
    [closer as f64 / rows.len() as f64, explained]
}

/// Those measured by kind of edit, in wide kinds too, where there are at least [`LEAST_OF_KIND`].
#[must_use]
pub fn by_kind<T: Copy>(items: &[Item], measured: &[T]) -> BTreeMap<EditKind, Vec<T>> {
    let kinds: Vec<EditKind> = items.iter().map(|item| item.edit.kind()).collect();
    let of_kind = |&kind: &EditKind| {
        let members = kinds.iter().zip(measured).filter(|(of, _)| of.is_in(kind));
        (
            kind,
            members.map(|(_, measured)| *measured).collect::<Vec<T>>(),
        )
    };
    let all = EditKind::ALL.iter().map(of_kind);
    all.filter(|(_, of)| of.len() >= LEAST_OF_KIND).collect()
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

    /// An edit whose prediction and reference state are so far from the edited state.
    fn measured(surprise: f64, shift: f64) -> Measured {
        Measured {
            surprise,
            percentile: 0.5,
            displacement: 0.0,
            shift,
            prediction_cosine: 0.5,
            unchanged_cosine: 0.0,
            residual_squared: surprise * surprise,
            change_squared: shift * shift,
            prediction_norm: 1.0,
            edited_norm: 2.0,
        }
    }

    fn prediction(edits: &[Measured]) -> Prediction {
        let figures = Prediction::of(edits, &BootstrapOptions::default());
        figures.unwrap().unwrap()
    }

    #[test]
    fn means_are_taken_over_all_edits() {
        let mean = prediction(&[measured(1.0, 3.0), measured(5.0, 3.0)]);
        assert_eq!((mean.prediction_l2, mean.prediction_closer), (3.0, 0.5));
        assert_eq!(mean.explained, Some(1.0 - 26.0 / 18.0));
        assert_eq!(
            (mean.prediction_norm, mean.edited_norm),
            (Some(1.0), Some(2.0))
        );
        assert_eq!(
            Prediction::of(&[], &BootstrapOptions::default()).unwrap(),
            None
        );
    }

    #[test]
    fn a_prediction_that_is_closer_for_large_changes_alone_passes_no_gate() {
        // Nine of ten small changes are worse predicted than by no change at all, the tenth explains most.
        let mut edits = vec![measured(0.2, 0.1); 90];
        edits.extend(vec![measured(1.0, 5.0); 10]);
        let large = prediction(&edits);
        assert!(large.explained.unwrap() > 0.9 && large.prediction_closer < 0.2);
        let refused = large.require_closer("edits").unwrap_err();
        assert_eq!(refused.code(), ErrorCode::EvalRegression);
        // Closer in most, and yet farther over all.
        let mut edits = vec![measured(0.1, 0.2); 90];
        edits.extend(vec![measured(6.0, 5.0); 10]);
        assert!(!prediction(&edits).is_closer());
        // Too few to tell from chance.
        assert!(
            !prediction(&[measured(1.0, 2.0), measured(2.0, 1.0), measured(1.0, 2.0)]).is_closer()
        );
        let mut edits = vec![measured(1.0, 2.0); 70];
        edits.extend(vec![measured(2.0, 1.9); 30]);
        prediction(&edits).require_closer("edits").unwrap();
    }

    #[test]
    fn kinds_are_measured_by_themselves_and_with_wider_ones() {
        let sequence: Arc<str> = "ACGTACGTACGT".into();
        let item = |edit: (&str, &str)| Item {
            sequence: Arc::clone(&sequence),
            edit: genolewm_core::edit::RelEdit::new(
                genolewm_core::position::BpOffset(4),
                edit.0,
                edit.1,
            )
            .unwrap(),
        };
        let edits = [("A", "C"), ("AC", "A"), ("ACG", "A"), ("A", "AC")];
        let items: Vec<Item> = (0..60).map(|at| item(edits[at % 4])).collect();
        let rows: Vec<usize> = (0..60).collect();
        let kinds = by_kind(&items, &rows);
        let sizes: Vec<_> = kinds
            .iter()
            .map(|(kind, of)| (kind.as_str(), of.len()))
            .collect();
        // Fifteen of each are too few by themselves.
        assert_eq!(sizes, [("del", 30), ("indel", 45)]);
        assert!(
            kinds[&EditKind::Del]
                .iter()
                .all(|row| [1, 2].contains(&(row % 4)))
        );
    }
}
