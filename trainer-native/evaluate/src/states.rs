//! States and predictions of edits, measured against each other.

use genolewm::bundle::Bundle;
use genolewm::ops::Ops;
use genolewm::parameters::{Parameters, Role};
use genolewm::scorer::{ScoreOptions, Viewed, Windows};
use genolewm_core::Result;
use genolewm_core::context::ContextLabel;
use genolewm_core::edit::{EditSpec, RelEdit};
use genolewm_core::surprise::{Aggregation, aggregate_states, displacement, surprise_distance};
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
    /// Squared distance from the prediction to the edited state, the mean of the views where states have none.
    pub residual_squared: f64,
    /// Squared distance from the reference state to the edited state, the mean of the views where states have none.
    pub change_squared: f64,
    /// Length of the prediction.
    pub prediction_norm: f64,
    /// Length of the edited state.
    pub edited_norm: f64,
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
        let states = |_: &Viewed<'_>, states: [Vec<f32>; 2]| Ok(states);
        let shift = |[reference, edited]: [&[f32]; 2]| [surprise_distance(reference, edited)];
        let mut shifts = Vec::with_capacity(items.len());
        for batch in items.chunks(BATCH) {
            let joined = self.in_views(batch, states, [self.aggregation()], shift)?;
            shifts.extend(joined.into_iter().flatten());
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

    /// How the model makes one distance of those of its views.
    fn aggregation(&self) -> Aggregation {
        self.bundle.info.config.aggregation
    }

    fn rows<'a>(&self, values: &'a [f32]) -> std::slice::ChunksExact<'a, f32> {
        values.chunks_exact(self.bundle.encoder.d_state())
    }

    fn measure_batch(&self, batch: &[Item]) -> Result<Vec<Measured>> {
        let states = |viewed: &Viewed<'_>, states: [Vec<f32>; 2]| self.predicted(viewed, states);
        let mut how = [Aggregation::Mean; 9];
        how[..3].fill(self.aggregation());
        let joined = self.in_views(batch, states, how, figures)?;
        let measured = |(item, figures): (&Item, [f64; 9])| {
            let [
                surprise,
                displacement,
                shift,
                prediction_cosine,
                unchanged_cosine,
                residual_squared,
                change_squared,
                prediction_norm,
                edited_norm,
            ] = figures;
            Ok(Measured {
                surprise,
                percentile: self.percentile(item, surprise)?,
                displacement,
                shift,
                prediction_cosine,
                unchanged_cosine,
                residual_squared,
                change_squared,
                prediction_norm,
                edited_norm,
            })
        };
        batch.iter().zip(joined).map(measured).collect()
    }

    /// The prediction from each reference state of a view, before the states themselves.
    fn predicted(
        &self,
        viewed: &Viewed<'_>,
        [reference, edited]: [Vec<f32>; 2],
    ) -> Result<[Vec<f32>; 3]> {
        let bundle = &self.bundle;
        let width = bundle.encoder.d_state();
        let rows = reference.len() / width;
        let matrix = self.ops.matrix(reference.clone(), rows, width);
        let actions = bundle.action.forward(&self.ops, &viewed.edits())?;
        let prediction = self.read(&bundle.predictor.predict(&self.ops, &matrix, &actions))?;
        Ok([prediction, reference, edited])
    }

    /// What `of` makes of the reference and edited states of each view, and the figures of that, joined.
    fn in_views<const STATES: usize, const N: usize>(
        &self,
        batch: &[Item],
        of: impl Fn(&Viewed<'_>, [Vec<f32>; 2]) -> Result<[Vec<f32>; STATES]>,
        how: [Aggregation; N],
        figures: impl Fn([&[f32]; STATES]) -> [f64; N],
    ) -> Result<Vec<[f64; N]>> {
        let windows = Windows::of_model(&self.bundle.info.config);
        let mut views = Vec::new();
        for &view in windows.views.as_slice() {
            let items = batch.iter().map(|item| (&item.sequence, &item.edit));
            let viewed = windows.viewed(view, items)?;
            let states = self.bundle.encoder.encode(&self.ops, &viewed.sites())?;
            let states = [
                self.read_states(&states.reference)?,
                self.read_states(&states.edited)?,
            ];
            let states = of(&viewed, states)?;
            views.push((viewed.order().collect::<Vec<_>>(), states));
        }
        let mut all = vec![Vec::new(); batch.len()];
        for (order, states) in &views {
            for (row, &index) in order.iter().enumerate() {
                let row = states.each_ref().map(|states| self.rows(states).nth(row));
                all[index].push(row.map(Option::unwrap_or_default));
            }
        }
        all.iter()
            .map(|views| aggregate_states(views, how, &figures))
            .collect()
    }

    /// As the scorer calibrates an edit without annotation.
    fn percentile(&self, item: &Item, surprise: f64) -> Result<f64> {
        let label = ContextLabel::classify(None, &item.sequence, None)?;
        let least = ScoreOptions::default().min_bucket_size;
        let table = &self.bundle.info.calibration;
        let id = table.id_of(item.edit.kind(), &label.bucket_id());
        Ok(table.resolve(&id, least)?.percentile(surprise))
    }
}

/// Surprise, displacement, shift, the cosines of the prediction and of no change, the squares of surprise
/// and shift, and the lengths of the prediction and of the edited state.
fn figures([prediction, reference, edited]: [&[f32]; 3]) -> [f64; 9] {
    let residual = surprise_distance(prediction, edited);
    let change = surprise_distance(reference, edited);
    [
        residual,
        displacement(prediction, reference),
        change,
        1.0 - displacement(prediction, edited),
        1.0 - displacement(reference, edited),
        residual * residual,
        change * change,
        norm(prediction),
        norm(edited),
    ]
}

fn norm(state: &[f32]) -> f64 {
    let squares = state.iter().map(|&x| f64::from(x) * f64::from(x));
    squares.sum::<f64>().sqrt()
}

/// Uniform with the standard deviation `std`; 1 for what scales rows.
fn draw(rng: &mut ChaCha8Rng, role: Role, std: f64) -> f32 {
    if role == Role::Row {
        return 1.0;
    }
    ((2.0 * unit(rng) - 1.0) * 3.0_f64.sqrt() * std) as f32
}
