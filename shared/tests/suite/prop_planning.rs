//! Properties of the sampler and of plans.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_core::edit::{EditType, RelEdit, apply_edits};
use genolewm_core::planning::{
    ActionSampler, CandidateEvaluation, PlanConstraints, PlanningConfig, SamplerOptions,
    StopReason, bp_cost, plan, plan_batched,
};
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::{Error, ErrorCode, Result};
use proptest::prelude::*;

const MARGIN: usize = 16;

fn sampler(window: &str, seed: u64) -> Result<ActionSampler> {
    ActionSampler::new(
        window,
        SamplerOptions {
            seed,
            edge_margin: MARGIN,
            ..Default::default()
        },
    )
}

/// Far from a deletion at base 100: a goal with one answer in each factor.
fn distance(edits: &[RelEdit]) -> f64 {
    edits
        .iter()
        .map(|edit| {
            let off = edit.rel_pos().get().abs_diff(100) as f64 / 100.0;
            off + if edit.edit_type() == EditType::Del {
                0.0
            } else {
                1.0
            }
        })
        .sum()
}

fn evaluate(edits: &[RelEdit]) -> Result<CandidateEvaluation> {
    Ok(distance(edits).into())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..Default::default() })]

    #[test]
    fn sampled_sequences_can_be_applied(
        window in "[ACGTNacgt]{200,300}",
        seed in any::<u64>(),
        horizon in 1_usize..6,
    ) {
        let edits = sampler(&window, seed).and_then(|mut s| s.sample_sequence(horizon)).expect("edits");
        prop_assert_eq!(edits.len(), horizon);
        prop_assert!(apply_edits(&window, &edits, true).is_ok());
        prop_assert!(bp_cost(&edits).is_ok(), "no edit is structural or changes nothing");
        for edit in &edits {
            let start = edit.rel_pos().get() as usize;
            prop_assert!(start >= MARGIN);
            prop_assert!(start + edit.ref_bases().len() <= window.len() - MARGIN);
        }
    }

    #[test]
    fn a_type_that_is_asked_for_is_drawn(seed in any::<u64>(), index in 0_usize..5) {
        let edit_type = EditType::ALL[index];
        let mut sampler = sampler(&"ACGTTGCA".repeat(40), seed).expect("a sampler");
        let edit = sampler.sample_edit(Some(edit_type)).expect("an edit");
        prop_assert_eq!(edit.edit_type(), edit_type);
        if edit_type == EditType::Mnv {
            let same = edit.ref_bases().chars().zip(edit.alt_bases().chars()).any(|(r, a)| r == a);
            prop_assert!(!same, "a substitution changes every base");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_plan(seed in any::<u64>()) {
        let sampler = sampler(&"ACGTTGCA".repeat(40), 1).expect("a sampler");
        let config = PlanningConfig {
            horizon: 2,
            n_samples: 40,
            n_elite: 5,
            seed: Some(seed),
            ..Default::default()
        };
        let first = plan(evaluate, &sampler, &config, None).expect("a plan");
        let batched = |all: &[Vec<RelEdit>]| all.iter().map(|edits| evaluate(edits)).collect();
        prop_assert_eq!(plan_batched(batched, &sampler, &config, None), Ok(first.clone()));
        prop_assert_eq!(first.best_distance, distance(&first.best_edits));
        prop_assert_eq!(first.n_evaluations, 40 * first.iterations.len());
    }
}

/// Refitting had narrowed the positions to one bin; a deletion drawn first filled it, and the plan
/// ended in an error after 256 draws of the second edit.
#[test]
fn a_first_edit_that_fills_the_narrowed_positions_does_not_end_the_plan() -> Result<()> {
    let sampler = sampler(&"ACGTTGCA".repeat(40), 1)?;
    for seed in [9_083_923_721_880_945_115, 0, 1, 2, 3, 4, 5, 6, 7] {
        let config = PlanningConfig {
            horizon: 2,
            n_samples: 40,
            n_elite: 5,
            n_iterations: 12,
            patience: 12,
            seed: Some(seed),
            ..Default::default()
        };
        plan(evaluate, &sampler, &config, None)?;
    }
    Ok(())
}

#[test]
fn refitting_moves_the_search_towards_the_goal() -> Result<()> {
    let sampler = sampler(&"ACGTTGCA".repeat(200), 1)?;
    let config = PlanningConfig {
        horizon: 1,
        n_samples: 200,
        n_elite: 20,
        n_iterations: 8,
        patience: 8,
        seed: Some(3),
        ..Default::default()
    };
    let result = plan(evaluate, &sampler, &config, None)?;
    assert_eq!(result.stopped_reason, StopReason::DistanceThreshold);
    assert_eq!(result.best_edits[0].edit_type(), EditType::Del);
    let means: Vec<f64> = result
        .iterations
        .iter()
        .map(|round| round.elite_mean_distance)
        .collect();
    assert!(
        means.first() > means.last() || means.len() == 1,
        "{means:?}"
    );
    Ok(())
}

#[test]
fn the_search_stops_for_the_documented_reasons() -> Result<()> {
    let sampler = sampler(&"ACGTTGCA".repeat(40), 1)?;
    let config = |n_iterations| PlanningConfig {
        horizon: 1,
        n_samples: 20,
        n_elite: 5,
        n_iterations,
        ..Default::default()
    };
    let constant = |distance: f64| move |_: &[RelEdit]| Ok(distance.into());
    let rounds_and_reason = |distance, n_iterations| -> Result<_> {
        let result = plan(constant(distance), &sampler, &config(n_iterations), None)?;
        Ok((result.iterations.len(), result.stopped_reason))
    };
    assert_eq!(rounds_and_reason(1.0, 9)?, (3, StopReason::Patience));
    assert_eq!(
        rounds_and_reason(0.049, 9)?,
        (1, StopReason::DistanceThreshold)
    );
    assert_eq!(rounds_and_reason(0.05, 9)?, (3, StopReason::Patience));
    assert_eq!(rounds_and_reason(1.0, 1)?, (1, StopReason::MaxIterations));
    Ok(())
}

#[test]
fn a_dear_edit_loses_to_a_cheap_one() -> Result<()> {
    let sampler = sampler(&"ACGTTGCA".repeat(40), 1)?;
    let config = PlanningConfig {
        horizon: 1,
        cost_weight: 1.0,
        ..Default::default()
    };
    let dear = |edits: &[RelEdit]| {
        Ok(if edits.iter().all(|e| e.edit_type() == EditType::Mnv) {
            0.0
        } else {
            9.0
        })
    };
    let result = plan(|_| Ok(1.0.into()), &sampler, &config, Some(&dear))?;
    assert_eq!(result.best_edits[0].edit_type(), EditType::Mnv);
    assert_eq!((result.best_cost, result.best_objective), (0.0, 1.0));
    Ok(())
}

#[test]
fn senseless_plans_are_refused() -> Result<()> {
    let sampler = sampler(&"ACGTTGCA".repeat(40), 1)?;
    let code = |config: PlanningConfig| {
        plan(evaluate, &sampler, &config, None)
            .map(|_| ())
            .map_err(|e| e.code())
    };
    let small = PlanningConfig {
        n_samples: 10,
        n_elite: 5,
        ..Default::default()
    };
    for config in [
        PlanningConfig {
            n_elite: 11,
            ..small.clone()
        },
        PlanningConfig {
            n_elite: 0,
            ..small.clone()
        },
        PlanningConfig {
            patience: 0,
            ..small.clone()
        },
        PlanningConfig {
            cost_weight: -1.0,
            ..small.clone()
        },
        PlanningConfig {
            stopping_eps: f64::NAN,
            ..small.clone()
        },
        PlanningConfig {
            smoothing: 1.5,
            ..small.clone()
        },
    ] {
        assert_eq!(code(config), Err(ErrorCode::InputGeneric));
    }
    for distance in [f64::NAN, -1.0, f64::INFINITY] {
        assert!(plan(|_| Ok(distance.into()), &sampler, &small, None).is_err());
    }
    assert!(plan(evaluate, &sampler, &small, Some(&|_| Ok(-1.0))).is_err());
    assert!(plan_batched(|_| Ok(Vec::new()), &sampler, &small, None).is_err());
    let stop = Error::new(ErrorCode::InternalGeneric, "the model failed");
    assert_eq!(
        plan(|_| Err(stop.clone()), &sampler, &small, None),
        Err(stop.clone())
    );
    Ok(())
}

#[test]
fn senseless_samplers_are_refused() {
    let window = "ACGTTGCA".repeat(40);
    let refused = |options| ActionSampler::new(&window, options).is_err();
    let default = SamplerOptions::default;
    assert!(refused(SamplerOptions {
        edge_margin: 160,
        ..default()
    }));
    assert!(refused(SamplerOptions {
        edge_margin: usize::MAX,
        ..default()
    }));
    assert!(refused(SamplerOptions {
        position_bin_bp: 0,
        ..default()
    }));
    assert!(refused(SamplerOptions {
        max_attempts: 0,
        ..default()
    }));
    assert!(refused(SamplerOptions {
        length_weights: Some(vec![]),
        ..default()
    }));
    assert!(refused(SamplerOptions {
        position_weights: Some(vec![-1.0]),
        ..default()
    }));
    assert!(refused(SamplerOptions {
        type_weights: vec![(EditType::Sv, 1.0)],
        ..default()
    }));
    assert!(refused(SamplerOptions {
        type_weights: vec![(EditType::Snv, f64::NAN)],
        ..default()
    }));
}

#[test]
fn weights_confine_the_draws() -> Result<()> {
    let options = SamplerOptions {
        edge_margin: MARGIN,
        position_weights: Some(vec![0.0, 1.0]),
        length_weights: Some(vec![1.0]),
        type_weights: vec![(EditType::Ins, 1.0)],
        ..Default::default()
    };
    let mut sampler = ActionSampler::new(&"ACGTTGCA".repeat(40), options)?;
    for _ in 0..100 {
        let edit = sampler.sample_edit(None)?;
        assert!((24..32).contains(&edit.rel_pos().get()));
        assert_eq!(edit.alt_bases().len(), 2);
        assert!(edit.alt_bases().starts_with(edit.ref_bases()));
    }
    assert!(
        sampler.sample_edit(Some(EditType::Mnv)).is_err(),
        "no weight for its lengths"
    );
    assert!(sampler.sample_edit(Some(EditType::Sv)).is_err());
    Ok(())
}

#[test]
fn a_window_without_called_bases_gives_up() -> Result<()> {
    let mut sampler = sampler(&"N".repeat(200), 1)?;
    let error = sampler.sample_edit(None).map_err(|e| e.code());
    assert_eq!(error, Err(ErrorCode::InputGeneric));
    let far = RelEdit::new(BpOffset(0), "A", "C")?;
    assert!(apply_edits(&"N".repeat(200), &[far], true).is_err());
    Ok(())
}

/// A sequence for which there was no room ended the whole plan.
#[test]
fn sequences_without_room_are_dropped_and_counted() -> Result<()> {
    let window = "ACGTTGCA".repeat(20);
    let options = || SamplerOptions {
        edge_margin: 78,
        max_attempts: 3,
        ..Default::default()
    };
    let config = PlanningConfig {
        horizon: 4,
        n_samples: 200,
        n_elite: 10,
        seed: Some(1),
        ..Default::default()
    };
    // Four bases: whatever is longer than one leaves no room for three more edits.
    let result = plan(
        evaluate,
        &ActionSampler::new(&window, options())?,
        &config,
        None,
    )?;
    assert!(result.refusals.overlapping > 0 && result.refusals.unusable > 0);
    assert_eq!(
        result.n_evaluations + result.dropped,
        200 * result.iterations.len()
            + if result.stopped_reason == StopReason::NoCandidates {
                200
            } else {
                0
            }
    );
    assert!(result.dropped > 0, "{result:?}");
    // Where there is never any, the reason is told.
    let config = PlanningConfig {
        horizon: 5,
        ..config
    };
    let error = plan(
        evaluate,
        &ActionSampler::new(&window, options())?,
        &config,
        None,
    );
    assert_eq!(error.expect_err("no room").code(), ErrorCode::InputGeneric);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..Default::default() })]

    #[test]
    fn constraints_hold_for_every_candidate_and_for_the_plan(
        window in "[ACGT]{240,300}",
        seed in any::<u64>(),
        start in 60_u64..140,
    ) {
        let protected = Interval::at(BpOffset(start), 30);
        let within = Interval::at(BpOffset(50), 120);
        let constraints = PlanConstraints {
            protected: vec![protected],
            within: Some(within),
            keep_frame: true,
            forbidden: vec!["GATC".parse().expect("a motif"), "RCGY".parse().expect("a motif")],
        };
        let options = SamplerOptions { seed, edge_margin: MARGIN, ..Default::default() };
        let sampler = ActionSampler::constrained(&window, options, constraints).expect("a sampler");
        let config = PlanningConfig { horizon: 3, n_samples: 30, n_elite: 4, ..Default::default() };
        let made = |text: &str| text.matches("GATC").count();
        let check = |edits: &[RelEdit]| {
            for edit in edits {
                let change = edit.alt_bases().len() as i64 - edit.ref_bases().len() as i64;
                assert_eq!(change % 3, 0);
                assert!(within.covers(edit.span()));
            }
            let edited = apply_edits(&window, edits, false).expect("applied");
            let kept = &window[start as usize..start as usize + 30];
            assert!(edited.contains(kept), "protected bases changed");
            // A deletion may leave fewer, and no edit makes one.
            assert!(made(&edited) <= made(&window), "{edits:?}");
            Ok(distance(edits).into())
        };
        let result = plan(check, &sampler, &config, None).expect("a plan");
        prop_assert_eq!(result.best_edits.len(), 3);
    }
}
