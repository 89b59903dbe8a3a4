//! Action encoder, predictor and rollout against the golden vectors, on any backend.

use super::{array, assert_close, flags, floats, golden_json, golden_weights, read, size};
use genolewm::action::{ALLELE_HEADS, ActionEncoder};
use genolewm::ops::Ops;
use genolewm::predictor::Predictor;
use genolewm::rollout::rollout;
use genolewm_core::edit::RelEdit;
use genolewm_core::position::BpOffset;
use serde_json::Value;

pub const CASES: [&str; 3] = ["small", "square", "cross_only"];
const TOLERANCE: f32 = 2e-5;

/// One golden model on a backend.
pub struct Case<O: Ops> {
    pub name: &'static str,
    pub expected: Value,
    pub ops: O,
    pub actions: ActionEncoder<O::Matrix>,
    pub predictor: Predictor<O::Matrix>,
}

impl<O: Ops> Case<O> {
    pub fn load_on(name: &'static str, ops: O) -> Self {
        let expected = golden_json(&format!("predictor_{name}.json"));
        let config = &expected["config"];
        let actions = golden_weights(&format!("action_encoder_{name}.safetensors"));
        let window = size(&config["action_encoder"]["max_window_bp"]);
        let predictor = golden_weights(&format!("predictor_{name}.safetensors"));
        Self {
            actions: ActionEncoder::load(&ops, actions, ALLELE_HEADS, window).expect("actions"),
            predictor: Predictor::load(&ops, predictor, size(&config["n_heads"]))
                .expect("predictor"),
            name,
            expected,
            ops,
        }
    }

    fn items(&self) -> Vec<Vec<RelEdit>> {
        array(&self.expected["edits"])
            .iter()
            .map(|item| array(item).iter().map(edit).collect())
            .collect()
    }

    /// A golden array as rows of `width`.
    fn matrix(&self, key: &str, width: usize) -> O::Matrix {
        let values = floats(&self.expected[key]);
        let rows = values.len() / width;
        self.ops.matrix(values, rows, width)
    }

    fn states(&self) -> O::Matrix {
        self.matrix("state", self.predictor.sizes().d_state)
    }

    fn check(&self, what: &str, actual: &O::Matrix, expected: &[f32]) {
        let what = format!("{} {what}", self.name);
        assert_close(&what, &read(&self.ops, actual), expected, TOLERANCE);
    }

    pub fn check_actions(&self) {
        let items = self.items();
        let slices: Vec<&[RelEdit]> = items.iter().map(Vec::as_slice).collect();
        let batch = self
            .actions
            .forward_padded(&self.ops, &slices)
            .expect("actions");
        let mask = flags(&self.expected["mask"]);
        assert_eq!(batch.mask, mask, "{} mask", self.name);
        let expected = floats(&self.expected["actions"]);
        self.check("actions", &batch.actions, &expected);
    }

    pub fn check_prediction(&self) {
        let mask = flags(&self.expected["mask"]);
        let actions = self.matrix("actions", self.predictor.sizes().d_action);
        let states = self.states();
        let per_item = mask.len() / self.ops.shape(&states)[0];
        let predicted = self
            .predictor
            .forward_batch(&self.ops, &states, &actions, &mask, per_item)
            .expect("predictions");
        let expected = floats(&self.expected["prediction"]);
        self.check("prediction", &predicted, &expected);
    }

    pub fn check_single_actions(&self) {
        let (ops, sizes) = (&self.ops, *self.predictor.sizes());
        let states = self.states();
        let items = ops.shape(&states)[0];
        let actions = ops.rows(&self.matrix("actions", sizes.d_action), 0..items);
        let single = read(ops, &self.predictor.predict(ops, &states, &actions));
        for item in 0..items {
            let state = ops.rows(&states, item..item + 1);
            let action = ops.rows(&actions, item..item + 1);
            // A second, padded row takes the general route.
            let pair = ops.concat_rows(&[action.clone(), action]);
            let alone = self
                .predictor
                .forward_batch(ops, &state, &pair, &[true, false], 2)
                .expect("a prediction");
            let alone = read(ops, &alone);
            assert_close(
                "item",
                &alone[..sizes.d_state],
                &single[item * sizes.d_state..][..sizes.d_state],
                1e-5,
            );
            assert!(alone[sizes.d_state..].iter().all(|&value| value == 0.0));
        }
    }

    /// Rollout vectors list item by item what is computed step by step.
    fn check_rollout(&self, prefix: &str) {
        let actions = floats(&self.expected[format!("{prefix}rollout_actions")]);
        let sizes = self.predictor.sizes();
        let actions = self.ops.matrix(
            actions.clone(),
            actions.len() / sizes.d_action,
            sizes.d_action,
        );
        let steps = rollout(&self.ops, &self.predictor, &self.states(), &actions).expect("rollout");
        let steps: Vec<Vec<f32>> = steps.iter().map(|step| read(&self.ops, step)).collect();
        let by_item: Vec<f32> = (0..steps[0].len() / sizes.d_state)
            .flat_map(|item| {
                let row = item * sizes.d_state..(item + 1) * sizes.d_state;
                steps
                    .iter()
                    .flat_map(move |step| step[row.clone()].to_vec())
            })
            .collect();
        let expected = floats(&self.expected[format!("{prefix}rollout")]);
        assert_close(
            &format!("{} {prefix}rollout", self.name),
            &by_item,
            &expected,
            TOLERANCE,
        );
    }
}

/// All rollouts, a long one among them.
pub fn check_rollouts<O: Ops>(cases: impl IntoIterator<Item = Case<O>>) {
    let mut long = 0;
    for case in cases {
        case.check_rollout("");
        if !case.expected["long_rollout"].is_null() {
            case.check_rollout("long_");
            long += 1;
        }
    }
    assert!(long > 0, "no long rollout among the vectors");
}

fn edit(value: &Value) -> RelEdit {
    let edit = RelEdit::new(
        BpOffset(value["rel_pos"].as_u64().expect("rel_pos")),
        value["ref"].as_str().expect("ref"),
        value["alt"].as_str().expect("alt"),
    )
    .expect("an edit");
    assert_eq!(edit.edit_type().index(), size(&value["edit_type"]));
    edit
}
