//! States and predictions of edits, measured against each other.

use genolewm::bundle::Bundle;
use genolewm::encoder::{EditedWindow, Site};
use genolewm::ops::Ops;
use genolewm::parameters::{Parameters, Role};
use genolewm::scorer::ScoreOptions;
use genolewm_core::Result;
use genolewm_core::context::ContextLabel;
use genolewm_core::edit::{EditSpec, RelEdit, apply_edit};
use genolewm_core::surprise::{displacement, surprise_distance};
use genolewm_core::window::ExtractedWindow;
use genolewm_data::bases::unit;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::sync::Arc;

/// Edits in one call of the model; with a window each they bound what is held in memory.
const BATCH: usize = 32;

/// An edit in a reference window.
#[derive(Debug, Clone)]
pub struct Item {
    /// The window; items that share it should be neighbours, and then share its encoding.
    pub sequence: Arc<str>,
    /// The edit, in the window's coordinates.
    pub edit: RelEdit,
}

impl Item {
    /// An edit in its window.
    ///
    /// # Errors
    /// `INPUT.OUT_OF_WINDOW` for one that does not lie in it.
    pub fn of(edit: &EditSpec, window: &ExtractedWindow) -> Result<Self> {
        Ok(Self {
            edit: window.place(edit)?,
            sequence: window.sequence().clone(),
        })
    }
}

/// What a model says of an edit. Distances are Euclidean, between states as the model pools them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// From the prediction to the edited state: the raw surprise.
    pub surprise: f64,
    /// The surprise's percentile among the model's own background, 0 to 1.
    pub percentile: f64,
    /// 1 - cosine of the prediction and the reference state.
    pub displacement: f64,
    /// From the reference state to the edited state.
    pub shift: f64,
    /// Cosine of the prediction and the edited state.
    pub prediction_cosine: f64,
    /// Cosine of the reference state and the edited state: of the prediction that nothing changes.
    pub unchanged_cosine: f64,
}

/// A loaded model and what runs it.
#[derive(Debug)]
pub struct MeasuredModel<O: Ops> {
    /// The backend.
    pub ops: O,
    /// The model.
    pub bundle: Bundle<O::Matrix>,
}

impl<O: Ops> MeasuredModel<O> {
    /// Measures every item, in order.
    ///
    /// # Errors
    /// As the model's, for an edit that does not fit its window.
    pub fn measure(&self, items: &[Item]) -> Result<Vec<Measured>> {
        let mut measured = Vec::with_capacity(items.len());
        for batch in items.chunks(BATCH) {
            measured.extend(self.measure_batch(batch)?);
        }
        Ok(measured)
    }

    /// Only [`Measured::shift`], which needs no predictor.
    ///
    /// # Errors
    /// As [`measure`](Self::measure).
    pub fn shifts(&self, items: &[Item]) -> Result<Vec<f64>> {
        let mut shifts = Vec::with_capacity(items.len());
        for batch in items.chunks(BATCH) {
            let states = self.bundle.encoder.encode(&self.ops, &sites(batch)?)?;
            let [reference, edited] =
                [&states.reference, &states.edited].map(|states| self.read_states(states));
            let (reference, edited) = (reference?, edited?);
            shifts.extend(
                self.rows(&reference)
                    .zip(self.rows(&edited))
                    .map(|(reference, edited)| surprise_distance(reference, edited)),
            );
        }
        Ok(shifts)
    }

    /// The same model with an encoder that learnt nothing: projections and tables drawn anew, norms
    /// 1. A score must beat this one, or it owes nothing to training.
    #[must_use]
    pub fn with_random_encoder(mut self, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let Self { ops, bundle } = &mut self;
        bundle.encoder.llama.visit("", &mut |_, role, value| {
            let [rows, columns] = ops.shape(value);
            let std = match role {
                Role::Projection => (1.0 / rows as f64).sqrt(),
                Role::Table => 0.02,
                Role::Row => 0.0,
            };
            let values = (0..rows * columns)
                .map(|_| draw(&mut rng, role, std))
                .collect();
            *value = ops.matrix(values, rows, columns);
        });
        self
    }

    /// Reads a matrix back.
    ///
    /// # Errors
    /// What the backend reports.
    pub fn read(&self, matrix: &O::Matrix) -> Result<Vec<f32>> {
        pollster::block_on(self.ops.read(matrix))
    }

    fn read_states(&self, states: &O::Matrix) -> Result<Vec<f32>> {
        pollster::block_on(self.bundle.encoder.read(&self.ops, states))
    }

    fn rows<'a>(&self, values: &'a [f32]) -> std::slice::ChunksExact<'a, f32> {
        values.chunks_exact(self.bundle.encoder.d_state())
    }

    fn measure_batch(&self, batch: &[Item]) -> Result<Vec<Measured>> {
        let bundle = &self.bundle;
        let states = bundle.encoder.encode(&self.ops, &sites(batch)?)?;
        let edits: Vec<RelEdit> = batch.iter().map(|item| item.edit.clone()).collect();
        let actions = bundle.action.forward(&self.ops, &edits)?;
        let prediction = bundle
            .predictor
            .predict(&self.ops, &states.reference, &actions);
        let [prediction, reference, edited] = [
            self.read(&prediction)?,
            self.read_states(&states.reference)?,
            self.read_states(&states.edited)?,
        ];
        self.rows(&prediction)
            .zip(self.rows(&reference))
            .zip(self.rows(&edited))
            .zip(batch)
            .map(|(((prediction, reference), edited), item)| {
                let surprise = surprise_distance(prediction, edited);
                Ok(Measured {
                    surprise,
                    percentile: self.percentile(item, surprise)?,
                    displacement: displacement(prediction, reference),
                    shift: surprise_distance(reference, edited),
                    prediction_cosine: 1.0 - displacement(prediction, edited),
                    unchanged_cosine: 1.0 - displacement(reference, edited),
                })
            })
            .collect()
    }

    /// As the scorer calibrates an edit without annotation.
    fn percentile(&self, item: &Item, surprise: f64) -> Result<f64> {
        let label = ContextLabel::classify(None, &item.sequence, None)?;
        let least = ScoreOptions::default().min_bucket_size;
        let bucket = self
            .bundle
            .info
            .calibration
            .resolve(&label.bucket_id(), least)?;
        Ok(bucket.percentile(surprise))
    }
}

/// Neighbours that share a window become one site; the order of the edits stays.
fn sites(batch: &[Item]) -> Result<Vec<Site<'_>>> {
    batch
        .chunk_by(|a, b| Arc::ptr_eq(&a.sequence, &b.sequence))
        .map(|group| {
            let edited = |item: &Item| -> Result<EditedWindow> {
                Ok(EditedWindow {
                    bases: apply_edit(&item.sequence, &item.edit, true)?,
                    locus: Some(item.edit.rel_pos()),
                })
            };
            Ok(Site {
                reference: &group[0].sequence,
                edits: group.iter().map(edited).collect::<Result<_>>()?,
            })
        })
        .collect()
}

/// Uniform with the standard deviation `std`; 1 for what scales rows.
fn draw(rng: &mut ChaCha8Rng, role: Role, std: f64) -> f32 {
    if role == Role::Row {
        return 1.0;
    }
    ((2.0 * unit(rng) - 1.0) * 3.0_f64.sqrt() * std) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::position::BpOffset;

    #[test]
    fn neighbours_share_a_window_and_keep_their_order() {
        let edit = |at| RelEdit::new(BpOffset(at), "A", "C").unwrap();
        let (first, second): (Arc<str>, Arc<str>) = ("AAAAAA".into(), "AAAAAA".into());
        let item = |sequence: &Arc<str>, at| Item {
            sequence: Arc::clone(sequence),
            edit: edit(at),
        };
        let batch = [item(&first, 1), item(&first, 2), item(&second, 3)];
        let sites = sites(&batch).unwrap();
        let bases: Vec<Vec<&str>> = sites
            .iter()
            .map(|site| site.edits.iter().map(|edit| edit.bases.as_str()).collect())
            .collect();
        assert_eq!(bases, [vec!["ACAAAA", "AACAAA"], vec!["AAACAA"]]);
    }
}
