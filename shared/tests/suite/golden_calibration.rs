//! Calibration tables against the golden vectors.
#![cfg(feature = "parquet")]
// A missing or malformed vector must fail the test.
#![allow(clippy::expect_used)]

use crate::common::{assert_close, cases, golden_bytes, golden_json, number, numbers, text};
use genolewm_core::Result;
use genolewm_core::calibration::{
    BuildOptions, CalibrationBucket, CalibrationExample, CalibrationTable, build_calibration_table,
    read_calibration_table, write_calibration_table,
};
use serde_json::Value;

fn built_table(golden: &Value) -> Result<CalibrationTable> {
    let examples = cases(&golden["examples"])
        .iter()
        .map(|example| CalibrationExample {
            bucket_id: example[0].as_str().expect("a bucket id").into(),
            sigma_raw: example[1].as_f64().expect("a number"),
        });
    let grid_size = golden["grid_size"]
        .as_u64()
        .and_then(|size| usize::try_from(size).ok());
    let grid_size = grid_size.expect("a grid size");
    build_calibration_table(
        examples,
        &BuildOptions {
            grid_size,
            ..BuildOptions::default()
        },
    )
}

/// Equal as far as a file of f32 can tell.
fn assert_same_as_stored(stored: &CalibrationBucket, exact: &CalibrationBucket) {
    assert_eq!(stored.bucket_id(), exact.bucket_id());
    assert_eq!(stored.n_calibration(), exact.n_calibration());
    assert_eq!(stored.back_off_to(), exact.back_off_to());
    let narrow = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
    assert_eq!(
        narrow(stored.cdf()),
        narrow(exact.cdf()),
        "{}",
        exact.bucket_id()
    );
    assert_eq!(
        narrow(stored.sigma_grid()),
        narrow(exact.sigma_grid()),
        "{}",
        exact.bucket_id()
    );
}

#[test]
fn golden_calibration_is_built_from_examples() -> Result<()> {
    let golden = golden_json("calibration.json");
    let table = built_table(&golden)?;
    assert_eq!(table.buckets().len() as u64, golden["n_buckets"]);
    for case in cases(&golden["buckets"]) {
        let bucket = table.require(text(case, "bucket_id"))?;
        assert_eq!(bucket.n_calibration(), case["n_calibration"]);
        assert_eq!(bucket.back_off_to(), case["back_off_to"].as_str());
        let (cdf, grid) = (numbers(&case["cdf"]), numbers(&case["sigma_grid"]));
        assert_eq!(bucket.cdf().len(), cdf.len());
        for (got, want) in bucket.cdf().iter().zip(&cdf) {
            assert_close(*got, *want, "cdf");
        }
        for (got, want) in bucket.sigma_grid().iter().zip(&grid) {
            assert_close(*got, *want, "sigma_grid");
        }
    }
    Ok(())
}

#[test]
fn golden_calibration_file_equals_the_built_table() -> Result<()> {
    let built = built_table(&golden_json("calibration.json"))?;
    let read = read_calibration_table(&golden_bytes("calibration.parquet"))?;
    assert_eq!(read.buckets().len(), built.buckets().len());
    for (read, built) in read.buckets().zip(built.buckets()) {
        assert_same_as_stored(read, built);
    }
    Ok(())
}

#[test]
fn golden_calibration_percentiles() -> Result<()> {
    let table = read_calibration_table(&golden_bytes("calibration.parquet"))?;
    for case in cases(&golden_json("calibration.json")["queries"]) {
        let min_size = case["min_bucket_size"].as_u64().expect("a size");
        let bucket = table.resolve(text(case, "bucket"), min_size)?;
        assert_eq!(bucket.bucket_id(), text(case, "resolved"), "{case}");
        let percentile = bucket.percentile(number(case, "sigma_raw"));
        assert_close(percentile, number(case, "percentile"), "percentile");
        assert_close(
            bucket.confidence(),
            number(case, "confidence"),
            "confidence",
        );
        assert_eq!(bucket.low_confidence(), case["low_confidence"]);
    }
    Ok(())
}

#[test]
fn golden_calibration_survives_a_round_trip() -> Result<()> {
    for name in ["calibration.parquet", "pipeline/model/calibration.parquet"] {
        let table = read_calibration_table(&golden_bytes(name))?;
        let bytes = write_calibration_table(&table)?;
        assert_eq!(read_calibration_table(&bytes)?, table, "{name}");
        assert_eq!(
            write_calibration_table(&table)?,
            bytes,
            "the same table, other bytes"
        );
    }
    Ok(())
}
