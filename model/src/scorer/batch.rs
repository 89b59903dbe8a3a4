//! One batch of placed edits: encode, predict, measure.

use super::calibrate::{Distances, ScoreOptions, Scored, calibrate_all};
use super::placer::Candidate;
use super::windows::{Viewed, Windows};
use crate::bundle::Bundle;
use crate::ops::{Ops, not_finite};
use genolewm_core::Result;
use genolewm_core::surprise::{aggregate, displacement, surprise_distance};

/// A loaded model and how it is used.
#[derive(Debug)]
pub struct Scorer<O: Ops> {
    ops: O,
    bundle: Bundle<O::Matrix>,
    options: ScoreOptions,
}

impl<O: Ops> Scorer<O> {
    /// A scorer over a loaded model.
    #[must_use]
    pub fn new(ops: O, bundle: Bundle<O::Matrix>, options: ScoreOptions) -> Self {
        Self {
            ops,
            bundle,
            options,
        }
    }

    /// The model.
    #[must_use]
    pub fn bundle(&self) -> &Bundle<O::Matrix> {
        &self.bundle
    }

    /// The backend.
    #[must_use]
    pub fn ops(&self) -> &O {
        &self.ops
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &ScoreOptions {
        &self.options
    }

    /// The same, with other options.
    #[must_use]
    pub fn with_options(mut self, options: ScoreOptions) -> Self {
        self.options = options;
        self
    }

    /// The backend and the model.
    #[must_use]
    pub fn into_parts(self) -> (O, Bundle<O::Matrix>) {
        (self.ops, self.bundle)
    }

    /// Encoder rows that were run so far.
    #[must_use]
    pub fn rows_run(&self) -> u64 {
        self.bundle.encoder.llama.rows_run()
    }

    /// Scores a batch; results are in the order of `candidates`.
    ///
    /// # Errors
    /// As [`distances`](Self::distances) and [`calibrate_all`].
    pub async fn score(&self, candidates: &[Candidate]) -> Result<Vec<Scored>> {
        let distances = self.distances(candidates).await?;
        calibrate_all(&self.bundle.info, &self.options, candidates, distances)
    }

    /// What the network says of a batch, in the order of `candidates`.
    ///
    /// # Errors
    /// `INPUT.OUT_OF_WINDOW` or `INPUT.WINDOW_MISMATCH` when an edit does not fit its window,
    /// `INTERNAL.INVARIANT_VIOLATION` when the model gives anything but finite numbers, and what
    /// the device reports.
    pub async fn distances(&self, candidates: &[Candidate]) -> Result<Vec<Distances>> {
        self.distances_in(&self.windows(), candidates).await
    }

    /// The windows that variants are read in.
    #[must_use]
    pub fn windows(&self) -> Windows {
        self.options.windows(&self.bundle.info.config)
    }

    /// As [`distances`](Self::distances), in these windows.
    ///
    /// # Errors
    /// As [`distances`](Self::distances).
    pub async fn distances_in(
        &self,
        windows: &Windows,
        candidates: &[Candidate],
    ) -> Result<Vec<Distances>> {
        let edits = candidates
            .iter()
            .map(|Candidate { edit, window, .. }| window.place(edit))
            .collect::<Result<Vec<_>>>()?;
        let mut of_views = vec![(Vec::new(), Vec::new()); candidates.len()];
        for &view in windows.views.as_slice() {
            let items = candidates.iter().zip(&edits);
            let items = items.map(|(candidate, edit)| (candidate.window.sequence(), edit));
            let viewed = windows.viewed(view, items)?;
            let distances = self.distances_of(&viewed).await?;
            for (index, (surprise, displacement)) in viewed.order().zip(distances) {
                let (surprises, displacements) = &mut of_views[index];
                surprises.push(surprise);
                displacements.push(displacement);
            }
        }
        let joined = |(surprises, displacements): &(Vec<f64>, Vec<f64>)| {
            let [surprise, displacement] = [surprises, displacements].map(|distances| {
                aggregate(distances, windows.aggregation).map_err(|_| not_finite())
            });
            Distances::new(surprise?, displacement?)
        };
        of_views.iter().map(joined).collect()
    }

    /// Surprise and displacement of each edit of a view, in the order of its sites.
    async fn distances_of(&self, viewed: &Viewed<'_>) -> Result<Vec<(f64, f64)>> {
        let edits = viewed.edits();
        if edits.is_empty() {
            return Ok(Vec::new());
        }
        let (ops, encoder) = (&self.ops, &self.bundle.encoder);
        let states = encoder.encode(ops, &viewed.sites())?;
        let actions = self.bundle.action.forward(ops, &edits)?;
        let prediction = self
            .bundle
            .predictor
            .predict(ops, &states.reference, &actions);
        let prediction = ops.read(&prediction).await?;
        let reference = encoder.read(ops, &states.reference).await?;
        let edited = encoder.read(ops, &states.edited).await?;
        let rows = |states| <[f32]>::chunks_exact(states, encoder.d_state());
        let states = rows(&prediction).zip(rows(&reference)).zip(rows(&edited));
        Ok(states
            .map(|((prediction, reference), edited)| {
                (
                    surprise_distance(prediction, edited),
                    displacement(prediction, reference),
                )
            })
            .collect())
    }
}
