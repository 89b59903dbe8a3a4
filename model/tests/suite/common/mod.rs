//! What the golden tests share: where the vectors are, and how they are compared.
// Each test crate uses its own part of this file.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::expect_used,
    clippy::panic
)]

#[cfg(feature = "wgpu")]
pub mod compare;
pub mod encoder;
pub mod predictor;

use genolewm::ops::Ops;
use genolewm::weights::Weights;
use serde_json::Value;
use std::path::PathBuf;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// The directory of the golden vectors: `GENOLEWM_GOLDEN`, or the project's own copy.
pub fn golden_dir() -> PathBuf {
    std::env::var_os("GENOLEWM_GOLDEN").map_or_else(
        || concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden").into(),
        PathBuf::from,
    )
}

pub fn golden_bytes(name: &str) -> Vec<u8> {
    let path = golden_dir().join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn golden_json(name: &str) -> Value {
    serde_json::from_slice(&golden_bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn golden_weights(name: &str) -> Weights {
    Weights::parse(&golden_bytes(name), name, |_| true).unwrap_or_else(|error| panic!("{error}"))
}

/// A JSON array that must not be empty.
pub fn array(value: &Value) -> &Vec<Value> {
    let array = value
        .as_array()
        .unwrap_or_else(|| panic!("not an array: {value}"));
    assert!(!array.is_empty(), "an empty array tests nothing");
    array
}

pub fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("not a number: {value}"))
}

pub fn size(value: &Value) -> usize {
    usize::try_from(
        value
            .as_u64()
            .unwrap_or_else(|| panic!("not a size: {value}")),
    )
    .expect("a size")
}

/// All numbers of an array, which may be nested.
pub fn floats(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(items) => items.iter().flat_map(floats).collect(),
        _ => vec![number(value) as f32],
    }
}

/// All flags of an array of 0 and 1, which may be nested.
pub fn flags(value: &Value) -> Vec<bool> {
    floats(value).into_iter().map(|flag| flag != 0.0).collect()
}

/// Reads a matrix back.
pub fn read<O: Ops>(ops: &O, matrix: &O::Matrix) -> Vec<f32> {
    block_on(ops.read(matrix)).unwrap_or_else(|error| panic!("{error}"))
}

/// The GPU, or Mesa's software adapter in its place.
#[cfg(feature = "wgpu")]
pub fn wgsl_ops() -> genolewm::ops::WgslOps {
    block_on(genolewm::ops::WgslOps::new()).unwrap_or_else(|error| {
        panic!("{error}; without a GPU, Mesa's software adapter serves: apt-get install mesa-vulkan-drivers")
    })
}

/// Runs a future that does not have to be woken: native devices are waited for where they are read.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return value;
        }
    }
}

/// Within `tolerance` of each other, value by value.
pub fn assert_close(what: &str, actual: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(actual.len(), expected.len(), "{what}: number of values");
    for (index, (a, e)) in actual.iter().zip(expected).enumerate() {
        assert!(
            (a - e).abs() <= tolerance,
            "{what}[{index}]: {a}, expected {e}"
        );
    }
}

/// Within `tolerance` of `expected`, relative to it.
pub fn assert_relative(what: &str, actual: f64, expected: f64, tolerance: f64) {
    let error = (actual - expected).abs() / expected.abs().max(1e-12);
    assert!(
        error <= tolerance,
        "{what}: {actual}, expected {expected} (off by {error:e})"
    );
}
