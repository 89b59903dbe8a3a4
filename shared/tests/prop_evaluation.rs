//! Properties of evaluation figures and pooling.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_shared::evaluation::{
    BootstrapOptions, auroc, average_precision, average_ranks, binary_metrics, spearman,
    stratified_interval,
};
use genolewm_shared::pooling::{PoolType, pool_span};
use genolewm_shared::position::BpOffset;
use proptest::prelude::*;

/// Scores with many ties, and labels of both kinds.
fn scores_and_labels() -> impl Strategy<Value = (Vec<f64>, Vec<bool>)> {
    proptest::collection::vec((0_u8..12, any::<bool>()), 2..60).prop_map(|rows| {
        let scores = rows
            .iter()
            .map(|(score, _)| f64::from(*score) / 10.0)
            .collect();
        let mut labels: Vec<bool> = rows.into_iter().map(|(_, label)| label).collect();
        labels[0] = true;
        labels[1] = false;
        (scores, labels)
    })
}

/// The definition, pair by pair.
fn auroc_by_pairs(scores: &[f64], positive: &[bool]) -> f64 {
    let rows = || scores.iter().zip(positive);
    let (mut won, mut pairs) = (0.0, 0.0);
    for (p, _) in rows().filter(|(_, is)| **is) {
        for (n, _) in rows().filter(|(_, is)| !**is) {
            pairs += 1.0;
            won += if p > n {
                1.0
            } else if p < n {
                0.0
            } else {
                0.5
            };
        }
    }
    won / pairs
}

proptest! {
    #[test]
    fn auroc_is_the_share_of_pairs_in_order((scores, positive) in scores_and_labels()) {
        let got = auroc(&scores, &positive).expect("both labels");
        prop_assert!((got - auroc_by_pairs(&scores, &positive)).abs() < 1e-9);
        let flipped: Vec<f64> = scores.iter().map(|score| -score).collect();
        let other = auroc(&flipped, &positive).expect("both labels");
        prop_assert!((got + other - 1.0).abs() < 1e-9);
    }

    #[test]
    fn figures_are_fractions((scores, positive) in scores_and_labels(), threshold in 0.0..1.2_f64) {
        let m = binary_metrics(&scores, &positive, threshold).expect("both labels");
        for figure in [m.auroc, m.average_precision, m.accuracy, m.balanced_accuracy, m.sensitivity, m.specificity] {
            prop_assert!((0.0..=1.0).contains(&figure));
        }
        prop_assert_eq!(m.positives + m.negatives, scores.len());
        prop_assert!(average_precision(&scores, &positive).expect("both labels") > 0.0);
    }

    #[test]
    fn ranks_sum_to_those_without_ties(values in proptest::collection::vec(0_u8..9, 0..80)) {
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let n = values.len() as f64;
        let sum: f64 = average_ranks(&values).iter().sum();
        prop_assert!((sum - n * (n + 1.0) / 2.0).abs() < 1e-9);
    }

    #[test]
    fn spearman_is_symmetric_and_bounded(rows in proptest::collection::vec((-9.0..9.0_f64, -9.0..9.0_f64), 3..40)) {
        let (a, b): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
        if let Ok(rho) = spearman(&a, &b) {
            prop_assert!((-1.0..=1.0).contains(&rho));
            prop_assert_eq!(spearman(&b, &a), Ok(rho));
        }
    }

    #[test]
    fn intervals_are_ordered_and_repeatable((scores, positive) in scores_and_labels(), seed in any::<u64>()) {
        let options = BootstrapOptions { resamples: 100, seed, ..Default::default() };
        let draw = || stratified_interval(&scores, &positive, &options, auroc);
        let interval = draw().expect("an interval");
        prop_assert!(interval.low <= interval.high);
        prop_assert_eq!(draw(), Ok(interval));
    }

    #[test]
    fn a_pool_span_holds_its_centre(tokens in 1_usize..5_000, locus in 0_u64..30_000, radius in any::<usize>()) {
        match pool_span(tokens, Some(BpOffset(locus)), PoolType::CenteredMean, radius) {
            Ok(span) => {
                let center = span.center_token.expect("a centre");
                prop_assert_eq!(center as u64, locus / 6);
                prop_assert!(span.rows().contains(&center) && span.last_row_exclusive <= tokens);
                prop_assert!(span.len() as u128 <= 2 * radius as u128 + 1);
            }
            Err(_) => prop_assert!(locus / 6 >= tokens as u64),
        }
    }
}
