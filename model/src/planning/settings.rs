//! What is planned, and how.

use crate::scorer::Prediction;
use genolewm_core::edit::EditType;
use genolewm_core::planning::{
    ActionSampler, CostKind, DEFAULT_ACTION_TYPE_WEIGHTS, DistanceKind, PlanConstraints,
    PlanningConfig, SamplerOptions,
};
use genolewm_core::position::BpOffset;
use genolewm_core::{Error, Result};
use serde_json::{Value, json};

/// The settings of a plan.
#[derive(Debug, Clone)]
pub struct PlanSettings {
    /// The search. Its seed is 0 where none is given, so that a plan can always be made again.
    pub search: PlanningConfig,
    /// What a sequence of edits costs.
    pub cost: CostKind,
    /// How far a state is from the wanted one.
    pub distance: DistanceKind,
    /// Types of the edits that are drawn, by their usual weights.
    pub edit_types: Vec<EditType>,
    /// Bases at either end of the window that stay.
    pub edge_margin: usize,
    /// Width of the stretches in which the search learns where edits are good.
    pub position_bin_bp: usize,
    /// How several edits are predicted.
    pub prediction: Prediction,
    /// How many candidates of a round, the best by prediction, are made for real and ranked by that.
    pub reencode: usize,
    /// Where states are pooled, from the window's start; the whole window unless told.
    pub locus: Option<BpOffset>,
    /// What no candidate may do.
    pub constraints: PlanConstraints,
}

impl Default for PlanSettings {
    fn default() -> Self {
        let sampler = SamplerOptions::default();
        Self {
            search: PlanningConfig::default(),
            cost: CostKind::default(),
            distance: DistanceKind::default(),
            edit_types: vec![EditType::Snv],
            edge_margin: sampler.edge_margin,
            position_bin_bp: sampler.position_bin_bp,
            prediction: Prediction::default(),
            reencode: 0,
            locus: None,
            constraints: PlanConstraints::default(),
        }
    }
}

impl PlanSettings {
    /// What draws edits of a window.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a locus outside the window; as [`ActionSampler::constrained`].
    pub fn sampler(&self, window: &str) -> Result<ActionSampler> {
        if let Some(locus) = self
            .locus
            .filter(|locus| locus.get() >= window.len() as u64)
        {
            return Err(Error::input("the locus does not lie in the window")
                .with_detail("locus", locus)
                .with_detail("window_bp", window.len())
                .with_remedy("count from 0 at the window's first base"));
        }
        let usual = DEFAULT_ACTION_TYPE_WEIGHTS.into_iter();
        let options = SamplerOptions {
            seed: self.seed(),
            edge_margin: self.edge_margin,
            type_weights: usual
                .filter(|(edit_type, _)| self.edit_types.contains(edit_type))
                .collect(),
            position_bin_bp: self.position_bin_bp,
            ..SamplerOptions::default()
        };
        ActionSampler::constrained(window, options, self.constraints.clone())
    }

    /// The seed that is used.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.search.seed.unwrap_or(0)
    }

    /// As they stand in reports and receipts.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let types = self.edit_types.iter().map(|one| one.as_str());
        let types: Vec<String> = types.map(str::to_ascii_lowercase).collect();
        let stretch =
            |one: &genolewm_core::position::Interval| json!([one.start.get(), one.end.get()]);
        let PlanConstraints {
            protected,
            within,
            keep_frame,
            forbidden,
        } = &self.constraints;
        json!({
            "cost": self.cost.as_str(),
            "cost_weight": self.search.cost_weight,
            "distance": self.distance.as_str(),
            "edge_margin": self.edge_margin,
            "edit_types": types.join(","),
            "horizon": self.search.horizon,
            "n_elite": self.search.n_elite,
            "n_iterations": self.search.n_iterations,
            "n_samples": self.search.n_samples,
            "planner": self.search.planner.as_str(),
            "patience": self.search.patience,
            "position_bin_bp": self.position_bin_bp,
            "seed": self.seed(),
            "smoothing": self.search.smoothing,
            "stopping_eps": self.search.stopping_eps,
            "prediction": self.prediction.as_str(),
            "reencode": self.reencode,
            "locus": self.locus.map(BpOffset::get),
            "constraints": {
                "protected": protected.iter().map(stretch).collect::<Vec<_>>(),
                "within": within.as_ref().map(stretch),
                "keep_frame": keep_frame,
                "forbidden_motifs": forbidden.iter().map(ToString::to_string).collect::<Vec<_>>(),
            },
        })
    }
}

/// The types of a list of names such as `snv,ins`.
///
/// # Errors
/// `INPUT.GENERIC` for a name that is none, or no name at all.
pub fn edit_types_by_name(names: &str) -> Result<Vec<EditType>> {
    let named = |name: &str| {
        let mut all = EditType::ALL.iter().copied();
        all.find(|one| *one != EditType::Sv && one.as_str().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                Error::input("this type of edits cannot be planned")
                    .with_detail("edit_type", name)
                    .with_remedy("name some of snv, ins, del, mnv and indel, with commas between")
            })
    };
    names.split(',').map(|name| named(name.trim())).collect()
}
