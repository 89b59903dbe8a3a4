//! The losses against the golden vectors, which were computed in f32.
#![cfg(feature = "train")]
#![allow(clippy::expect_used, clippy::panic)]

use crate::common::{array, assert_relative, flags, floats, golden_json, number, size};
use burn::tensor::{Device, Tensor, TensorData};
use genolewm::loss::{
    LossWeights, TrainingPhase, kl_regularizer, kl_regularizer_tensor, prediction_loss,
    prediction_loss_tensor, predictor_loss,
};

/// Of f64 results to golden values in f32.
const TOLERANCE: f64 = 5e-6;

fn scalar(tensor: &Tensor<1>) -> f64 {
    f64::from(tensor.to_data().try_into_vec::<f32>().expect("f32")[0])
}

#[test]
fn golden_losses() {
    let weights = LossWeights::default();
    for case in array(&golden_json("losses.json")) {
        let width = size(&case["shape"][2]);
        let (prediction, target) = (floats(&case["prediction"]), floats(&case["target"]));
        let mask = flags(&case["mask"]);
        let loss =
            |mask| prediction_loss(&prediction, &target, width, mask, &weights).expect("loss");
        assert_relative(
            "loss",
            loss(None),
            number(&case["prediction_loss"]),
            TOLERANCE,
        );
        assert_relative(
            "masked",
            loss(Some(&mask)),
            number(&case["masked"]),
            TOLERANCE,
        );
        let kl = kl_regularizer(&target, width).expect("kl");
        assert_relative("kl", kl, number(&case["kl"]), TOLERANCE);
        let both = |phase| {
            predictor_loss(&prediction, &target, width, Some(&mask), phase, &weights).expect("both")
        };
        assert_relative(
            "phase 2",
            both(TrainingPhase::Two).loss,
            number(&case["phase2_loss"]),
            TOLERANCE,
        );
        assert_relative(
            "phase 1",
            both(TrainingPhase::One).loss,
            number(&case["masked"]),
            TOLERANCE,
        );
        assert_relative("monitored", both(TrainingPhase::One).kl, kl, 1e-12);
    }
}

#[test]
fn golden_losses_of_tensors_agree() {
    let weights = LossWeights::default();
    let device = Device::flex().autodiff();
    for case in array(&golden_json("losses.json")) {
        let width = size(&case["shape"][2]);
        let values = |key: &str| floats(&case[key]);
        let tensor = |key: &str| {
            let values = values(key);
            let rows = values.len() / width;
            Tensor::<2>::from_data(TensorData::new(values, [rows, width]), &device)
        };
        let mask = flags(&case["mask"]);
        for mask in [None, Some(mask.as_slice())] {
            let pure = prediction_loss(
                &values("prediction"),
                &values("target"),
                width,
                mask,
                &weights,
            );
            let graph =
                prediction_loss_tensor(tensor("prediction"), tensor("target"), mask, &weights);
            assert_relative(
                "loss",
                scalar(&graph.expect("graph")),
                pure.expect("pure"),
                1e-5,
            );
        }
        let pure = kl_regularizer(&values("target"), width).expect("pure");
        let graph = kl_regularizer_tensor(tensor("target")).expect("graph");
        assert_relative("kl", scalar(&graph), pure, 1e-4);
    }
}
