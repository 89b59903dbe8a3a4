//! Every state contract against a plain implementation: loops over hidden states, written from the
//! contracts' description and sharing nothing with the library.
#![allow(missing_docs, clippy::unwrap_used)]

use crate::common::{array, encoder, golden_json, number, read, size};
use genolewm::encoder::{EditedWindow, Sequence, Site, StateEncoder, StateSpec, pool_states};
use genolewm::ops::{BurnOps, CpuOps, Ops};
use genolewm_core::ErrorCode;
use genolewm_core::pooling::PoolType;
use genolewm_core::position::BpOffset;
use genolewm_core::state_contract::StateContract;
use pollster::block_on;

type Matrix = <CpuOps as Ops>::Matrix;

const RADII: [usize; 4] = [0, 2, 8, 500];

fn with(contract: StateContract, state_layer: i64, radius: usize) -> StateEncoder<Matrix> {
    let golden = encoder::golden_encoder(&CpuOps::new());
    let spec = StateSpec {
        state_layer,
        pool_type: PoolType::CenteredMean,
        pool_radius_tokens: radius,
        contract,
    };
    StateEncoder::new(golden.llama, golden.tokenizer, spec).unwrap()
}

/// The state of a window of `bases` bases, from the hidden rows of `<dna>`, its six-mers and
/// `</dna>`.
fn plain(
    contract: StateContract,
    hidden: &[Vec<f64>],
    bases: usize,
    locus: Option<usize>,
    radius: usize,
) -> Vec<f64> {
    let six_mers = bases.div_ceil(6);
    assert_eq!(hidden.len(), six_mers + 2);
    let mut taken = Vec::new();
    for (row, values) in hidden.iter().enumerate() {
        let Some(locus) = locus else {
            taken.push(values);
            continue;
        };
        let near = match contract {
            StateContract::RawV0_2_1 | StateContract::L2OldRowV0_2_0 => {
                row.abs_diff(locus / 6) <= radius
            }
            StateContract::LegacyRawV1 | StateContract::L2NormalizedV2 => {
                row.abs_diff(1 + locus / 6) <= radius && row >= 1 && row < 1 + six_mers
            }
        };
        if near {
            taken.push(values);
        }
    }
    let mut state = Vec::new();
    for column in 0..hidden[0].len() {
        let mut sum = 0.0;
        for row in &taken {
            sum += row[column];
        }
        state.push(f64::from((sum / taken.len() as f64) as f32));
    }
    if matches!(
        contract,
        StateContract::L2OldRowV0_2_0 | StateContract::L2NormalizedV2
    ) {
        let mut squares = 0.0;
        for value in &state {
            squares += value * value;
        }
        for value in &mut state {
            *value /= squares.sqrt();
        }
    }
    state
}

fn assert_close(ours: &[f32], plain: &[f64], tolerance: f64, what: &str) {
    assert_eq!(ours.len(), plain.len(), "{what}");
    for (ours, plain) in ours.iter().zip(plain) {
        let difference = (f64::from(*ours) - plain).abs();
        assert!(difference < tolerance, "{what}: {ours} is not {plain}");
    }
}

/// The window of the oracle's probe, and its hidden states layer by layer.
fn probe() -> (String, Vec<Vec<Vec<f64>>>) {
    let probe = golden_json("pipeline/encoder_probe.json");
    let tokenizer = encoder::golden_encoder(&CpuOps::new()).tokenizer;
    let rows = tokenizer.dense_rows();
    let ids = array(&probe["input_ids"]);
    let six_mer = |id: &serde_json::Value| {
        let code = rows[..4096]
            .iter()
            .position(|&row| row as usize == size(id));
        let base = |code: usize, place: usize| ['A', 'C', 'G', 'T'][(code >> (2 * place)) & 3];
        code.map_or_else(
            || "NNNNNN".to_owned(),
            |code| (0..6).rev().map(|place| base(code, place)).collect(),
        )
    };
    let window = ids[1..ids.len() - 1].iter().map(six_mer).collect();
    let layer = |rows: &serde_json::Value| {
        let row = |row: &serde_json::Value| array(row).iter().map(number).collect();
        array(rows).iter().map(row).collect()
    };
    let layers = array(&probe["hidden_states"]).iter().map(layer).collect();
    (window, layers)
}

#[test]
fn golden_states_of_every_contract_are_those_of_plain_loops() {
    let ops = CpuOps::new();
    let (window, layers) = probe();
    for &contract in StateContract::ALL {
        for (layer, hidden) in layers.iter().enumerate() {
            for radius in RADII {
                let encoder = with(contract, layer as i64, radius);
                for locus in [None, Some(0), Some(5), Some(6), Some(101), Some(227)] {
                    let at = locus.map(|locus| BpOffset(locus as u64));
                    let state = encoder.encode_window(&ops, &window, at).unwrap();
                    let state = block_on(encoder.read(&ops, &state)).unwrap();
                    let plain = plain(contract, hidden, window.len(), locus, radius);
                    let what = format!("{contract}, layer {layer}, {locus:?} within {radius}");
                    assert_close(&state, &plain, 1e-4, &what);
                }
            }
        }
    }
}

fn window_of(length_bp: usize) -> String {
    let mut state = 2_463_534_242_u64;
    let mut base = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ['A', 'C', 'G', 'T'][(state >> 33) as usize % 4]
    };
    (0..length_bp).map(|_| base()).collect()
}

/// What is left out of a pass (rows that do not count, rows that a reference shares) changes no
/// state of any contract.
#[test]
fn golden_passes_over_the_rows_that_count_give_the_states_of_whole_windows() {
    let ops = CpuOps::new();
    for &contract in StateContract::ALL {
        for radius in RADII {
            let encoder = with(contract, -1, radius);
            for length in [6, 100, 301] {
                check_site(&ops, &encoder, contract, &window_of(length));
            }
        }
    }
}

fn check_site(
    ops: &CpuOps,
    encoder: &StateEncoder<Matrix>,
    contract: StateContract,
    reference: &str,
) {
    let length = reference.len();
    let loci = [0, 5, length / 2, length - 1];
    let edited = |locus: usize| {
        let other = if reference.as_bytes()[locus] == b'A' {
            "C"
        } else {
            "A"
        };
        let mut bases = reference.to_owned();
        bases.replace_range(locus..=locus, other);
        bases
    };
    let edits = loci.map(|locus| EditedWindow {
        bases: edited(locus),
        locus: Some(BpOffset(locus as u64)),
    });
    let site = Site {
        reference,
        edits: edits.into(),
    };
    let states = encoder.encode(ops, &[site]).unwrap();
    let [of_reference, of_edited] = [&states.reference, &states.edited]
        .map(|states| block_on(encoder.read(ops, states)).unwrap());
    let width = encoder.d_state();
    let radius = encoder.spec.pool_radius_tokens;
    for (index, &locus) in loci.iter().enumerate() {
        for (states, bases) in [(&of_reference, reference), (&of_edited, &edited(locus))] {
            let hidden = hidden(ops, encoder, bases);
            let plain = plain(contract, &hidden, length, Some(locus), radius);
            let what = format!("{contract}, {length} bp, {locus} within {radius}");
            assert_close(&states[index * width..][..width], &plain, 2e-5, &what);
        }
    }
}

/// Every row of a window, none left out.
fn hidden(ops: &CpuOps, encoder: &StateEncoder<Matrix>, window: &str) -> Vec<Vec<f64>> {
    let tokens = encoder.tokenizer.encode(window);
    let hidden = encoder
        .llama
        .hidden(ops, &[Sequence::whole(&tokens)], encoder.layer());
    let values = read(ops, &hidden);
    let rows = values.chunks_exact(encoder.d_state());
    rows.map(|row| row.iter().copied().map(f64::from).collect())
        .collect()
}

#[test]
fn golden_loci_in_the_padding_were_pooled() {
    let ops = CpuOps::new();
    // 100 bases are 17 six-mers, of which the last holds two bases of padding.
    let window = window_of(100);
    for (contract, refused) in [
        (StateContract::RawV0_2_1, false),
        (StateContract::L2OldRowV0_2_0, false),
        (StateContract::LegacyRawV1, true),
        (StateContract::L2NormalizedV2, true),
    ] {
        let encoder = with(contract, -1, 2);
        let state = encoder.encode_window(&ops, &window, Some(BpOffset(101)));
        assert_eq!(state.is_err(), refused, "{contract}");
        if let Err(error) = state {
            assert_eq!(error.code(), ErrorCode::InputGeneric);
        }
        assert!(
            encoder
                .encode_window(&ops, &window, Some(BpOffset(99)))
                .is_ok()
        );
    }
}

#[test]
fn golden_states_of_zero_or_without_number_were_handed_on() {
    let ops = CpuOps::new();
    for contract in [StateContract::LegacyRawV1, StateContract::L2NormalizedV2] {
        let encoder = with(contract, -1, 2);
        let width = encoder.d_state();
        for value in [0.0, f32::NAN, f32::INFINITY] {
            let rows = ops.matrix(vec![value; 4 * width], 4, width);
            let state = ops.unit_rows(&ops.mean_rows_in_f64(&rows, &[[0..2, 3..4]]));
            let error = block_on(encoder.read(&ops, &state)).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InputGeneric, "{value}");
            assert_eq!(
                error.details().get("state_contract_version").unwrap(),
                contract.as_str()
            );
        }
    }
}

/// Gradients through sums in f64 are those through sums in f32.
#[test]
fn gradients_pass_through_states_of_every_contract() {
    let ops = BurnOps::on(burn::tensor::Device::flex().autodiff(), "cpu");
    let values: Vec<f32> = (0..24).map(|index| (index as f32).sin()).collect();
    let gradient = |contract| {
        let x = ops.matrix(values.clone(), 6, 4).require_grad();
        let states = pool_states(&ops, contract, &x, &[[0..2, 3..4], [0..0, 2..6]]);
        let weighed = states * ops.matrix(values[..8].to_vec(), 2, 4);
        let gradients = weighed.sum().backward();
        let gradient = x.grad(&gradients).unwrap().into_data();
        gradient.try_into_vec::<f32>().unwrap()
    };
    for (old, new) in [
        (StateContract::RawV0_2_1, StateContract::LegacyRawV1),
        (StateContract::L2OldRowV0_2_0, StateContract::L2NormalizedV2),
    ] {
        let (old, new) = (gradient(old), gradient(new));
        assert!(old.iter().any(|&value| value != 0.0));
        for (a, b) in old.iter().zip(&new) {
            assert!((a - b).abs() < 1e-6, "{a} is not {b}");
        }
    }
}

/// Sums of numbers that cancel: what f32 loses, f64 keeps, on devices with gradients too.
#[test]
fn sums_in_f32_lost_what_cancels() {
    fn check(ops: &impl Ops) {
        let x = ops.matrix(vec![1e8, 1.0, -1e8, 0.5, 3.0, -3.0], 6, 1);
        let mean = ops.mean_rows_in_f64(&x, &[[0..3, 3..6]]);
        assert_eq!(read(ops, &mean), [0.25]);
        let unit = ops.unit_rows(&ops.matrix(vec![3.0, 4.0], 1, 2));
        assert_eq!(read(ops, &unit), [0.6, 0.8]);
    }
    let plain = BurnOps::on(burn::tensor::Device::flex(), "cpu");
    let gradients = BurnOps::on(burn::tensor::Device::flex().autodiff(), "cpu");
    check(&CpuOps::new());
    check(&plain);
    check(&gradients);
}
