//! Validation of the predictor: cosines and surprises on windows that are never trained on.

use super::model::PredictorModel;
use crate::networks::surprises;
use crate::pairs::{StateItem, StatePairs};
use crate::step::host;
use genolewm_core::Result;
use genolewm_core::surprise::displacement;

/// Items in a pass.
const PASS: usize = 512;

/// The measured windows.
pub(super) struct PredictorValidation<'a> {
    items: Vec<StateItem<'a>>,
    /// Width of a state.
    pub(super) width: usize,
}

impl<'a> PredictorValidation<'a> {
    /// All items of the windows, those of fewer edits first.
    pub(super) fn new(pairs: &'a StatePairs) -> Self {
        let mut items: Vec<_> = (0..pairs.items.len())
            .map(|index| pairs.item(index))
            .collect();
        items.sort_by_key(|item| item.steps());
        Self {
            items,
            width: pairs.width,
        }
    }

    /// Mean cosine of prediction and target, and of the state before all edits and the target.
    pub(super) fn cosines(&self, model: &PredictorModel) -> Result<(f64, f64)> {
        let (predicted, after) = self.states(model)?;
        let mut before = Vec::with_capacity(predicted.len());
        for item in &self.items {
            before.extend(item.before().repeat(item.steps()));
        }
        Ok((
            mean_cosine(&predicted, &after, self.width),
            mean_cosine(&before, &after, self.width),
        ))
    }

    /// Predictions and targets of all items, a state for each edit.
    pub(super) fn states(&self, model: &PredictorModel) -> Result<(Vec<f32>, Vec<f32>)> {
        states(model, &self.items)
    }

    /// The surprise of each item of one edit, as scoring sees them, and the window that it lies in.
    pub(super) fn surprises(&self, model: &PredictorModel) -> Result<Vec<(String, f64)>> {
        let single = self.items.partition_point(|item| item.steps() == 1);
        let items = &self.items[..single];
        let (predicted, targets) = states(model, items)?;
        let windows = items.iter().map(|item| item.window());
        Ok(surprises(windows, (&predicted, &targets), self.width))
    }
}

/// Predictions and targets of items, a state for each edit.
fn states(model: &PredictorModel, items: &[StateItem<'_>]) -> Result<(Vec<f32>, Vec<f32>)> {
    let mut predicted = Vec::new();
    for items in items.chunks(PASS) {
        predicted.extend(host(model.predict(items)?.inner().into_data()));
    }
    let targets = items.iter().flat_map(|item| item.after());
    Ok((predicted, targets.copied().collect()))
}

fn mean_cosine(a: &[f32], b: &[f32], width: usize) -> f64 {
    let rows = a.len() / width;
    let cosine = |(a, b): (&[f32], &[f32])| 1.0 - displacement(a, b);
    a.chunks_exact(width)
        .zip(b.chunks_exact(width))
        .map(cosine)
        .sum::<f64>()
        / rows.max(1) as f64
}
