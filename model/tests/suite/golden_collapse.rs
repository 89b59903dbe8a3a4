//! Collapse metrics and alerts against the golden vectors.
#![cfg(feature = "train")]
#![allow(clippy::expect_used, clippy::panic)]

use crate::common::{array, assert_relative, floats, golden_json, number};
use genolewm::collapse::{CollapseMetrics, CollapseThresholds};

const TOLERANCE: f64 = 1e-6;

#[test]
fn golden_collapse() {
    for case in array(&golden_json("collapse.json")) {
        let (prediction, target) = (&case["prediction"], &case["target"]);
        let width = array(&array(prediction)[0]).len();
        let expected = &case["metrics"];
        let kl = number(&expected["kl_reg"]);
        let metrics = CollapseMetrics::compute(&floats(prediction), &floats(target), width, kl)
            .expect("metrics");
        let written = serde_json::to_value(metrics).expect("JSON");
        let written = written.as_object().expect("an object");
        assert_eq!(
            written.len(),
            expected.as_object().expect("an object").len()
        );
        for (name, value) in written {
            assert_relative(name, number(value), number(&expected[name]), TOLERANCE);
        }
        let alerts = metrics.alerts(
            &CollapseThresholds::default(),
            case["initial_pairwise"].as_f64(),
        );
        let wanted = case["alerts"].as_array().expect("alerts");
        assert_eq!(alerts.len(), wanted.len(), "{alerts:?}");
        for (alert, wanted) in alerts.iter().zip(wanted) {
            assert_eq!(Some(alert.criterion.as_str()), wanted[0].as_str());
            assert_relative("value", alert.value, number(&wanted[1]), TOLERANCE);
            assert_relative("threshold", alert.threshold, number(&wanted[2]), TOLERANCE);
        }
    }
}
