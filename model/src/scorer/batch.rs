//! One batch of placed edits: encode, predict, measure.

use super::calibrate::{Distances, ScoreOptions, Scored, calibrate_all};
use super::placer::Candidate;
use crate::bundle::Bundle;
use crate::encoder::{EditedWindow, Site};
use crate::ops::Ops;
use genolewm_core::Result;
use genolewm_core::edit::{RelEdit, apply_edit};
use genolewm_core::surprise::{displacement, surprise_distance};
use genolewm_core::window::ExtractedWindow;
use std::sync::Arc;

/// Edits that are run beside one pass over their reference; more have another one, which costs little
/// beside theirs. Hardly a site of a file has as many.
pub(super) const MOST_EDITS_OF_SITE: usize = 8;

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
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let edits = candidates
            .iter()
            .map(|Candidate { edit, window }| window.place(edit))
            .collect::<Result<Vec<_>>>()?;
        let (sites, order) = group(candidates, &edits)?;
        let states = self.bundle.encoder.encode(&self.ops, &sites)?;
        let ordered: Vec<RelEdit> = order.iter().map(|&index| edits[index].clone()).collect();
        let actions = self.bundle.action.forward(&self.ops, &ordered)?;
        let prediction = self
            .bundle
            .predictor
            .predict(&self.ops, &states.reference, &actions);
        let prediction = self.ops.read(&prediction).await?;
        let encoder = &self.bundle.encoder;
        let reference = encoder.read(&self.ops, &states.reference).await?;
        let edited = encoder.read(&self.ops, &states.edited).await?;
        let width = encoder.d_state();
        let mut results: Vec<Option<Distances>> = vec![None; candidates.len()];
        for (row, &index) in order.iter().enumerate() {
            let span = row * width..(row + 1) * width;
            let prediction = &prediction[span.clone()];
            results[index] = Some(Distances::new(
                surprise_distance(prediction, &edited[span.clone()]),
                displacement(prediction, &reference[span]),
            )?);
        }
        Ok(results.into_iter().flatten().collect())
    }
}

/// Groups candidates by window. Returns the sites and, for each edit of each site in order, the
/// index of its candidate.
fn group<'a>(
    candidates: &'a [Candidate],
    edits: &[RelEdit],
) -> Result<(Vec<Site<'a>>, Vec<usize>)> {
    let mut sites: Vec<(&Arc<ExtractedWindow>, Vec<usize>)> = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        // Equal windows come one after another, save for overlapping records.
        match sites
            .iter_mut()
            .rev()
            .find(|(window, _)| Arc::ptr_eq(window, &candidate.window))
        {
            Some((_, members)) if members.len() < MOST_EDITS_OF_SITE => members.push(index),
            _ => sites.push((&candidate.window, vec![index])),
        }
    }
    let order: Vec<usize> = sites
        .iter()
        .flat_map(|(_, members)| members.iter().copied())
        .collect();
    let site = |(window, members): (&'a Arc<ExtractedWindow>, Vec<usize>)| -> Result<Site<'a>> {
        let edited = |&index: &usize| -> Result<EditedWindow> {
            let edit = &edits[index];
            Ok(EditedWindow {
                bases: apply_edit(window.sequence(), edit, true)?,
                locus: Some(edit.rel_pos()),
            })
        };
        Ok(Site {
            reference: window.sequence(),
            edits: members.iter().map(edited).collect::<Result<_>>()?,
        })
    };
    Ok((sites.into_iter().map(site).collect::<Result<_>>()?, order))
}
