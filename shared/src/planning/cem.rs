//! The cross-entropy method: draw sequences, keep the best, refit the sampler to them, again.

use super::ActionSampler;
use super::config::PlanningConfig;
use super::constraints::Refusals;
use super::cost::{CostFn, count_cost, custom_cost};
#[cfg(feature = "experimental")]
use super::mcts::Tree;
use super::sampler::DrawnSequences;
use crate::edit::RelEdit;
use crate::{Error, Result};
use alloc::vec::Vec;
use core::cmp::Ordering;

/// What the caller says about one sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateEvaluation {
    /// Distance from the goal, at least 0.
    pub distance: f64,
    /// The state that the sequence leads to, handed back with the result.
    pub predicted_state: Option<Vec<f32>>,
    /// Whether the distance is that of the sequence made for real. Such come before those that are only
    /// predicted: prediction and encoder have different scales of error.
    pub is_real: bool,
}

impl From<f64> for CandidateEvaluation {
    fn from(distance: f64) -> Self {
        Self {
            distance,
            predicted_state: None,
            is_real: false,
        }
    }
}

/// One round, in figures.
#[derive(Debug, Clone, PartialEq)]
pub struct CemIterationLog {
    /// Round, from 1.
    pub iteration: usize,
    /// Distance of the round's best sequence.
    pub best_distance: f64,
    /// Its cost.
    pub best_cost: f64,
    /// Its distance plus weighted cost.
    pub best_objective: f64,
    /// Mean distance of the sequences kept.
    pub elite_mean_distance: f64,
    /// Mean objective of the sequences kept.
    pub elite_mean_objective: f64,
    /// Sequences drawn.
    pub n_candidates: usize,
}

/// Why the search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// Closer than `stopping_eps`.
    DistanceThreshold,
    /// `patience` rounds without improvement.
    Patience,
    /// All rounds are done.
    MaxIterations,
    /// The refitted sampler found no more sequences that may be applied.
    NoCandidates,
}

names! {
    /// The stable name in reports.
    StopReason:
    DistanceThreshold = "distance_threshold",
    Patience = "patience",
    MaxIterations = "max_iterations",
    NoCandidates = "no_candidates",
}

/// The best sequence found, and how the search went. Time is the caller's to measure: not every
/// platform of this crate has a clock.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanningResult {
    /// The edits, disjoint, all placed in the unedited window.
    pub best_edits: Vec<RelEdit>,
    /// Their distance from the goal.
    pub best_distance: f64,
    /// Their cost.
    pub best_cost: f64,
    /// Distance plus weighted cost.
    pub best_objective: f64,
    /// The state that they lead to, if the evaluation gave one.
    pub best_predicted_state: Option<Vec<f32>>,
    /// Sequences evaluated.
    pub n_evaluations: usize,
    /// The rounds, in order.
    pub iterations: Vec<CemIterationLog>,
    /// Why the search ended.
    pub stopped_reason: StopReason,
    /// Sequences for which no room was found.
    pub dropped: usize,
    /// Draws of edits that were made again.
    pub refusals: Refusals,
}

/// Searches for the sequence of edits with the least distance plus weighted cost, evaluating one
/// sequence at a time. `cost_fn` counts edits when it is `None`. The sampler itself is left as it is:
/// the same sampler, seed and evaluation give the same plan.
///
/// # Errors
/// `INPUT.GENERIC` for a configuration out of range, or a distance or cost that is below 0 or not
/// finite; and the errors of `evaluate`, `cost_fn` and the sampler.
///
/// ```
/// use genolewm_core::planning::{ActionSampler, PlanningConfig, SamplerOptions, plan};
/// let sampler = ActionSampler::new(&"ACGTTGCA".repeat(40), SamplerOptions::default())?;
/// let config = PlanningConfig { horizon: 1, seed: Some(7), ..Default::default() };
/// let far_from_100 = |edits: &[genolewm_core::edit::RelEdit]| {
///     let at: f64 = edits.iter().map(|edit| edit.rel_pos().get() as f64).sum();
///     Ok((at - 100.0).abs().into())
/// };
/// let result = plan(far_from_100, &sampler, &config, None)?;
/// assert_eq!(result.best_edits[0].rel_pos().get(), 100);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn plan(
    mut evaluate: impl FnMut(&[RelEdit]) -> Result<CandidateEvaluation>,
    sampler: &ActionSampler,
    config: &PlanningConfig,
    cost_fn: Option<&CostFn<'_>>,
) -> Result<PlanningResult> {
    let one_by_one = |sequences: &[Vec<RelEdit>]| sequences.iter().map(|s| evaluate(s)).collect();
    plan_batched(one_by_one, sampler, config, cost_fn)
}

/// As [`plan`], with all sequences of a round handed over at once: one evaluation for each must come
/// back, in order.
///
/// # Errors
/// As [`plan`]; `INPUT.GENERIC` when the number of evaluations differs.
pub fn plan_batched(
    mut evaluate: impl FnMut(&[Vec<RelEdit>]) -> Result<Vec<CandidateEvaluation>>,
    sampler: &ActionSampler,
    config: &PlanningConfig,
    cost_fn: Option<&CostFn<'_>>,
) -> Result<PlanningResult> {
    let mut planner = Planner::new(sampler, config)?;
    while planner.draw()? {
        let evaluations = evaluate(planner.candidates())?;
        planner.rank(evaluations, cost_fn)?;
    }
    planner.finish()
}

/// A search that is driven from outside, for evaluations that wait, run on several threads or can be
/// cancelled: [`draw`](Self::draw), evaluate the [`candidates`](Self::candidates),
/// [`rank`](Self::rank), and again until nothing more is drawn.
#[derive(Debug, Clone)]
pub struct Planner {
    config: PlanningConfig,
    sampler: ActionSampler,
    #[cfg(feature = "experimental")]
    tree: Option<Tree>,
    search: Search,
    candidates: Vec<Vec<RelEdit>>,
    ended: Option<StopReason>,
}

impl Planner {
    /// A search that was not begun.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a configuration out of range.
    pub fn new(sampler: &ActionSampler, config: &PlanningConfig) -> Result<Self> {
        config.check()?;
        let mut sampler = sampler.clone();
        if let Some(seed) = config.seed {
            sampler.reseed(seed);
        }
        Ok(Self {
            config: config.clone(),
            sampler,
            #[cfg(feature = "experimental")]
            tree: Tree::of(config.planner),
            search: Search::default(),
            candidates: Vec::new(),
            ended: None,
        })
    }

    /// Draws the candidates of the next round; `false` when the search is over.
    ///
    /// # Errors
    /// As [`ActionSampler::sample_sequence`], where not even the first round finds a candidate.
    pub fn draw(&mut self) -> Result<bool> {
        if self.ended.is_some() {
            return Ok(false);
        }
        if self.search.iterations.len() == self.config.n_iterations {
            self.ended = Some(StopReason::MaxIterations);
            return Ok(false);
        }
        let drawn = self.sequences();
        self.search.dropped += drawn.dropped;
        self.candidates = drawn.sequences;
        if !self.candidates.is_empty() {
            return Ok(true);
        }
        if self.search.best.is_none() {
            // Once more, for the reason.
            self.candidates = alloc::vec![self.sampler.sample_sequence(self.config.horizon)?];
            return Ok(true);
        }
        self.ended = Some(StopReason::NoCandidates);
        Ok(false)
    }

    fn sequences(&mut self) -> DrawnSequences {
        let (samples, horizon) = (self.config.n_samples, self.config.horizon);
        #[cfg(feature = "experimental")]
        if let Some(tree) = &mut self.tree {
            return tree.draw(&mut self.sampler, samples, horizon);
        }
        self.sampler.draw_sequences(samples, horizon)
    }

    /// The candidates of this round.
    #[must_use]
    pub fn candidates(&self) -> &[Vec<RelEdit>] {
        &self.candidates
    }

    /// Rounds that are done.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.search.iterations.len()
    }

    /// The least distance so far.
    #[must_use]
    pub fn best_distance(&self) -> Option<f64> {
        self.search.best.as_ref().map(|best| best.distance)
    }

    /// Ends the round: ranks its candidates by what the caller says of each, in order, and refits
    /// the sampler to the best. `cost_fn` counts edits when it is `None`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when the number of evaluations differs, or a distance or cost is below 0 or
    /// not finite; and the errors of `cost_fn`.
    pub fn rank(
        &mut self,
        evaluations: Vec<CandidateEvaluation>,
        cost_fn: Option<&CostFn<'_>>,
    ) -> Result<()> {
        let sequences = core::mem::take(&mut self.candidates);
        let mut ranked = judge(sequences, evaluations, &self.config, cost_fn)?;
        #[cfg(feature = "experimental")]
        if let Some(tree) = &mut self.tree {
            tree.learn(ranked.iter().map(|candidate| candidate.objective));
        }
        ranked.sort_by(PlanCandidate::order);
        let elite = ranked.get(..self.config.n_elite).unwrap_or(&ranked);
        let iteration = self.search.iterations.len() + 1;
        let round = log(iteration, elite, ranked.len());
        self.search.iterations.push(round);
        self.sampler.refit(
            elite.iter().flat_map(|candidate| &candidate.edits),
            self.config.smoothing,
        );
        self.ended = self.search.take_best(ranked, &self.config);
        Ok(())
    }

    /// The best of all rounds.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when there was none.
    pub fn finish(self) -> Result<PlanningResult> {
        let reason = self.ended.unwrap_or(StopReason::MaxIterations);
        self.search.finish(reason, self.sampler.refusals())
    }
}

#[derive(Debug, Clone)]
struct PlanCandidate {
    is_real: bool,
    edits: Vec<RelEdit>,
    distance: f64,
    cost: f64,
    objective: f64,
    predicted_state: Option<Vec<f32>>,
}

impl PlanCandidate {
    /// The best first; equal ones stay in the order of their draw.
    fn order(&self, other: &Self) -> Ordering {
        let real_first = other.is_real.cmp(&self.is_real);
        real_first.then(self.objective.total_cmp(&other.objective))
    }
}

/// The candidates of a round in the order of their draw, each with what it is worth.
fn judge(
    sequences: Vec<Vec<RelEdit>>,
    evaluations: Vec<CandidateEvaluation>,
    config: &PlanningConfig,
    cost_fn: Option<&CostFn<'_>>,
) -> Result<Vec<PlanCandidate>> {
    if sequences.len() != evaluations.len() {
        return Err(
            Error::input("there are not as many evaluations as sequences")
                .with_detail("sequences", sequences.len())
                .with_detail("evaluations", evaluations.len()),
        );
    }
    let mut judged = Vec::with_capacity(sequences.len());
    for (edits, evaluation) in sequences.into_iter().zip(evaluations) {
        let CandidateEvaluation {
            distance,
            predicted_state,
            is_real,
        } = evaluation;
        if !(distance.is_finite() && distance >= 0.0) {
            return Err(Error::input("a distance is below 0 or not finite")
                .with_detail("distance", distance));
        }
        let cost = match cost_fn {
            Some(cost_fn) => custom_cost(&edits, cost_fn)?,
            None => count_cost(&edits),
        };
        let objective = distance + config.cost_weight * cost;
        judged.push(PlanCandidate {
            is_real,
            edits,
            distance,
            cost,
            objective,
            predicted_state,
        });
    }
    Ok(judged)
}

fn log(iteration: usize, elite: &[PlanCandidate], n_candidates: usize) -> CemIterationLog {
    let mean =
        |of: fn(&PlanCandidate) -> f64| elite.iter().map(of).sum::<f64>() / elite.len() as f64;
    let best = |of: fn(&PlanCandidate) -> f64| elite.first().map_or(f64::NAN, of);
    CemIterationLog {
        iteration,
        best_distance: best(|c| c.distance),
        best_cost: best(|c| c.cost),
        best_objective: best(|c| c.objective),
        elite_mean_distance: mean(|c| c.distance),
        elite_mean_objective: mean(|c| c.objective),
        n_candidates,
    }
}

#[derive(Debug, Clone, Default)]
struct Search {
    best: Option<PlanCandidate>,
    rounds_without_gain: usize,
    iterations: Vec<CemIterationLog>,
    dropped: usize,
}

impl Search {
    /// Keeps the round's best if it is better, and says whether to stop.
    fn take_best(
        &mut self,
        ranked: Vec<PlanCandidate>,
        config: &PlanningConfig,
    ) -> Option<StopReason> {
        let challenger = ranked.into_iter().next()?;
        let known = self
            .best
            .as_ref()
            .map_or(f64::INFINITY, |best| best.objective);
        if challenger.objective < known {
            self.best = Some(challenger);
            self.rounds_without_gain = 0;
        } else {
            self.rounds_without_gain += 1;
        }
        if self
            .best
            .as_ref()
            .is_some_and(|best| best.distance < config.stopping_eps)
        {
            return Some(StopReason::DistanceThreshold);
        }
        (self.rounds_without_gain >= config.patience).then_some(StopReason::Patience)
    }

    fn finish(self, stopped_reason: StopReason, refusals: Refusals) -> Result<PlanningResult> {
        let Some(best) = self.best else {
            return Err(Error::input("no sequence has a finite objective"));
        };
        Ok(PlanningResult {
            best_edits: best.edits,
            best_distance: best.distance,
            best_cost: best.cost,
            best_objective: best.objective,
            best_predicted_state: best.predicted_state,
            n_evaluations: self.iterations.iter().map(|round| round.n_candidates).sum(),
            iterations: self.iterations,
            stopped_reason,
            dropped: self.dropped,
            refusals,
        })
    }
}
