//! Calibration: where a raw surprise stands among background variants of the same context,
//! as a percentile (`docs/formats.md`, "Calibration table").
//!
//! A table holds an empirical distribution for each context bucket and for its parents, so that a
//! context seen too rarely can fall back to a wider one.

mod table;
mod build;
#[cfg(feature = "parquet")]
pub mod parquet_check;
#[cfg(feature = "parquet")]
mod decode;
#[cfg(feature = "parquet")]
mod parquet;

pub use crate::context::{DEFAULT_MIN_BUCKET_SIZE, LOW_CONFIDENCE_BUCKET_SIZE};
pub use build::{BuildOptions, CalibrationExample, build_calibration_table};
#[cfg(feature = "parquet")]
pub use parquet::{read_calibration_table, write_calibration_table};
pub use table::{
    CALIBRATION_SCHEMA_VERSION, CalibrationBucket, CalibrationTable, CalibrationWarning,
    DEFAULT_CDF_POINTS, DEFAULT_REFERENCE_PER_BUCKET,
};
