//! How a plan is searched for.

use crate::limits::{MAX_PLAN_HORIZON, MAX_PLAN_SAMPLES};
use crate::{Error, Result};

/// Where the candidates of a plan come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlannerKind {
    /// The cross-entropy method: the sampler, refitted to the best candidates of each round.
    #[default]
    CrossEntropy,
    /// Experimental: a Monte-Carlo tree search, in builds with the feature `experimental`.
    TreeSearch,
}

names! {
    /// The name in flags and reports.
    PlannerKind:
    CrossEntropy = "cem",
    TreeSearch = "mcts",
}

parse_by_name!(PlannerKind, "a planner is cem or mcts", "planner");

impl PlannerKind {
    fn check(self, has_experimental: bool) -> Result<()> {
        if self == Self::CrossEntropy || has_experimental {
            return Ok(());
        }
        Err(
            Error::input("this planner is experimental, and not in this build")
                .with_detail("planner", self.as_str())
                .with_remedy("plan with cem, or build with `--features experimental`"),
        )
    }
}

/// How a plan is searched for.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanningConfig {
    /// Where candidates come from.
    pub planner: PlannerKind,
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
            planner: PlannerKind::default(),
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
    /// Refuses settings that mean nothing, are out of all proportion, or that this build lacks.
    ///
    /// # Errors
    /// `INPUT.GENERIC`, naming them.
    pub fn check(&self) -> Result<()> {
        self.planner.check(cfg!(feature = "experimental"))?;
        for (name, value, most) in [
            ("horizon", self.horizon, MAX_PLAN_HORIZON),
            ("n_iterations", self.n_iterations, MAX_PLAN_HORIZON),
            ("n_samples", self.n_samples, MAX_PLAN_SAMPLES),
        ] {
            if value > most {
                return Err(Error::input(alloc::format!("{name} is {most} at most"))
                    .with_detail(name, value)
                    .with_remedy("plan fewer edits, rounds or candidates"));
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_experimental_planner_is_refused_by_name_where_it_is_not_built() {
        let refused = PlannerKind::TreeSearch.check(false).unwrap_err();
        assert!(
            refused
                .remedy()
                .is_some_and(|remedy| remedy.contains("--features experimental"))
        );
        assert!(alloc::format!("{refused:?}").contains("mcts"));
        assert!(
            PlannerKind::TreeSearch.check(true).is_ok()
                && PlannerKind::CrossEntropy.check(false).is_ok()
        );
    }
}
