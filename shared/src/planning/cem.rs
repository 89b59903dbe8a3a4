//! The cross-entropy method: draw sequences, keep the best, refit the sampler to them, again.

use super::ActionSampler;
use super::cost::{CostFn, count_cost, custom_cost};
use crate::edit::RelEdit;
use crate::{Error, Result};
use alloc::vec::Vec;

/// How a plan is searched for.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanningConfig {
    /// Edits in a sequence.
    pub horizon: usize,
    /// At most so many rounds of draw, keep and refit.
    pub n_iterations: usize,
    /// Sequences drawn in a round.
    pub n_samples: usize,
    /// Sequences kept in a round.
    pub n_elite: usize,
    /// What one unit of cost weighs against one unit of distance.
    pub cost_weight: f64,
    /// Stop when the best sequence is closer than this.
    pub stopping_eps: f64,
    /// Stop after so many rounds without improvement.
    pub patience: usize,
    /// Starts the sampler's random stream again; `None` goes on from where it is.
    pub seed: Option<u64>,
    /// The share of the old weights that a refit keeps, 0..=1.
    pub smoothing: f64,
}

impl Default for PlanningConfig {
    fn default() -> Self {
        Self {
            horizon: 5,
            n_iterations: 5,
            n_samples: 1_024,
            n_elite: 64,
            cost_weight: 0.0,
            stopping_eps: 0.05,
            patience: 2,
            seed: None,
            smoothing: 0.1,
        }
    }
}

impl PlanningConfig {
    fn check(&self) -> Result<()> {
        let counts = [
            self.n_iterations,
            self.n_samples,
            self.n_elite,
            self.patience,
        ];
        if counts.contains(&0) {
            return Err(Error::input(
                "n_iterations, n_samples, n_elite and patience start at 1",
            ));
        }
        if self.n_elite > self.n_samples {
            return Err(Error::input("n_elite must not exceed n_samples")
                .with_detail("n_elite", self.n_elite)
                .with_detail("n_samples", self.n_samples));
        }
        let positive = |value: f64| value.is_finite() && value >= 0.0;
        if !positive(self.cost_weight) || !positive(self.stopping_eps) {
            return Err(Error::input(
                "cost_weight and stopping_eps must be finite and at least 0",
            ));
        }
        if !(0.0..=1.0).contains(&self.smoothing) {
            return Err(Error::input("smoothing lies within 0 and 1"));
        }
        Ok(())
    }
}

/// What the caller says about one sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateEvaluation {
    /// Distance from the goal, at least 0.
    pub distance: f64,
    /// The state that the sequence leads to, handed back with the result.
    pub predicted_state: Option<Vec<f32>>,
}

impl From<f64> for CandidateEvaluation {
    fn from(distance: f64) -> Self {
        Self {
            distance,
            predicted_state: None,
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
}

names! {
    /// The stable name in reports.
    StopReason:
    DistanceThreshold = "distance_threshold",
    Patience = "patience",
    MaxIterations = "max_iterations",
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
    config.check()?;
    let mut sampler = sampler.clone();
    if let Some(seed) = config.seed {
        sampler.reseed(seed);
    }
    let mut search = Search::default();
    for iteration in 1..=config.n_iterations {
        let sequences = sampler.sample_sequences(config.n_samples, config.horizon)?;
        let evaluations = evaluate(&sequences)?;
        let ranked = rank(sequences, evaluations, config, cost_fn)?;
        let elite = ranked.get(..config.n_elite).unwrap_or(&ranked);
        search.iterations.push(log(iteration, elite, ranked.len()));
        sampler.refit(
            elite.iter().flat_map(|candidate| &candidate.edits),
            config.smoothing,
        );
        if let Some(reason) = search.take_best(ranked, config) {
            return search.finish(reason);
        }
    }
    search.finish(StopReason::MaxIterations)
}

struct PlanCandidate {
    edits: Vec<RelEdit>,
    distance: f64,
    cost: f64,
    objective: f64,
    predicted_state: Option<Vec<f32>>,
}

/// The candidates of a round, the best first; equal ones in the order of their draw.
fn rank(
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
    let mut ranked = Vec::with_capacity(sequences.len());
    for (edits, evaluation) in sequences.into_iter().zip(evaluations) {
        let CandidateEvaluation {
            distance,
            predicted_state,
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
        ranked.push(PlanCandidate {
            edits,
            distance,
            cost,
            objective,
            predicted_state,
        });
    }
    ranked.sort_by(|a, b| a.objective.total_cmp(&b.objective));
    Ok(ranked)
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

#[derive(Default)]
struct Search {
    best: Option<PlanCandidate>,
    rounds_without_gain: usize,
    iterations: Vec<CemIterationLog>,
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

    fn finish(self, stopped_reason: StopReason) -> Result<PlanningResult> {
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
        })
    }
}
