//! The search, in batches that anybody may evaluate.

use super::settings::PlanSettings;
use genolewm_core::edit::RelEdit;
use genolewm_core::planning::{
    CandidateEvaluation, CostKind, DistanceKind, Planner, PlannerKind, PlanningResult,
};
use genolewm_core::{Error, Result};

/// Candidates of one batch. It never depends on the machine, so that a plan does not either.
pub const PLAN_BATCH: usize = 64;

/// The state that a plan starts from, and the wanted one.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanEnds {
    /// That of the window.
    pub initial: Vec<f32>,
    /// The wanted one.
    pub target: Vec<f32>,
}

/// A search under way: [`draw`](Self::draw), answer every [`batch`](Self::batch) in order, make
/// [those that are asked for](Self::to_reencode) for real, [`rank`](Self::rank), and again until nothing
/// more is drawn.
#[derive(Debug, Clone)]
pub struct PlanSearch {
    planner: Planner,
    ends: PlanEnds,
    distance: DistanceKind,
    cost: CostKind,
    cost_weight: f64,
    answers: Vec<CandidateEvaluation>,
    /// The best candidates of this round so far, by objective and number, whose states are kept.
    best: Vec<(f64, usize)>,
    /// How many of a round are made for real.
    reencode: usize,
}

impl PlanSearch {
    /// A search for edits of `window`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for settings that mean nothing, a window without room, or states of unlike or
    /// no width.
    pub fn new(window: &str, settings: &PlanSettings, ends: PlanEnds) -> Result<Self> {
        // Before anything is drawn: a target of another width is no target.
        settings.distance.between(&ends.initial, &ends.target)?;
        if settings.reencode > 0 && settings.search.planner == PlannerKind::TreeSearch {
            // Its nodes' means would mix two scales of error.
            return Err(Error::input("a tree is searched by predictions alone")
                .with_remedy("leave --reencode out, or plan with --planner cem"));
        }
        let mut config = settings.search.clone();
        config.seed = Some(settings.seed());
        Ok(Self {
            planner: Planner::new(&settings.sampler(window)?, &config)?,
            ends,
            distance: settings.distance,
            cost: settings.cost,
            cost_weight: settings.search.cost_weight,
            answers: Vec::new(),
            best: Vec::new(),
            reencode: settings.reencode,
        })
    }

    /// Draws the candidates of the next round; `false` when the search is over.
    ///
    /// # Errors
    /// As [`Planner::draw`].
    pub fn draw(&mut self) -> Result<bool> {
        self.answers.clear();
        self.best.clear();
        self.planner.draw()
    }

    /// The state that all candidates start from, and the wanted one.
    #[must_use]
    pub const fn ends(&self) -> &PlanEnds {
        &self.ends
    }

    /// Batches of this round.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.planner.candidates().len().div_ceil(PLAN_BATCH)
    }

    /// The candidates of a batch of this round; none beyond the last.
    #[must_use]
    pub fn batch(&self, index: usize) -> Vec<&[RelEdit]> {
        let mut batches = self.planner.candidates().chunks(PLAN_BATCH);
        let batch = batches.nth(index).unwrap_or_default();
        batch.iter().map(Vec::as_slice).collect()
    }

    /// Takes the states that the candidates of the next batch lead to, `[candidates, d_state]`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when they are not as many; as [`DistanceKind::between`] and [`CostKind::of`].
    pub fn answer(&mut self, states: &[f32]) -> Result<()> {
        let width = self.ends.target.len();
        let candidates = self.planner.candidates().iter().skip(self.answers.len());
        let candidates = candidates.take(PLAN_BATCH);
        if states.len() != candidates.len() * width {
            return Err(Error::input("there are not as many states as candidates")
                .with_detail("numbers", states.len())
                .with_detail("candidates", candidates.len()));
        }
        for (edits, state) in candidates.zip(states.chunks_exact(width)) {
            let distance = self.distance.between(state, &self.ends.target)?;
            let objective = distance + self.cost_weight * self.cost.of(edits)?;
            let place = self.best.partition_point(|(other, _)| *other <= objective);
            // Only the states of the best are ever wanted.
            let is_best = place < self.reencode.max(1);
            if is_best {
                self.best.insert(place, (objective, self.answers.len()));
            }
            self.answers.push(CandidateEvaluation {
                predicted_state: is_best.then(|| state.to_vec()),
                ..distance.into()
            });
            if self.best.len() > self.reencode.max(1)
                && let Some((_, worst)) = self.best.pop()
            {
                self.answers[worst].predicted_state = None;
            }
        }
        Ok(())
    }

    /// The candidates of this round that are to be made for real, the best first.
    #[must_use]
    pub fn to_reencode(&self) -> Vec<&[RelEdit]> {
        let candidates = self.planner.candidates();
        let best = self.best.iter().take(self.reencode);
        let edits = best.filter_map(|(_, index)| candidates.get(*index));
        edits.map(Vec::as_slice).collect()
    }

    /// Takes the states of the windows with these edits, `[candidates, d_state]`: from now on their
    /// distances are the real ones.
    ///
    /// # Errors
    /// As [`answer`](Self::answer).
    pub fn reencoded(&mut self, states: &[f32]) -> Result<()> {
        let (width, count) = (self.ends.target.len(), self.to_reencode().len());
        if states.len() != count * width {
            return Err(Error::input("there are not as many states as candidates")
                .with_detail("numbers", states.len())
                .with_detail("candidates", count));
        }
        for ((_, index), state) in self.best.iter().zip(states.chunks_exact(width)) {
            let answer = &mut self.answers[*index];
            answer.distance = self.distance.between(state, &self.ends.target)?;
            answer.is_real = true;
        }
        Ok(())
    }

    /// Ends the round.
    ///
    /// # Errors
    /// As [`Planner::rank`].
    pub fn rank(&mut self) -> Result<()> {
        let cost = self.cost;
        let answers = core::mem::take(&mut self.answers);
        self.planner.rank(answers, Some(&|edits| cost.of(edits)))
    }

    /// Rounds that are done.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.planner.rounds()
    }

    /// The least distance so far.
    #[must_use]
    pub fn best_distance(&self) -> Option<f64> {
        self.planner.best_distance()
    }

    /// The best of all rounds.
    ///
    /// # Errors
    /// As [`Planner::finish`].
    pub fn finish(self) -> Result<PlanningResult> {
        self.planner.finish()
    }
}
