//! One batch of placed edits: encode, predict, measure.

use super::calibrate::{Distances, ScoreOptions, Scored, calibrate_all};
use super::placer::Candidate;
use super::windows::{Viewed, Windows};
use crate::bundle::Bundle;
use crate::ops::{Ops, check_finite, not_finite};
use genolewm_core::Result;
use genolewm_core::surprise::{aggregate_states, displacement, surprise_distance};

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
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let items = || {
            let windows = candidates.iter().map(|it| it.window.sequence());
            windows.zip(&edits)
        };
        let views = windows.views.as_slice().iter();
        let views = views
            .map(|&view| windows.viewed(view, items()))
            .collect::<Result<Vec<_>>>()?;
        // A device is waited for once, when all of it is under way.
        let mut answers = Vec::with_capacity(3 * views.len());
        for viewed in &views {
            answers.extend(self.answers(viewed)?);
        }
        let answers = self.ops.download(&self.ops.concat_rows(&answers)).await?;
        let per_view = (answers.len() / views.len().max(1)).max(1);
        let per_view = answers.chunks_exact(per_view);
        let mut of_views = vec![Vec::new(); candidates.len()];
        for (viewed, answers) in views.iter().zip(per_view) {
            for (index, states) in viewed.order().zip(self.states_of(answers)?) {
                of_views[index].push(states);
            }
        }
        let distances = |states: &Vec<[&[f32]; 3]>| {
            let how = [windows.aggregation; 2];
            let of_view = |[prediction, reference, edited]: [&[f32]; 3]| {
                [
                    surprise_distance(prediction, edited),
                    displacement(prediction, reference),
                ]
            };
            let joined = aggregate_states(states, how, of_view).map_err(|_| not_finite());
            let [surprise, displacement] = joined?;
            Distances::new(surprise, displacement)
        };
        of_views.iter().map(distances).collect()
    }

    /// For each edit of a view, in the order of its sites: what is predicted, then the states of the
    /// reference, then those of the edited windows.
    fn answers(&self, viewed: &Viewed<'_>) -> Result<[O::Matrix; 3]> {
        let (ops, bundle) = (&self.ops, &self.bundle);
        let states = bundle.encoder.encode(ops, &viewed.sites())?;
        let actions = bundle.action.forward(ops, &viewed.edits())?;
        let prediction = bundle.predictor.predict(ops, &states.reference, &actions);
        Ok([prediction, states.reference, states.edited])
    }

    /// Prediction, reference state and edited state of each edit of a view, by its [`answers`](Self::answers).
    fn states_of<'a>(
        &self,
        answers: &'a [f32],
    ) -> Result<impl Iterator<Item = [&'a [f32]; 3]> + use<'a, O>> {
        let encoder = &self.bundle.encoder;
        let (prediction, states) = answers.split_at(answers.len() / 3);
        let (reference, edited) = states.split_at(states.len() / 2);
        check_finite(prediction)?;
        encoder.check(reference)?;
        encoder.check(edited)?;
        let [prediction, reference, edited] =
            [prediction, reference, edited].map(|states| states.chunks_exact(encoder.d_state()));
        let states = prediction.zip(reference).zip(edited);
        Ok(states.map(|((prediction, reference), edited)| [prediction, reference, edited]))
    }
}
