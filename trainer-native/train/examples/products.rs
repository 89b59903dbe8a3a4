//! How fast and how exact a plain product of two square matrices is: what a machine can do at most, to set
//! beside what training and scoring do. One line of JSON for each precision.
//!
//! ```sh
//! cargo run --release -p genolewm-train --features cuda --example products -- cuda 8192 2
//! ```

// Figures are what this program is for.
#![allow(clippy::print_stdout)]

use burn::tensor::{DType, Device, Tensor, TensorData};
use genolewm::ops::Precision;
use genolewm_core::{Error, Result};
use genolewm_train::device::{TrainingDevice, precise};
use std::time::{Duration, Instant};

/// Products that are computed before the first that counts: kernels are compiled and chosen by them.
const WARM_UP: usize = 3;
/// Products between two looks at the clock.
const AT_ONCE: u32 = 5;
/// Relative errors of sums of factors that are rounded to 8, 11 and 24 bits lie far apart; these lie
/// between.
const TF32_ERROR: f64 = 1e-5;
const BF16_ERROR: f64 = 7e-4;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let device: TrainingDevice = next("cpu").parse()?;
    let size: usize = next("1024").parse().map_err(|_| wrong())?;
    let seconds: f64 = next("2").parse().map_err(|_| wrong())?;
    let seconds = Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
    for precision in [Precision::F32, Precision::Bf16] {
        let line = match precise(device.ops()?, precision) {
            Ok(ops) => measured(ops.device(), precision, size, seconds)?,
            Err(error) => serde_json::json!({ "why": error.message() }),
        };
        println!(
            "{}",
            serde_json::json!({
                "device": device.to_string(), "precision": precision.to_string(), "size": size,
                "product": line,
            })
        );
    }
    Ok(())
}

fn wrong() -> Error {
    Error::input("the arguments are a device, rows of a matrix, and seconds")
        .with_remedy("leave them out: cpu 1024 2")
}

/// Operations a second, and how far the product is from one in f64.
fn measured(
    device: &Device,
    precision: Precision,
    size: usize,
    seconds: Duration,
) -> Result<serde_json::Value> {
    let values = |seed: u64| -> Vec<f32> { (0..size * size).map(|at| noise(seed, at)).collect() };
    let (left, right) = (values(1), values(2));
    let on_device = |values: &[f32]| {
        let data = TensorData::new(values.to_vec(), [size, size]);
        let matrix = Tensor::<2>::from_data(data, device);
        match precision {
            Precision::F32 | Precision::Int8 => matrix,
            Precision::Bf16 => matrix.cast(DType::BF16),
        }
    };
    let (a, b) = (on_device(&left), on_device(&right));
    let row = |product: Tensor<2>| -> Result<Vec<f32>> {
        let first = product.slice([0..1, 0..size]).cast(DType::F32);
        let read = first.into_data().try_into_vec();
        read.map_err(|_| Error::invariant("a product could not be read"))
    };
    let product = || a.clone().matmul(b.clone());
    for _ in 0..WARM_UP {
        row(product())?;
    }
    let first = row(product())?;
    let (started, mut products) = (Instant::now(), 0);
    while started.elapsed() < seconds {
        // Some at once, so that the device never waits for us; the row says that they are done.
        let mut last = product();
        for _ in 1..AT_ONCE {
            last = product();
        }
        row(last)?;
        products += AT_ONCE;
    }
    let operations = 2.0 * (size as f64).powi(3) * f64::from(products);
    let error = error(&first, &left, &right, size);
    Ok(serde_json::json!({
        "tera_flops": operations / started.elapsed().as_secs_f64() / 1e12,
        "relative_error": error,
        "computed_in": computed_in(error),
    }))
}

/// Root of the mean squared error of the product's first row, relative to that of the row.
fn error(found: &[f32], left: &[f32], right: &[f32], size: usize) -> f64 {
    let (mut wrong, mut all) = (0.0, 0.0);
    for (column, &found) in found.iter().enumerate() {
        let factors = left.iter().take(size).enumerate();
        let exact: f64 = factors
            .map(|(at, &value)| f64::from(value) * f64::from(right[at * size + column]))
            .sum();
        wrong += (f64::from(found) - exact).powi(2);
        all += exact * exact;
    }
    (wrong / all).sqrt()
}

/// What the library computed in, whatever was asked for: units of a GPU round the factors of f32.
fn computed_in(error: f64) -> &'static str {
    match error {
        _ if error < TF32_ERROR => "f32",
        _ if error < BF16_ERROR => "tf32",
        _ => "bf16",
    }
}

/// Numbers between -1 and 1, the same at every call.
fn noise(seed: u64, at: usize) -> f32 {
    let mut bits = (at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed << 32;
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((bits >> 40) as f32 / (1 << 23) as f32) - 1.0
}
