//! Rollouts of a model: states predicted edit by edit, each from the prediction before, and the states
//! that the encoder gives the window with the edits so far.

use genolewm::action::ActionEncoder;
use genolewm::bundle::Bundle;
use genolewm::encoder::{EditedWindow, Site, StateEncoder};
use genolewm::ops::Ops;
use genolewm::predictor::Predictor;
use genolewm::rollout::rollout;
use genolewm_core::Result;
use genolewm_core::edit::{RelEdit, apply_edits};
use genolewm_core::position::BpOffset;

/// A window and the edits that are made to it, one after the other.
#[derive(Debug, Clone, Copy)]
pub struct EditPath<'a> {
    /// Bases of the window.
    pub window: &'a str,
    /// Disjoint edits in the window's coordinates.
    pub edits: &'a [RelEdit],
    /// Where all of its states are pooled.
    pub locus: Option<BpOffset>,
}

/// The states along a path.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PathStates {
    /// Of the window without any edit.
    pub source: Vec<f32>,
    /// What the model predicts after each edit, each on the prediction before it.
    pub predicted: Vec<Vec<f32>>,
    /// What the encoder makes of the window with the edits so far.
    pub encoded: Vec<Vec<f32>>,
}

/// The networks that a rollout runs.
#[derive(Debug)]
pub struct Networks<'a, O: Ops> {
    /// The backend.
    pub ops: &'a O,
    /// Windows to states.
    pub encoder: &'a StateEncoder<O::Matrix>,
    /// Edits to actions.
    pub action: &'a ActionEncoder<O::Matrix>,
    /// States and actions to predictions.
    pub predictor: &'a Predictor<O::Matrix>,
}

impl<'a, O: Ops> Networks<'a, O> {
    /// Those of a loaded model.
    #[must_use]
    pub const fn of(ops: &'a O, bundle: &'a Bundle<O::Matrix>) -> Self {
        Self {
            ops,
            encoder: &bundle.encoder,
            action: &bundle.action,
            predictor: &bundle.predictor,
        }
    }

    /// The states of every path, in order. All have the same number of edits.
    ///
    /// # Errors
    /// As the model's, for an edit that does not fit its window.
    pub fn follow(&self, paths: &[EditPath<'_>]) -> Result<Vec<PathStates>> {
        let steps = paths.first().map_or(0, |path| path.edits.len());
        let sites = paths.iter().map(EditPath::site);
        let sites = sites.collect::<Result<Vec<Site<'_>>>>()?;
        let states = self.encoder.encode(self.ops, &sites)?;
        let encoded = self.states(&states.edited)?;
        // One locus a path, so that a path's reference rows are all alike.
        let sources = self.states(&states.reference)?.into_iter();
        let sources: Vec<Vec<f32>> = sources.step_by(steps.max(1)).collect();
        let edits: Vec<&[RelEdit]> = paths.iter().map(|path| path.edits).collect();
        let predicted = self.predict(&sources, &edits)?;
        let encoded = encoded.chunks(steps.max(1)).map(<[Vec<f32>]>::to_vec);
        let states = sources.into_iter().zip(predicted).zip(encoded);
        Ok(states
            .map(|((source, predicted), encoded)| PathStates {
                source,
                predicted,
                encoded,
            })
            .collect())
    }

    /// What is predicted of each source after each of its edits, one after the other. All have the same
    /// number of edits.
    ///
    /// # Errors
    /// As the model's.
    pub fn predict(
        &self,
        sources: &[Vec<f32>],
        edits: &[&[RelEdit]],
    ) -> Result<Vec<Vec<Vec<f32>>>> {
        let steps = edits.first().map_or(0, |edits| edits.len());
        let start = self
            .ops
            .matrix(sources.concat(), sources.len(), self.encoder.d_state());
        let by_step: Vec<RelEdit> = (0..steps)
            .flat_map(|step| edits.iter().map(move |edits| edits[step].clone()))
            .collect();
        let actions = self.action.forward(self.ops, &by_step)?;
        let mut predicted = vec![Vec::with_capacity(steps); sources.len()];
        for step in rollout(self.ops, self.predictor, &start, &actions)? {
            for (path, row) in predicted.iter_mut().zip(self.rows(&step)?) {
                path.push(row);
            }
        }
        Ok(predicted)
    }

    fn states(&self, matrix: &O::Matrix) -> Result<Vec<Vec<f32>>> {
        let values = pollster::block_on(self.encoder.read(self.ops, matrix))?;
        Ok(self.split(&values))
    }

    fn rows(&self, matrix: &O::Matrix) -> Result<Vec<Vec<f32>>> {
        let values = pollster::block_on(self.ops.read(matrix))?;
        Ok(self.split(&values))
    }

    fn split(&self, values: &[f32]) -> Vec<Vec<f32>> {
        let rows = values.chunks_exact(self.encoder.d_state());
        rows.map(<[f32]>::to_vec).collect()
    }
}

impl<'a> EditPath<'a> {
    /// The window after the first edit, after the first two, and so on.
    ///
    /// # Errors
    /// For an edit that does not fit the window.
    pub fn site(&self) -> Result<Site<'a>> {
        let edited = |count: usize| -> Result<EditedWindow> {
            Ok(EditedWindow {
                bases: apply_edits(self.window, &self.edits[..count], true)?,
                locus: self.locus,
            })
        };
        let edits = (1..=self.edits.len()).map(edited);
        Ok(Site {
            reference: self.window,
            edits: edits.collect::<Result<_>>()?,
        })
    }
}
