//! What is no finite number is refused where it is read, and stays none where it is computed with.

#![allow(clippy::expect_used)]

#[cfg(feature = "wgpu")]
use crate::common::compare::gpu;
use crate::common::{block_on, golden_bytes};
use burn::tensor::Device;
use genolewm::encoder::LlamaConfig;
use genolewm::ops::{AttentionSegment, AttentionSpec, BurnOps, CpuOps, Mask, Ops};
use genolewm::weights::Weights;
use genolewm_core::ErrorCode;
use half::{bf16, f16};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

const ROWS: usize = 70;
const HEADS: usize = 2;
const WIDTH: usize = 6;

/// Attention of [`ROWS`] rows to themselves, where value `broken` of one of the inputs is `value`.
fn attention<O: Ops>(ops: &O, mask: Mask, input: usize, broken: usize, value: f32) -> Vec<f32> {
    let matrix = |own: usize| {
        let mut values: Vec<f32> = (0..ROWS * HEADS * WIDTH)
            .map(|i| ((i * 37 + own * 11) % 17) as f32 / 8.0 - 1.0)
            .collect();
        if own == input {
            values[broken] = value;
        }
        ops.matrix(values, ROWS, HEADS * WIDTH)
    };
    let spec = AttentionSpec {
        heads: HEADS,
        kv_heads: HEADS,
        head_width: WIDTH,
        segments: vec![AttentionSegment {
            queries: 0..ROWS,
            keys: [0..0, 0..ROWS],
            mask,
        }],
    };
    let mixed = ops.attention(&matrix(0), &matrix(1), &matrix(2), &spec);
    let read = block_on(ops.read(&mixed));
    let values = block_on(ops.download(&mixed)).expect("values");
    assert_eq!(read.is_ok(), values.iter().all(|value| value.is_finite()));
    values
}

fn nan_stays_nan<O: Ops>(ops: &O) {
    let broken_row = 33;
    let broken = broken_row * HEADS * WIDTH;
    let finite = |values: &[f32], row: usize| values[row * HEADS * WIDTH].is_finite();
    // Column 0 belongs to the first head; of a query it spoils that row, of a key all rows. An
    // infinite score may rightly have no weight, an infinite value has.
    for (value, input, spoiled) in [
        (f32::NAN, 0, broken_row..broken_row + 1),
        (f32::NAN, 1, 0..ROWS),
        (f32::NAN, 2, 0..ROWS),
        (f32::INFINITY, 2, 0..ROWS),
    ] {
        let values = attention(ops, Mask::Full, input, broken, value);
        for row in 0..ROWS {
            let what = format!("{} {value} input {input} row {row}", ops.backend());
            assert_eq!(finite(&values, row), !spoiled.contains(&row), "{what}");
            assert!(values[row * HEADS * WIDTH + WIDTH].is_finite(), "{what}");
        }
    }
    let causal = Mask::Causal { first_visible: 0 };
    let values = attention(ops, causal, 1, broken, f32::NAN);
    let mut seeing = broken_row..ROWS;
    assert!(seeing.all(|row| !finite(&values, row)), "{}", ops.backend());
}

#[test]
fn nan_in_queries_or_keys_was_a_small_weight() {
    nan_stays_nan(&CpuOps::new());
    nan_stays_nan(&BurnOps::on(Device::flex(), "burn"));
}

#[cfg(feature = "wgpu")]
#[test]
fn nan_in_queries_or_keys_was_a_small_weight_on_the_gpu() {
    nan_stays_nan(gpu());
}

#[test]
fn a_query_that_sees_nothing_weighs_all_alike() {
    let mut visible = vec![true; ROWS * ROWS];
    visible[..ROWS].fill(false);
    let ours = attention(&CpuOps::new(), Mask::Pairs(visible.clone()), 0, 0, 0.5);
    let plain = BurnOps::on(Device::flex(), "burn");
    let plain = attention(&plain, Mask::Pairs(visible), 0, 0, 0.5);
    assert!(ours.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-5));
}

/// A file of one matrix of two rows of four, whose last value is the given one.
fn file(dtype: Dtype, bytes: &[u8], scales: Option<(Dtype, Vec<usize>, Vec<u8>)>) -> Vec<u8> {
    let columns = match dtype {
        Dtype::U8 => 2,
        _ => 4,
    };
    let mut tensors = vec![(
        "w",
        TensorView::new(dtype, vec![2, columns], bytes).expect("a view"),
    )];
    if let Some((dtype, shape, bytes)) = &scales {
        let view = TensorView::new(*dtype, shape.clone(), bytes).expect("a view");
        tensors.push(("w_scale", view));
    }
    safetensors::serialize(tensors, None).expect("a file")
}

fn refused(bytes: &[u8]) {
    for result in [
        Weights::parse(bytes, "w.safetensors", |_| true),
        Weights::parse_rows(bytes, "w.safetensors", &["w"], &[0, 1]),
    ] {
        let error = result.expect_err("what is no number");
        assert_eq!(error.code(), ErrorCode::DeployExportFormat);
        assert!(error.message().contains("tensor w"), "{}", error.message());
    }
    // A row that is not needed may hold anything, and is not counted with.
    Weights::parse_rows(bytes, "w.safetensors", &["w"], &[0]).expect("the first row");
}

#[test]
fn weights_of_nan_and_infinity_were_loaded() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut values = [1.0f32; 8];
        values[7] = value;
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        refused(&file(Dtype::F32, &bytes, None));
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|x| f16::from_f32(*x).to_le_bytes())
            .collect();
        refused(&file(Dtype::F16, &bytes, None));
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|x| bf16::from_f32(*x).to_le_bytes())
            .collect();
        refused(&file(Dtype::BF16, &bytes, None));
    }
}

#[test]
fn a_tensor_without_values_was_loaded() {
    for shape in [vec![0], vec![0, 4], vec![4, 0]] {
        let view = TensorView::new(Dtype::F32, shape, &[]).expect("a view");
        let bytes = safetensors::serialize([("w", view)], None).expect("a file");
        assert!(Weights::parse(&bytes, "w.safetensors", |_| true).is_err());
    }
}

#[test]
fn scales_that_make_infinity_of_a_code_were_loaded() {
    let scales = [1.0f32, f32::MAX]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    refused(&file(
        Dtype::I8,
        &[1, 1, 1, 1, 1, 1, 1, 127],
        Some((Dtype::F32, vec![2], scales)),
    ));
    for bad in [f16::NAN, f16::INFINITY, f16::from_f32(-1.0)] {
        let scales = [f16::ONE, bad]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let bytes = file(
            Dtype::U8,
            &[0x11; 4],
            Some((Dtype::F16, vec![2, 1], scales)),
        );
        let error = Weights::parse(&bytes, "w.safetensors", |_| true).expect_err("no scale");
        assert_eq!(error.code(), ErrorCode::DeployExportFormat);
    }
}

fn with(key: &str, value: Value) -> Vec<u8> {
    let bytes = golden_bytes("pipeline/encoder/config.json");
    let mut config: Value = serde_json::from_slice(&bytes).expect("a config");
    config[key] = value;
    serde_json::to_vec(&config).expect("a config")
}

#[test]
fn a_rope_theta_of_zero_scored() {
    LlamaConfig::parse(&with("rope_theta", json!(500_000.0))).expect("a config");
    let yarn = |key: &str, value: Value| {
        let mut rope = json!({"rope_type": "yarn", "factor": 4.0});
        rope[key] = value;
        ("rope_scaling", rope)
    };
    for (key, value) in [
        ("rope_theta", json!(0)),
        ("rope_theta", json!(-1)),
        ("rope_theta", json!(1)),
        ("rope_theta", json!(1e300)),
        ("rms_norm_eps", json!(-1e-6)),
        ("rms_norm_eps", json!(0)),
        ("rms_norm_eps", json!(1e9)),
        (
            "rope_scaling",
            json!({"rope_type": "linear", "factor": 0.0}),
        ),
        (
            "rope_scaling",
            json!({"rope_type": "linear", "factor": -2.0}),
        ),
        ("rope_parameters", json!({"rope_theta": -5.0})),
        yarn("factor", json!(-4.0)),
        yarn("beta_fast", json!(0)),
        yarn("beta_slow", json!(-1)),
        yarn("attention_factor", json!(0)),
        yarn("original_max_position_embeddings", json!(0)),
        ("num_attention_heads", json!(0)),
        ("num_attention_heads", json!(1 << 24)),
        ("head_dim", json!(1 << 24)),
        ("vocab_size", json!(1u64 << 40)),
        ("num_hidden_layers", json!(1_000_000)),
    ] {
        let config = with(key, value.clone());
        let error = LlamaConfig::parse(&config).expect_err(&format!("{key}: {value}"));
        assert_eq!(error.code(), ErrorCode::ConfigGeneric, "{key}: {value}");
    }
}
