//! Properties of evaluation figures and pooling.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_core::evaluation::{
    BootstrapOptions, Ensemble, auroc, average_precision, average_ranks, binary_metrics,
    bootstrap_intervals, delong_test, delong_variance, paired_interval, pr_curve, reliability_bins,
    roc_curve, spearman, stratified_interval,
};
use genolewm_core::pooling::{PoolType, pool_span};
use genolewm_core::position::BpOffset;
use genolewm_core::state_contract::StateContract;
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

/// Two rows of each label at least, and a second score.
fn two_scores_and_labels() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, Vec<bool>)> {
    proptest::collection::vec((0_u8..12, 0_u8..12, any::<bool>()), 4..40).prop_map(|rows| {
        let first = rows.iter().map(|row| f64::from(row.0) / 11.0).collect();
        let second = rows.iter().map(|row| f64::from(row.1) / 11.0).collect();
        let mut labels: Vec<bool> = rows.into_iter().map(|row| row.2).collect();
        labels[..4].copy_from_slice(&[true, false, true, false]);
        (first, second, labels)
    })
}

/// DeLong's variance by its definition, pair by pair.
fn delong_by_pairs(scores: &[f64], positive: &[bool]) -> f64 {
    let side = |wanted: bool| -> Vec<f64> {
        let rows = scores.iter().zip(positive);
        rows.filter(|(_, is)| **is == wanted)
            .map(|(s, _)| *s)
            .collect()
    };
    let won = |p: f64, n: f64| f64::from(u8::from(p > n)) + 0.5 * f64::from(u8::from(p == n));
    let (positives, negatives) = (side(true), side(false));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let part = |values: Vec<f64>| {
        let middle = mean(&values);
        let squares: f64 = values.iter().map(|v| (v - middle).powi(2)).sum();
        squares / (values.len() - 1) as f64 / values.len() as f64
    };
    let of_positives = positives
        .iter()
        .map(|&p| mean(&negatives.iter().map(|&n| won(p, n)).collect::<Vec<_>>()));
    let of_negatives = negatives
        .iter()
        .map(|&n| mean(&positives.iter().map(|&p| won(p, n)).collect::<Vec<_>>()));
    part(of_positives.collect()) + part(of_negatives.collect())
}

proptest! {
    #[test]
    fn delong_is_its_definition((a, b, positive) in two_scores_and_labels()) {
        let found = delong_variance(&a, &positive).expect("two of each");
        prop_assert!((found.auroc - auroc(&a, &positive).expect("both labels")).abs() < 1e-9);
        prop_assert!((found.variance - delong_by_pairs(&a, &positive)).abs() < 1e-9);
        let there = delong_test(&a, &b, &positive).expect("two of each");
        let back = delong_test(&b, &a, &positive).expect("two of each");
        prop_assert!((there.difference + back.difference).abs() < 1e-12);
        prop_assert!((there.standard_error - back.standard_error).abs() < 1e-12);
        if let Some(p) = there.p {
            prop_assert!((0.0..=1.0).contains(&p));
        }
    }

    #[test]
    fn the_area_below_the_roc_curve_is_auroc((a, _, positive) in two_scores_and_labels()) {
        let points = roc_curve(&a, &positive).expect("both labels");
        let area: f64 = points
            .windows(2)
            .map(|two| {
                let width = two[1].false_positive_rate - two[0].false_positive_rate;
                width * (two[0].true_positive_rate + two[1].true_positive_rate) / 2.0
            })
            .sum();
        prop_assert!((area - auroc(&a, &positive).expect("both labels")).abs() < 1e-9);
        prop_assert!(points.windows(2).all(|two| two[0].threshold > two[1].threshold));
        let recalls: Vec<f64> = pr_curve(&a, &positive).expect("points").iter().map(|p| p.recall).collect();
        prop_assert!(recalls.is_sorted() && recalls.last() == Some(&1.0));
    }

    #[test]
    fn reliability_bins_hold_every_row((a, _, positive) in two_scores_and_labels(), bins in 1_usize..15) {
        let found = reliability_bins(&a, &positive, bins).expect("bins");
        prop_assert_eq!(found.iter().map(|bin| bin.count).sum::<usize>(), a.len());
        for bin in found {
            prop_assert!(bin.low - 1e-12 <= bin.mean_score && bin.mean_score <= bin.high + 1e-12);
            prop_assert!((0.0..=1.0).contains(&bin.positive_share));
        }
    }

    #[test]
    fn paired_comparisons_are_antisymmetric((a, b, positive) in two_scores_and_labels(), seed in any::<u64>()) {
        let options = BootstrapOptions { resamples: 60, seed, ..Default::default() };
        let strata: Vec<bool> = positive.iter().map(|is| !is).collect();
        let compare = |first: &[f64], second: &[f64]| {
            paired_interval([first, second], &positive, &strata, &options, |s, l| auroc(s, l).map(Some)).expect("a comparison")
        };
        let (there, back) = (compare(&a, &b), compare(&b, &a));
        prop_assert!((there.difference + back.difference).abs() < 1e-12);
        prop_assert!((there.interval.low + back.interval.high).abs() < 1e-9);
        prop_assert!((there.p - back.p).abs() < 1e-12 && there.p > 0.0 && there.p <= 1.0);
    }

    #[test]
    fn several_figures_come_from_one_stream((a, b, positive) in two_scores_and_labels(), seed in any::<u64>()) {
        let options = BootstrapOptions { resamples: 40, seed, ..Default::default() };
        let strata: Vec<bool> = positive.iter().map(|is| !is).collect();
        let pick = |column: &[f64], rows: &[usize]| rows.iter().map(|&row| column[row]).collect::<Vec<f64>>();
        let both = bootstrap_intervals(&strata, &options, |rows| {
            let labels: Vec<bool> = rows.iter().map(|&row| positive[row]).collect();
            Ok(Some([auroc(&pick(&a, rows), &labels)?, auroc(&pick(&b, rows), &labels)?]))
        }).expect("intervals");
        prop_assert_eq!(both[0], stratified_interval(&a, &positive, &options, auroc).expect("an interval"));
        prop_assert_eq!(both[1], stratified_interval(&b, &positive, &options, auroc).expect("an interval"));
    }

    /// At the minimum the mean probability is the share of positives, and the unit of a score does
    /// not matter.
    #[test]
    fn ensembles_keep_the_share_of_positives((a, b, positive) in two_scores_and_labels(), ridge in 0.001..50.0_f64) {
        let model = Ensemble::fit(&[&a, &b], &positive, ridge).expect("a fit");
        let thousandfold: Vec<f64> = b.iter().map(|value| value * 1e3 - 7.0).collect();
        let scaled = Ensemble::fit(&[&a, &thousandfold], &positive, ridge).expect("a fit");
        let mut sum = 0.0;
        for row in 0..a.len() {
            let p = model.probability(&[a[row], b[row]]).expect("a probability");
            prop_assert!((p - scaled.probability(&[a[row], thousandfold[row]]).expect("one")).abs() < 1e-7);
            sum += p;
        }
        let positives = positive.iter().filter(|is| **is).count() as f64;
        prop_assert!((sum - positives).abs() < 1e-6);
    }

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
        match pool_span(StateContract::RawV0_2_1, tokens, Some(BpOffset(locus)), PoolType::CenteredMean, radius) {
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
