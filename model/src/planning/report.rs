//! What came of a plan, as JSON.

use super::settings::PlanSettings;
use crate::info::ModelInfo;
use crate::scorer::Prediction;
use genolewm_core::Result;
use genolewm_core::edit::RelEdit;
use genolewm_core::planning::{
    CemIterationLog, DistanceKind, PlanningResult, Refusals, cosine_distance, l2_distance,
};
use genolewm_core::provenance::GENO_LEWM_VERSION;
use genolewm_core::state_contract::STATE_CONTRACT_KEY;
use serde_json::{Value, json};

/// The version of the report's layout, as the Python package has it.
const SCHEMA_VERSION: &str = "0.1";

/// What a plan is evidence of.
const CLAIM_BOUNDARY: &str = "Planning output is research evidence only. It is not clinical, \
    deployment, privacy-assurance, or runtime-assurance evidence.";

/// What predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanMode {
    /// A model.
    Model,
    /// The bases themselves.
    SequenceProxy,
}

impl PlanMode {
    /// The name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "manifest_runtime",
            Self::SequenceProxy => "sequence_proxy",
        }
    }
}

/// The best plan made for real: the edits applied to the window, and the result encoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Reencoded {
    /// Distance of the real state from the wanted one.
    pub distance: f64,
    /// Distance of the state before all edits from the wanted one.
    pub initial_distance: f64,
    /// Euclidean distance of the prediction from the real state.
    pub prediction_error_l2: f64,
    /// 1 - cosine between them; none for a state of zeros.
    pub prediction_error_cosine: Option<f64>,
    /// How far the state that was planned from lies from that of the window: 0 unless it was given.
    pub initial_state_off: f64,
    /// The edited window's state.
    pub state: Vec<f32>,
}

impl Reencoded {
    /// Compares a prediction with what the encoder makes of the edited window. `initial` is the state
    /// that was planned from, `encoded` that of the unedited window.
    ///
    /// # Errors
    /// As [`DistanceKind::between`].
    pub fn new(
        distance: DistanceKind,
        [initial, encoded, target, predicted]: [&[f32]; 4],
        state: Vec<f32>,
    ) -> Result<Self> {
        Ok(Self {
            distance: distance.between(&state, target)?,
            initial_distance: distance.between(initial, target)?,
            prediction_error_l2: l2_distance(predicted, &state)?,
            prediction_error_cosine: cosine_distance(predicted, &state).ok(),
            initial_state_off: l2_distance(initial, encoded)?,
            state,
        })
    }

    fn to_json(&self) -> Value {
        json!({
            "distance": self.distance,
            "initial_distance": self.initial_distance,
            "prediction_error_l2": self.prediction_error_l2,
            "prediction_error_cosine": self.prediction_error_cosine,
            "initial_state_off": self.initial_state_off,
            "state": doubles(&self.state),
        })
    }
}

/// A finished plan.
#[derive(Debug, Clone)]
pub struct PlanReport<'a> {
    /// The settings.
    pub settings: &'a PlanSettings,
    /// What predicted.
    pub mode: PlanMode,
    /// The files that were read, as JSON.
    pub inputs: Value,
    /// What the search found.
    pub result: &'a PlanningResult,
    /// The wanted state.
    pub target: &'a [f32],
    /// The plan made for real.
    pub reencoded: Option<Reencoded>,
    /// The backend that ran.
    pub backend: &'a str,
    /// The model.
    pub info: Option<&'a ModelInfo>,
}

impl PlanReport<'_> {
    /// The whole report: that of the Python package, but for what differs from run to run (the date
    /// and the time taken), and with the plan made for real.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut findings = Vec::new();
        if self.mode == PlanMode::SequenceProxy {
            findings.push(
                "Sequence-proxy planning is not learned predictor evidence; use manifest_runtime \
                 mode for model evidence.",
            );
        }
        let reencoded = self.reencoded.as_ref();
        if reencoded.is_some_and(|real| real.distance >= real.initial_distance) {
            findings.push("The edited window is no closer to the target than the unedited one.");
        }
        let length = self.target.iter().map(|&x| f64::from(x) * f64::from(x));
        json!({
            "claim_boundary": CLAIM_BOUNDARY,
            "config": self.settings.to_json(),
            "evaluation_mode": self.mode.as_str(),
            "generated_by": "geno-lewm-plan",
            "inputs": self.inputs,
            "negative_findings": findings,
            "reencoded": reencoded.map(Reencoded::to_json),
            "result": self.result_json(),
            "runtime": {
                "backend": self.backend,
                "geno_lewm_version": GENO_LEWM_VERSION,
                "model_id": self.info.map(|info| info.model_id.as_str()),
                (STATE_CONTRACT_KEY): self.info.map(|info| info.config.encoder.contract.as_str()),
            },
            "schema_version": SCHEMA_VERSION,
            "target_state_summary": {
                "l2_norm": length.sum::<f64>().sqrt(),
                "length": self.target.len(),
            },
        })
    }

    /// What the search found.
    #[must_use]
    pub fn result_json(&self) -> Value {
        let result = self.result;
        let state = result.best_predicted_state.as_deref();
        json!({
            "best_cost": result.best_cost,
            "best_distance": result.best_distance,
            "best_edits": result.best_edits.iter().map(edit_json).collect::<Vec<_>>(),
            "best_objective": result.best_objective,
            "best_predicted_state": state.map(doubles),
            "dropped_sequences": result.dropped,
            "iterations": result.iterations.iter().map(round_json).collect::<Vec<_>>(),
            "n_evaluations": result.n_evaluations,
            "n_predictor_calls": self.predictor_calls(),
            "redrawn_edits": redrawn_json(result.refusals),
            "stopped_reason": result.stopped_reason.as_str(),
        })
    }

    /// Together, the edits of a candidate are one call.
    fn predictor_calls(&self) -> usize {
        match self.settings.prediction {
            Prediction::Together => self.result.n_evaluations,
            Prediction::Stepwise => self.result.n_evaluations * self.settings.search.horizon,
        }
    }
}

fn edit_json(edit: &RelEdit) -> Value {
    json!({
        "alt_bases": edit.alt_bases(),
        "edit_type": edit.edit_type().as_str(),
        "edit_type_id": edit.edit_type().index(),
        "ref_bases": edit.ref_bases(),
        "rel_pos": edit.rel_pos().get(),
    })
}

fn round_json(round: &CemIterationLog) -> Value {
    json!({
        "best_cost": round.best_cost,
        "best_distance": round.best_distance,
        "best_objective": round.best_objective,
        "elite_mean_distance": round.elite_mean_distance,
        "elite_mean_objective": round.elite_mean_objective,
        "iteration": round.iteration,
        "n_candidates": round.n_candidates,
    })
}

fn redrawn_json(refusals: Refusals) -> Value {
    json!({
        "unusable": refusals.unusable,
        "overlapping": refusals.overlapping,
        "protected": refusals.protected,
        "frame": refusals.frame,
        "motif": refusals.motif,
    })
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}
