//! Planning: which few edits bring a state close to a wanted one, by the cross-entropy method.
//!
//! [`plan`] is the cross-entropy method. It knows nothing of models: the caller says how far from the
//! goal a sequence of edits leads, by one of the distances here as a rule.

mod cost;
mod draws;
mod constraints;
mod sampler;
mod config;
#[cfg(feature = "experimental")]
mod mcts;
mod cem;
mod distance;
mod proxy;

pub use cem::{
    CandidateEvaluation, CemIterationLog, Planner, PlanningResult, StopReason, plan, plan_batched,
};
pub use config::{PlannerKind, PlanningConfig};
pub use constraints::{Motif, PlanConstraints, Refusals};
pub use cost::{
    CostFn, CostKind, DEFAULT_TYPE_COSTS, bp_cost, count_cost, custom_cost, edit_bp_cost,
    weighted_type_cost,
};
pub use distance::{
    DistanceKind, cosine_distance, l2_distance, projection_distance, region_distance,
};
pub use proxy::{check_proxy_pair, sequence_proxy};
pub use sampler::{
    ActionSampler, DEFAULT_ACTION_TYPE_WEIGHTS, DEFAULT_EDGE_MARGIN_BP, DrawnSequences,
    SamplerOptions,
};
