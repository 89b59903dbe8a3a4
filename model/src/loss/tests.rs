use super::*;
use burn::tensor::Device;
use proptest::prelude::*;

/// States of either shape: fewer than dimensions, and more.
fn states() -> impl Strategy<Value = (usize, Vec<f32>)> {
    (2usize..7, 2usize..7).prop_flat_map(|(rows, width)| {
        (
            Just(width),
            prop::collection::vec(-2.0f32..2.0, rows * width),
        )
    })
}

fn gradient(values: &[f32], width: usize, loss: impl Fn(Tensor<2>) -> Tensor<1>) -> Vec<f32> {
    let device = Device::flex().autodiff();
    let data = TensorData::new(values.to_vec(), [values.len() / width, width]);
    let x = Tensor::<2>::from_data(data, &device).require_grad();
    let slopes = x.grad(&loss(x.clone()).backward()).expect("a gradient");
    slopes.to_data().try_into_vec::<f32>().expect("f32")
}

fn difference(values: &[f32], at: usize, loss: impl Fn(&[f32]) -> f64) -> f64 {
    let moved = |by: f32| {
        let mut moved = values.to_vec();
        moved[at] += by;
        (loss(&moved), f64::from(moved[at]))
    };
    let ((above, x1), (below, x0)) = (moved(1e-3), moved(-1e-3));
    (above - below) / (x1 - x0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn distance_slopes_are_those_of_the_slice_version((width, values) in states()) {
        let weights = LossWeights::default();
        let target: Vec<f32> = values.iter().rev().map(|x| 0.5 * x + 0.3).collect();
        prop_assume!(values.chunks(width).all(|row| row.iter().map(|x| x * x).sum::<f32>() > 0.5));
        let rows = values.len() / width;
        let slopes = gradient(&values, width, |x| {
            let data = TensorData::new(target.clone(), [rows, width]);
            let target = Tensor::from_data(data, &x.device());
            prediction_loss_tensor(x, target, None, &weights).expect("a loss")
        });
        for (at, &slope) in slopes.iter().enumerate() {
            let expected = difference(&values, at, |x| {
                prediction_loss(x, &target, width, None, &weights).expect("a loss")
            });
            prop_assert!((f64::from(slope) - expected).abs() < 2e-3, "{slope} {expected}");
        }
    }

    #[test]
    fn regulariser_does_not_depend_on_which_products_are_used((width, values) in states()) {
        // Doubling the batch changes neither mean nor covariance, but the shape of the problem.
        let once = kl_regularizer(&values, width).expect("kl");
        let doubled = [values.clone(), values.clone(), values.clone(), values].concat();
        let often = kl_regularizer(&doubled, width).expect("kl");
        prop_assert!((once - often).abs() <= 1e-6 * once.abs().max(1.0), "{once} {often}");
    }
}

#[test]
fn regulariser_slopes_are_those_of_the_slice_version() {
    // Three in two dimensions, and two in three: both kinds of products.
    let values = [0.3f32, -1.2, 0.7, 1.9, -0.4, 0.8];
    for width in [2, 3] {
        let slopes = gradient(&values, width, |x| kl_regularizer_tensor(x).expect("kl"));
        for (at, &slope) in slopes.iter().enumerate() {
            let expected = difference(&values, at, |x| kl_regularizer(x, width).expect("kl"));
            assert!(
                (f64::from(slope) - expected).abs() < 1e-3,
                "{width} {at}: {slope} {expected}"
            );
        }
    }
}

#[test]
fn padded_rows_have_no_slope() {
    let weights = LossWeights::default();
    let slopes = gradient(&[0.6, 0.8, 0.0, 0.0], 2, |x| {
        let target = Tensor::from_data(
            TensorData::new(vec![1.0f32, 0.0, 1.0, 0.0], [2, 2]),
            &x.device(),
        );
        prediction_loss_tensor(x, target, Some(&[true, false]), &weights).expect("a loss")
    });
    assert!(
        slopes[..2]
            .iter()
            .all(|slope| slope.is_finite() && *slope != 0.0)
    );
    assert_eq!(slopes[2..], [0.0, 0.0]);
}

#[test]
fn what_has_no_loss_is_an_error() {
    let weights = LossWeights::default();
    let loss =
        |p: &[f32], mask: Option<&[bool]>| prediction_loss(p, &[1.0, 0.0], 2, mask, &weights);
    assert!(loss(&[1.0], None).is_err());
    assert!(loss(&[1.0, 0.0], Some(&[false])).is_err());
    assert!(loss(&[1.0, 0.0], Some(&[true, true])).is_err());
    assert!(kl_regularizer(&[], 2).is_err());
    let error = predictor_loss(
        &[f32::NAN, 0.0],
        &[1.0, 0.0],
        2,
        None,
        TrainingPhase::One,
        &weights,
    );
    assert_eq!(error.expect_err("NaN").code(), ErrorCode::TrainingNanLoss);
}
