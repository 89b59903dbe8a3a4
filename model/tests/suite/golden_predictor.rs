//! Action encoder, predictor and rollout against the golden vectors, and the strictness of their
//! weights.
#![allow(clippy::expect_used, clippy::panic)]

use crate::common::predictor::{self, CASES};
use crate::common::{golden_weights, read, size};
use burn::tensor::Device;
use genolewm::action::layers::join_input_projections;
use genolewm::action::{ALLELE_HEADS, ActionEncoder};
use genolewm::ops::{BurnOps, CpuOps, Ops, transpose};
use genolewm::parameters::{Parameters, Role};
use genolewm::predictor::Predictor;
use genolewm::weights::{NamedTensor, Weights};
use genolewm_core::ErrorCode;
use std::collections::BTreeMap;

type Case<O = CpuOps> = predictor::Case<O>;

fn load(name: &'static str) -> Case {
    Case::load_on(name, CpuOps::new())
}

#[test]
fn golden_sizes_are_read_off_the_shapes() {
    for case in CASES.map(load) {
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
    for case in CASES.map(load) {
        case.check_actions();
    }
}

#[test]
fn golden_predictions_of_masked_batches() {
    for case in CASES.map(load) {
        case.check_prediction();
    }
}

#[cfg(feature = "train")]
#[test]
fn golden_predictions_with_gradients() {
    for name in CASES {
        let ops = BurnOps::on(Device::flex().autodiff(), "cpu");
        Case::load_on(name, ops).check_prediction();
    }
}

#[test]
fn golden_rollouts() {
    predictor::check_rollouts(CASES.map(load));
}

#[test]
fn golden_single_actions_agree_with_batches_of_one() {
    for case in CASES.map(load) {
        case.check_single_actions();
    }
}

#[test]
fn golden_limits_are_errors() {
    let case = load("square");
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
    for name in CASES {
        let mut case = Case::load_on(name, BurnOps::on(Device::flex(), "burn"));
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
fn export(
    ops: &BurnOps,
    model: &mut impl Parameters<<BurnOps as Ops>::Matrix>,
) -> BTreeMap<String, NamedTensor> {
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
    let ops = CpuOps::new();
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
    load: impl Fn(Weights) -> genolewm_core::Result<()>,
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
