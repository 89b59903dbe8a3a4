//! Action encoder, predictor and rollout against the golden vectors, and the strictness of their
//! weights.
#![allow(clippy::expect_used, clippy::panic)]

mod common;

use common::{array, assert_close, flags, floats, golden_json, golden_weights, read, size};
use genolewm_model::action::layers::join_input_projections;
use genolewm_model::action::{ALLELE_HEADS, ActionEncoder};
use genolewm_model::ops::{BurnOps, Ops};
use genolewm_model::parameters::{Parameters, Role};
use genolewm_model::predictor::Predictor;
use genolewm_model::rollout::rollout;
use genolewm_model::weights::{NamedTensor, Weights, transpose};
use genolewm_shared::ErrorCode;
use genolewm_shared::edit::RelEdit;
use genolewm_shared::position::BpOffset;
use serde_json::Value;
use std::collections::BTreeMap;

const CASES: [&str; 3] = ["small", "square", "cross_only"];
const TOLERANCE: f32 = 2e-5;

type Matrix = <BurnOps as Ops>::Matrix;

struct Case {
    name: &'static str,
    expected: Value,
    ops: BurnOps,
    actions: ActionEncoder<Matrix>,
    predictor: Predictor<Matrix>,
}

impl Case {
    fn load(name: &'static str) -> Self {
        Self::load_on(name, BurnOps::cpu())
    }

    fn load_on(name: &'static str, ops: BurnOps) -> Self {
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
    fn matrix(&self, key: &str, width: usize) -> Matrix {
        let values = floats(&self.expected[key]);
        let rows = values.len() / width;
        self.ops.matrix(values, rows, width)
    }

    fn states(&self) -> Matrix {
        self.matrix("state", self.predictor.sizes().d_state)
    }

    fn check(&self, what: &str, actual: &Matrix, expected: &[f32]) {
        let what = format!("{} {what}", self.name);
        assert_close(&what, &read(&self.ops, actual), expected, TOLERANCE);
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

#[test]
fn golden_sizes_are_read_off_the_shapes() {
    for case in CASES.map(Case::load) {
        let (sizes, config) = (case.predictor.sizes(), &case.expected["config"]);
        let pairs = [
            ("d_state", sizes.d_state),
            ("d_action", sizes.d_action),
            ("d_hidden", sizes.d_hidden),
            ("ffn_dim", sizes.ffn_dim),
            ("n_cross_layers", sizes.cross_blocks),
            ("n_self_layers", sizes.self_blocks),
            ("max_actions", sizes.max_actions),
        ];
        for (key, read) in pairs {
            assert_eq!(read, size(&config[key]), "{} {key}", case.name);
        }
        assert_eq!(case.actions.d_action(), sizes.d_action);
    }
}

#[test]
fn golden_actions() {
    for case in CASES.map(Case::load) {
        let items = case.items();
        let slices: Vec<&[RelEdit]> = items.iter().map(Vec::as_slice).collect();
        let batch = case
            .actions
            .forward_padded(&case.ops, &slices)
            .expect("actions");
        assert_eq!(
            batch.mask,
            flags(&case.expected["mask"]),
            "{} mask",
            case.name
        );
        case.check(
            "actions",
            &batch.actions,
            &floats(&case.expected["actions"]),
        );
    }
}

#[test]
fn golden_predictions_of_masked_batches() {
    for case in CASES.map(Case::load) {
        check_prediction(&case);
    }
}

#[cfg(feature = "train")]
#[test]
fn golden_predictions_with_gradients() {
    use burn::tensor::Device;
    for name in CASES {
        check_prediction(&Case::load_on(
            name,
            BurnOps::on(Device::flex().autodiff(), "cpu"),
        ));
    }
}

fn check_prediction(case: &Case) {
    let mask = flags(&case.expected["mask"]);
    let actions = case.matrix("actions", case.predictor.sizes().d_action);
    let states = case.states();
    let per_item = mask.len() / case.ops.shape(&states)[0];
    let predicted = case
        .predictor
        .forward_batch(&case.ops, &states, &actions, &mask, per_item)
        .expect("predictions");
    case.check(
        "prediction",
        &predicted,
        &floats(&case.expected["prediction"]),
    );
}

#[test]
fn golden_rollouts() {
    let mut long = 0;
    for case in CASES.map(Case::load) {
        case.check_rollout("");
        if !case.expected["long_rollout"].is_null() {
            case.check_rollout("long_");
            long += 1;
        }
    }
    assert!(long > 0, "no long rollout among the vectors");
}

#[test]
fn golden_single_actions_agree_with_batches_of_one() {
    for case in CASES.map(Case::load) {
        let sizes = *case.predictor.sizes();
        let states = case.states();
        let items = case.ops.shape(&states)[0];
        let actions = case
            .ops
            .rows(&case.matrix("actions", sizes.d_action), 0..items);
        let single = read(
            &case.ops,
            &case.predictor.predict(&case.ops, &states, &actions),
        );
        for item in 0..items {
            let state = case.ops.rows(&states, item..item + 1);
            let action = case.ops.rows(&actions, item..item + 1);
            // A second, padded row takes the general route.
            let pair = case.ops.concat_rows(&[action.clone(), action]);
            let alone = case
                .predictor
                .forward_batch(&case.ops, &state, &pair, &[true, false], 2)
                .expect("a prediction");
            let alone = read(&case.ops, &alone);
            assert_close(
                "item",
                &alone[..sizes.d_state],
                &single[item * sizes.d_state..][..sizes.d_state],
                1e-5,
            );
            assert!(alone[sizes.d_state..].iter().all(|&value| value == 0.0));
        }
    }
}

#[test]
fn golden_limits_are_errors() {
    let case = Case::load("square");
    let sizes = *case.predictor.sizes();
    let states = case.ops.matrix(vec![0.5; sizes.d_state], 1, sizes.d_state);
    let rows = sizes.max_actions + 1;
    let actions = case
        .ops
        .matrix(vec![0.1; rows * sizes.d_action], rows, sizes.d_action);
    let predict = |mask: &[bool], per_item| {
        case.predictor
            .forward_batch(&case.ops, &states, &actions, mask, per_item)
    };
    let error = predict(&vec![true; rows], rows).expect_err("too many actions");
    assert_eq!(error.code(), ErrorCode::InputGeneric);
    assert!(predict(&[true], 1).is_err(), "actions and mask differ");
    let none = case.ops.rows(&actions, 0..2);
    let zero = case
        .predictor
        .forward_batch(&case.ops, &states, &none, &[false, false], 2)
        .expect("nothing to predict");
    assert!(read(&case.ops, &zero).iter().all(|&value| value == 0.0));
    assert!(case.actions.forward(&case.ops, &[]).is_err());
    assert!(Predictor::load(&case.ops, golden_weights("predictor_square.safetensors"), 3).is_err());
}

#[test]
fn golden_weights_are_written_as_they_were_read() {
    for mut case in CASES.map(Case::load) {
        let written = export(&case.ops, &mut case.predictor);
        assert_eq!(
            written,
            tensors(&format!("predictor_{}.safetensors", case.name))
        );
        let written = export(&case.ops, &mut case.actions);
        assert_eq!(
            written,
            tensors(&format!("action_encoder_{}.safetensors", case.name))
        );
    }
}

/// All parameters as a weight file holds them.
fn export(ops: &BurnOps, model: &mut impl Parameters<Matrix>) -> BTreeMap<String, NamedTensor> {
    let mut tensors = BTreeMap::new();
    model.visit("", &mut |name, role, matrix| {
        let [rows, columns] = ops.shape(matrix);
        let values = read(ops, matrix);
        let tensor = match role {
            Role::Projection => NamedTensor {
                shape: vec![columns, rows],
                values: transpose(&values, rows, columns),
            },
            Role::Table => NamedTensor {
                shape: vec![rows, columns],
                values,
            },
            Role::Row => NamedTensor {
                shape: vec![columns],
                values,
            },
        };
        assert!(
            tensors.insert(name.to_owned(), tensor).is_none(),
            "{name} twice"
        );
    });
    join_input_projections(tensors)
}

#[test]
fn golden_weights_that_do_not_fit_are_named() {
    let ops = BurnOps::cpu();
    let predictor = |weights| Predictor::load(&ops, weights, 4).map(drop);
    let actions = |weights| ActionEncoder::load(&ops, weights, ALLELE_HEADS, 4096).map(drop);
    check_strict(&tensors("predictor_small.safetensors"), predictor);
    check_strict(&tensors("action_encoder_small.safetensors"), actions);
}

fn tensors(file: &str) -> BTreeMap<String, NamedTensor> {
    let mut weights = golden_weights(file);
    let names: Vec<String> = weights.names().map(str::to_owned).collect();
    let mut take = |name: String| {
        let shape = weights.shape(&name).expect("a shape").to_vec();
        let values = weights.take(&name, &shape).expect("a tensor");
        (name, NamedTensor { shape, values })
    };
    names.into_iter().map(&mut take).collect()
}

/// Each tensor in turn is left out, then given a row too many; and one that nobody knows is added.
fn check_strict(
    tensors: &BTreeMap<String, NamedTensor>,
    load: impl Fn(Weights) -> genolewm_shared::Result<()>,
) {
    load(Weights::from_tensors("w", tensors.clone())).expect("the weights as they are");
    let refused = |tensors: BTreeMap<String, NamedTensor>, name: &str, strict: bool| {
        let error = load(Weights::from_tensors("w", tensors)).expect_err(name);
        assert_eq!(
            error.code(),
            ErrorCode::DeployExportFormat,
            "{name}: {error}"
        );
        // A shape from which sizes are read shows where another tensor does not fit them.
        assert!(!strict || error.message().contains(name), "{name}: {error}");
    };
    for name in tensors.keys() {
        let mut fewer = tensors.clone();
        fewer.remove(name);
        // Without its first tensor a block does not exist, and its other tensors are surplus.
        refused(fewer, name, !name.ends_with("in_proj_weight"));
        let mut larger = tensors.clone();
        let tensor = larger.get_mut(name).expect("the tensor");
        let row = tensor.values.len() / tensor.shape[0];
        tensor.shape[0] += 1;
        tensor.values.extend(vec![0.0; row]);
        if name != "step_position_embedding.weight" {
            refused(larger, name, false);
        }
    }
    let mut more = tensors.clone();
    more.insert(
        "lora.weight".into(),
        NamedTensor {
            shape: vec![1],
            values: vec![0.0],
        },
    );
    refused(more, "lora.weight", true);
}
