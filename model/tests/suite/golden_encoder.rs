//! The encoder against the oracle: hidden states, likelihoods, and the rows that a shared prefix
//! saves.
#![allow(missing_docs, clippy::unwrap_used)]

use crate::common::{encoder, golden_bytes, golden_dir, number, size};
use genolewm::encoder::{EditedWindow, Sequence, Site, StateEncoder, StateSpec};
use genolewm::ops::{CpuOps, Ops};
use genolewm_core::edit::{EditSpec, apply_edit};
use genolewm_core::pooling::PoolType;
use genolewm_core::position::{BpOffset, Position};
use genolewm_core::reference::{AnyReference, Reference};
use genolewm_core::state_contract::StateContract;

type Matrix = <CpuOps as Ops>::Matrix;

fn golden_encoder() -> StateEncoder<Matrix> {
    encoder::golden_encoder(&CpuOps::new())
}

fn read(x: &Matrix) -> Vec<f32> {
    crate::common::read(&CpuOps::new(), x)
}

#[test]
fn golden_hidden_states_of_every_layer_match() {
    encoder::check_hidden_states(&CpuOps::new());
}

#[test]
fn golden_likelihood_baseline_matches() {
    let encoder = golden_encoder();
    let mut reference =
        Reference::new(AnyReference::open_path(&golden_dir().join("pipeline/ref.fa")).unwrap());
    let rows = String::from_utf8(golden_bytes("pipeline/expected_baseline.jsonl")).unwrap();
    assert!(!rows.is_empty());
    for row in rows.lines() {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let text = |key: &str| row[key].as_str().unwrap();
        let position = Position::new(row["pos"].as_u64().unwrap()).unwrap();
        let edit = EditSpec::new(text("chrom"), position, text("ref"), text("alt")).unwrap();
        let window_bp = size(&row["window_bp"]);
        let window = reference
            .window(edit.chrom(), Some(position.offset()), window_bp)
            .unwrap();
        let placed = window.place(&edit).unwrap();
        let edited = apply_edit(window.sequence(), &placed, true).unwrap();
        let tokens =
            [&**window.sequence(), edited.as_str()].map(|bases| encoder.tokenizer.encode(bases));
        let shared = tokens[0]
            .iter()
            .zip(&tokens[1])
            .take_while(|(a, b)| a == b)
            .count();
        // The row before the first difference predicts it.
        let own = shared - 1..tokens[1].len();
        let sequences = [
            Sequence::whole(&tokens[0]),
            Sequence {
                tokens: &tokens[1],
                rows: own.clone(),
                prefix: Some(0),
                wanted: own,
            },
        ];
        let sums =
            crate::common::block_on(encoder.llama.log_likelihoods(&CpuOps::new(), &sequences))
                .unwrap();
        for (sum, key) in sums
            .iter()
            .zip(["carbon_ref_log_likelihood", "carbon_alt_log_likelihood"])
        {
            let expected = number(&row[key]);
            let error = ((sum.total - expected) / expected).abs();
            assert!(
                error < 1e-3,
                "{edit}: {key} is {} and not {expected}",
                sum.total
            );
        }
        // The oracle adds in f32, whose steps at this size are 0.002.
        let difference = sums[1].total - sums[0].total;
        let expected = number(&row["carbon_alt_minus_ref_log_likelihood"]);
        assert!(
            (difference - expected).abs() < 1e-3 * expected.abs() + 0.004,
            "{edit}: {difference} is not {expected}"
        );
    }
}

/// A deterministic window without repeats.
fn window_of(length_bp: usize) -> String {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut base = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ['A', 'C', 'G', 'T'][(state >> 33) as usize % 4]
    };
    (0..length_bp).map(|_| base()).collect()
}

fn with_radius(pool_radius_tokens: usize) -> StateEncoder<Matrix> {
    let StateEncoder {
        llama, tokenizer, ..
    } = golden_encoder();
    let spec = StateSpec {
        state_layer: -1,
        pool_type: PoolType::CenteredMean,
        pool_radius_tokens,
        contract: StateContract::L2OldRowV0_2_0,
    };
    StateEncoder::new(llama, tokenizer, spec).unwrap()
}

#[test]
fn golden_encoder_runs_1537_rows_for_an_snv_and_1041_with_radius_8() {
    for (radius, rows) in [(256, 1281 + 256), (8, 1033 + 8)] {
        let encoder = with_radius(radius);
        let reference = window_of(12_288);
        let locus = 6_144;
        let mut edited = reference.clone();
        let other = if reference.as_bytes()[locus] == b'A' {
            "C"
        } else {
            "A"
        };
        edited.replace_range(locus..=locus, other);
        let locus = Some(BpOffset(locus as u64));
        let sites = [Site {
            reference: &reference,
            edits: vec![EditedWindow {
                bases: edited.clone(),
                locus,
            }],
        }];
        let states = encoder.encode(&CpuOps::new(), &sites).unwrap();
        assert_eq!(encoder.llama.rows_run(), rows);
        for (quick, window) in [(&states.reference, &reference), (&states.edited, &edited)] {
            let plain = plain_state(&encoder, window, locus, radius);
            for (a, b) in read(quick).iter().zip(&plain) {
                assert!((a - b).abs() < 1e-4, "radius {radius}: {a} is not {b}");
            }
        }
    }
}

/// The state by the plain route: every row of the window, pooled afterwards.
fn plain_state(
    encoder: &StateEncoder<Matrix>,
    window: &str,
    locus: Option<BpOffset>,
    radius: usize,
) -> Vec<f32> {
    let ops = CpuOps::new();
    let tokens = encoder.tokenizer.encode(window);
    let hidden = encoder
        .llama
        .hidden(&ops, &[Sequence::whole(&tokens)], encoder.layer());
    let center = locus.map_or(0, |locus| locus.index() / 6);
    let rows = center.saturating_sub(radius)..(center + radius + 1).min(tokens.len());
    let pooled = ops.mean_rows(&hidden, &[[rows, 0..0]]);
    read(&ops.normalize_rows(&pooled))
}

#[test]
fn golden_encoder_encodes_a_window_of_many_edits_once() {
    let encoder = with_radius(8);
    let reference = window_of(4_096);
    let edit = |locus: usize| {
        let mut bases = reference.clone();
        let other = if bases.as_bytes()[locus] == b'A' {
            "C"
        } else {
            "A"
        };
        bases.replace_range(locus..=locus, other);
        EditedWindow {
            bases,
            locus: Some(BpOffset(locus as u64)),
        }
    };
    let loci = [300, 301, 2_048, 3_000];
    let sites = [Site {
        reference: &reference,
        edits: loci.map(edit).into(),
    }];
    let states = encoder.encode(&CpuOps::new(), &sites).unwrap();
    // The reference up to the last span, and of each edit the rows of its own.
    assert_eq!(encoder.llama.rows_run(), (3_000 / 6 + 9) + 4 * 8);
    let width = encoder.d_state();
    for (index, &locus) in loci.iter().enumerate() {
        let plain = plain_state(
            &encoder,
            &edit(locus).bases,
            Some(BpOffset(locus as u64)),
            8,
        );
        let quick = &read(&states.edited)[index * width..(index + 1) * width];
        for (a, b) in quick.iter().zip(&plain) {
            assert!((a - b).abs() < 1e-4, "locus {locus}: {a} is not {b}");
        }
    }
}

#[test]
fn golden_encoder_gives_a_batch_the_same_states_in_one_pass_and_in_several() {
    let encoder = with_radius(8);
    let windows = [4_096, 3_000, 4_096, 2_000].map(window_of);
    let site = |reference| {
        let edit = |locus: usize, alt: &str| {
            let mut bases: String = String::clone(reference);
            bases.replace_range(locus..=locus, alt);
            EditedWindow {
                bases,
                locus: Some(BpOffset(locus as u64)),
            }
        };
        Site {
            reference,
            edits: vec![edit(1_000, "ACC"), edit(1_001, "GTTTA")],
        }
    };
    let sites: Vec<_> = windows.iter().map(site).collect();
    let states = |ops: CpuOps| {
        let before = encoder.llama.rows_run();
        let states = encoder.encode(&ops, &sites).unwrap();
        let rows = encoder.llama.rows_run() - before;
        (read(&states.reference), read(&states.edited), rows)
    };
    let (reference, edited, rows) = states(CpuOps::new());
    assert_eq!(edited.len(), 2 * sites.len() * encoder.d_state());
    let two_sites = 2 * 180 * encoder.llama.config.widest_row();
    for most_values in [0, two_sites] {
        let parted = states(CpuOps::new().with_most_values(most_values));
        assert_eq!(parted.2, rows);
        for (a, b) in [(&parted.0, &reference), (&parted.1, &edited)] {
            assert_eq!(a.len(), b.len());
            for (a, b) in a.iter().zip(b) {
                assert!((a - b).abs() < 1e-5, "{a} is not {b}");
            }
        }
    }
}
