//! Validation of the predictor: cosines and surprises on windows of a table of their own or, where edits lie
//! anywhere in long windows, on some of the corpus that no generation draws but by chance.

use super::model::PredictorModel;
use crate::networks::surprises;
use crate::pairs::{StateItem, StatePairs};
use crate::step::host;
use genolewm_core::Result;
use genolewm_core::edit::EditType;
use genolewm_core::surprise::{displacement, surprise_distance};
use serde::Serialize;

/// Items in a pass.
const PASS: usize = 512;

/// What is measured; explained and closer are those of items of one edit, absent where there are none.
#[derive(Debug, Serialize)]
pub(super) struct ValidationFigures {
    /// Mean cosine of prediction and target.
    validation_cosine: f64,
    /// The same with the state before the edits as the prediction.
    naive_cosine: f64,
    /// Share of the change that is predicted, of substitutions of one base.
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_snv_explained: Option<f64>,
    /// Share of them whose prediction is closer than the state before.
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_snv_closer: Option<f64>,
    /// The same of insertions and deletions.
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_indel_explained: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_indel_closer: Option<f64>,
}

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

    /// How close predictions come to the states after the edits.
    pub(super) fn figures(&self, model: &PredictorModel) -> Result<ValidationFigures> {
        let (predicted, after) = self.states(model)?;
        let mut before = Vec::with_capacity(predicted.len());
        for item in &self.items {
            before.extend(item.before().repeat(item.steps()));
        }
        let [predicted, after, before] = [&predicted, &after, &before].map(Vec::as_slice);
        let (snv, indel) = (
            self.closeness([predicted, after, before], |edit| edit == EditType::Snv),
            self.closeness([predicted, after, before], changes_length),
        );
        Ok(ValidationFigures {
            validation_cosine: mean_cosine(predicted, after, self.width),
            naive_cosine: mean_cosine(before, after, self.width),
            validation_snv_explained: snv.map(|(explained, _)| explained),
            validation_snv_closer: snv.map(|(_, closer)| closer),
            validation_indel_explained: indel.map(|(explained, _)| explained),
            validation_indel_closer: indel.map(|(_, closer)| closer),
        })
    }

    /// The share of the change that is predicted of items of one edit, `1 - |change - prediction|² / |change|²`
    /// over all of them, and the share of those whose prediction is closer than the state before.
    fn closeness(
        &self,
        [predicted, after, before]: [&[f32]; 3],
        wanted: impl Fn(EditType) -> bool,
    ) -> Option<(f64, f64)> {
        let rows = |states| <[f32]>::chunks_exact(states, self.width);
        // Items of one edit come first, with a row each.
        let single = self.items.iter().take_while(|item| item.steps() == 1);
        let states = rows(predicted).zip(rows(after)).zip(rows(before));
        let (mut count, mut closer, mut left, mut all) = (0_u32, 0_u32, 0.0, 0.0);
        for (item, ((predicted, after), before)) in single.zip(states) {
            if !item.edits().iter().any(|edit| wanted(edit.edit_type())) {
                continue;
            }
            let (surprise, shift) = (
                surprise_distance(predicted, after),
                surprise_distance(before, after),
            );
            count += 1;
            closer += u32::from(surprise < shift);
            left += surprise * surprise;
            all += shift * shift;
        }
        (all > 0.0).then(|| (1.0 - left / all, f64::from(closer) / f64::from(count)))
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

fn changes_length(edit: EditType) -> bool {
    matches!(edit, EditType::Ins | EditType::Del | EditType::Indel)
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
