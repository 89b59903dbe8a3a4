//! A plan that is driven from outside.

use crate::edits::{WindowEdit, write_sequences};
use crate::js_error::{JsResult, from_json, json, misuse};
use crate::model::Model;
use crate::run::now;
use genolewm::info::ModelInfo;
use genolewm::planning::{
    PlanEnds, PlanMode, PlanReceipt, PlanReport, PlanSearch, PlanSettings, Reencoded,
    edit_types_by_name,
};
use genolewm::scorer::{Prediction, ScoredBy};
use genolewm_core::edit::apply_edits;
use genolewm_core::planning::{CemIterationLog, PlanConstraints, PlanningConfig, PlanningResult};
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::window::canonicalize_dna;
use genolewm_core::{Error, Result};
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// How it is planned; what is left out is as the program's flags have it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Options {
    horizon: Option<usize>,
    iterations: Option<usize>,
    samples: Option<usize>,
    elite: Option<usize>,
    stopping_eps: Option<f64>,
    patience: Option<usize>,
    smoothing: Option<f64>,
    cost: Option<String>,
    cost_weight: Option<f64>,
    distance: Option<String>,
    edit_types: Option<Vec<String>>,
    edge_margin: Option<usize>,
    position_bin_bp: Option<usize>,
    prediction: Option<String>,
    reencode: usize,
    seed: Option<u64>,
    locus: Option<u64>,
    protect: Vec<Stretch>,
    within: Option<Stretch>,
    keep_frame: bool,
    forbid: Vec<String>,
}

/// Bases of the window, the end excluded.
#[derive(Deserialize)]
struct Stretch {
    start: u64,
    end: u64,
}

impl Stretch {
    fn interval(&self) -> Result<Interval> {
        Interval::new(BpOffset(self.start), BpOffset(self.end))
    }
}

impl Options {
    fn settings(self) -> Result<PlanSettings> {
        let usual = PlanningConfig::default();
        let other = PlanSettings::default();
        let search = PlanningConfig {
            planner: usual.planner,
            horizon: self.horizon.unwrap_or(usual.horizon),
            n_iterations: self.iterations.unwrap_or(usual.n_iterations),
            n_samples: self.samples.unwrap_or(usual.n_samples),
            n_elite: self.elite.unwrap_or(usual.n_elite),
            cost_weight: self.cost_weight.unwrap_or(usual.cost_weight),
            stopping_eps: self.stopping_eps.unwrap_or(usual.stopping_eps),
            patience: self.patience.unwrap_or(usual.patience),
            seed: Some(self.seed.unwrap_or(0)),
            smoothing: self.smoothing.unwrap_or(usual.smoothing),
        };
        search.check()?;
        if search.horizon == 0 {
            return Err(Error::input("horizon is at least 1").with_remedy("plan one edit or more"));
        }
        let types = self
            .edit_types
            .map(|names| edit_types_by_name(&names.join(",")));
        let prediction = self.prediction.as_deref().map(Prediction::by_name);
        let motifs = self.forbid.iter().map(|motif| motif.parse());
        Ok(PlanSettings {
            search,
            cost: self.cost.map_or(Ok(other.cost), |name| name.parse())?,
            distance: self
                .distance
                .map_or(Ok(other.distance), |name| name.parse())?,
            edit_types: types.transpose()?.unwrap_or(other.edit_types),
            edge_margin: self.edge_margin.unwrap_or(other.edge_margin),
            position_bin_bp: self.position_bin_bp.unwrap_or(other.position_bin_bp),
            prediction: prediction.transpose()?.unwrap_or_default(),
            reencode: self.reencode,
            locus: self.locus.map(BpOffset),
            constraints: PlanConstraints {
                protected: self
                    .protect
                    .iter()
                    .map(Stretch::interval)
                    .collect::<Result<_>>()?,
                within: self.within.as_ref().map(Stretch::interval).transpose()?,
                keep_frame: self.keep_frame,
                forbidden: motifs.collect::<Result<_>>()?,
            },
        })
    }
}

/// A plan under way: [`begin`](Self::begin) with the states, then [`draw`](Self::draw), answer every
/// [`batch`](Self::batch) in order, [`rank`](Self::rank), until nothing more is drawn; then
/// [`edited`](Self::edited) is encoded, and [`finish`](Self::finish) says what came of it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Plan {
    info: Rc<ModelInfo>,
    window: String,
    settings: PlanSettings,
    encoded: Vec<f32>,
    search: Option<PlanSearch>,
    ends: Option<PlanEnds>,
    result: Option<PlanningResult>,
}

/// How far a plan is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    rounds: usize,
    best_distance: Option<f64>,
}

/// What came of a plan.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    edits: Vec<WindowEdit>,
    distance: f64,
    cost: f64,
    objective: f64,
    real_distance: f64,
    initial_distance: f64,
    prediction_error_l2: f64,
    prediction_error_cosine: Option<f64>,
    edited_window: String,
    predicted_state: Vec<f32>,
    real_state: Vec<f32>,
    evaluations: usize,
    dropped: usize,
    rounds: Vec<Round>,
    stopped_reason: &'static str,
    report: String,
    receipt: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Round {
    best_distance: f64,
    best_objective: f64,
    elite_mean_distance: f64,
    candidates: usize,
}

impl Round {
    fn of(round: &CemIterationLog) -> Self {
        Self {
            best_distance: round.best_distance,
            best_objective: round.best_objective,
            elite_mean_distance: round.elite_mean_distance,
            candidates: round.n_candidates,
        }
    }
}

#[wasm_bindgen]
impl Plan {
    /// A plan of edits of `window`, as the options in JSON say.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for options that mean nothing, and for a window that is none or too long.
    #[wasm_bindgen(constructor)]
    pub fn new(model: &Model, window: &str, options: &str) -> JsResult<Plan> {
        let options: Options = from_json(options, "the options")?;
        let plan = Self {
            info: Rc::clone(&model.info),
            window: canonicalize_dna(window)?,
            settings: options.settings()?,
            encoded: Vec::new(),
            search: None,
            ends: None,
            result: None,
        };
        plan.check(window)?;
        // Refuses what can never be drawn before anything is encoded.
        plan.settings.sampler(&plan.window)?;
        Ok(plan)
    }

    /// Refuses a window that is longer than the model's.
    ///
    /// # Errors
    /// `INPUT.GENERIC`.
    pub fn check(&self, window: &str) -> JsResult<()> {
        let most_bp = self.info.config.window_bp;
        if !window.is_empty() && window.len() <= most_bp {
            return Ok(());
        }
        let message = "a window is empty, or longer than those that the model was made for";
        Err(Error::input(message)
            .with_detail("window_bp", window.len())
            .with_detail("most_bp", most_bp)
            .with_remedy("cut a shorter one around the bases that matter")
            .into())
    }

    /// Takes the window's own state, the one to start from where it is another, and the wanted one.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for states of unlike width.
    pub fn begin(
        &mut self,
        encoded: Vec<f32>,
        initial: Option<Vec<f32>>,
        target: Vec<f32>,
    ) -> JsResult<()> {
        let ends = PlanEnds {
            initial: initial.unwrap_or_else(|| encoded.clone()),
            target,
        };
        let search = PlanSearch::new(&self.window, &self.settings, ends.clone())?;
        (self.search, self.ends, self.encoded) = (Some(search), Some(ends), encoded);
        Ok(())
    }

    /// Draws a round; its number of batches, and 0 when the search is over.
    ///
    /// # Errors
    /// `INPUT.GENERIC` where no edit keeps to the constraints.
    pub fn draw(&mut self) -> JsResult<usize> {
        let search = self.search()?;
        if search.draw()? {
            return Ok(search.batches());
        }
        let search = self.search.take();
        self.result = search.map(PlanSearch::finish).transpose()?;
        Ok(0)
    }

    /// The sequences of a batch of this round, as `follow` takes them.
    ///
    /// # Errors
    /// `INPUT.GENERIC` before it begins, and when it is over.
    pub fn batch(&mut self, index: usize) -> JsResult<String> {
        write_sequences(&self.search()?.batch(index))
    }

    /// Takes the states of the next batch, in order.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for another number of states.
    pub fn answer(&mut self, states: &[f32]) -> JsResult<()> {
        Ok(self.search()?.answer(states)?)
    }

    /// The sequences of this round that are to be made for real, as `encodeEdited` takes them; nothing
    /// where none are.
    ///
    /// # Errors
    /// `INPUT.GENERIC` before it begins, and when it is over.
    #[wasm_bindgen(js_name = toReencode)]
    pub fn to_reencode(&mut self) -> JsResult<Option<String>> {
        let sequences = self.search()?.to_reencode();
        let wanted = (!sequences.is_empty()).then(|| write_sequences(&sequences));
        wanted.transpose()
    }

    /// Takes the states of the windows with these edits.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for another number of states.
    pub fn reencoded(&mut self, states: &[f32]) -> JsResult<()> {
        Ok(self.search()?.reencoded(states)?)
    }

    /// Ends the round.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when batches were not answered.
    pub fn rank(&mut self) -> JsResult<()> {
        Ok(self.search()?.rank()?)
    }

    /// Where it is pooled.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn locus(&self) -> Option<f64> {
        self.settings.locus.map(|locus| locus.get() as f64)
    }

    /// How several edits are predicted.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn prediction(&self) -> String {
        self.settings.prediction.as_str().to_owned()
    }

    /// Candidates of all rounds, if none ends the search.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn total(&self) -> f64 {
        (self.settings.search.n_samples * self.settings.search.n_iterations) as f64
    }

    /// How far it is, as JSON.
    ///
    /// # Errors
    /// `INPUT.GENERIC` before it begins, and when it is over.
    pub fn progress(&mut self) -> JsResult<String> {
        let search = self.search()?;
        json(&Progress {
            rounds: search.rounds(),
            best_distance: search.best_distance(),
        })
    }

    /// The window with the best edits, of its old length.
    ///
    /// # Errors
    /// `INPUT.GENERIC` before it is over.
    pub fn edited(&self) -> JsResult<String> {
        Ok(apply_edits(&self.window, &self.result()?.best_edits, true)?)
    }

    /// What came of it, as JSON; `state` is that of the [edited](Self::edited) window.
    ///
    /// # Errors
    /// `INPUT.GENERIC` before it is over.
    pub fn finish(&self, state: Vec<f32>, backend: &str, device: &str) -> JsResult<String> {
        let result = self.result()?;
        let ends = self.ends.as_ref().ok_or_else(|| misuse(NOT_BEGUN))?;
        let predicted = result.best_predicted_state.as_deref().unwrap_or_default();
        let states = [&ends.initial, &self.encoded, &ends.target].map(Vec::as_slice);
        let [initial, encoded, target] = states;
        let compared = [initial, encoded, target, predicted];
        let real = Reencoded::new(self.settings.distance, compared, state)?;
        let report = PlanReport {
            settings: &self.settings,
            mode: PlanMode::Model,
            inputs: serde_json::json!({}),
            result,
            target,
            reencoded: Some(real.clone()),
            backend,
            info: Some(&self.info),
        };
        let text = json(&report.to_json())?;
        let by = ScoredBy {
            backend: backend.to_owned(),
            device: device.to_owned(),
        };
        let receipt = PlanReceipt {
            info: &self.info,
            by: &by,
            window: &self.window,
            settings: &self.settings,
            ends,
            report: text.as_bytes(),
        };
        json(&Outcome {
            edits: result.best_edits.iter().map(WindowEdit::of).collect(),
            distance: result.best_distance,
            cost: result.best_cost,
            objective: result.best_objective,
            real_distance: real.distance,
            initial_distance: real.initial_distance,
            prediction_error_l2: real.prediction_error_l2,
            prediction_error_cosine: real.prediction_error_cosine,
            edited_window: self.edited()?,
            predicted_state: predicted.to_vec(),
            real_state: real.state,
            evaluations: result.n_evaluations,
            dropped: result.dropped,
            rounds: result.iterations.iter().map(Round::of).collect(),
            stopped_reason: result.stopped_reason.as_str(),
            receipt: receipt.to_json_line(&now())?,
            report: text,
        })
    }
}

impl Plan {
    fn search(&mut self) -> Result<&mut PlanSearch> {
        self.search.as_mut().ok_or_else(|| misuse(NOT_BEGUN))
    }

    fn result(&self) -> Result<&PlanningResult> {
        let result = self.result.as_ref();
        result.ok_or_else(|| misuse("the plan is not over"))
    }
}

const NOT_BEGUN: &str = "the plan was not begun, or is over";
