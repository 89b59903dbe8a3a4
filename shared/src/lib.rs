//! The pure core of GenoLeWM: everything that is decided about a variant before and after the
//! model runs.
//!
//! Data flows one way: source → edit → window → (state → prediction, in `genolewm`) →
//! surprise → receipt; the modules are declared in that order, and each may use only the ones
//! above it (`cargo xtask layers` holds it).
//!
//! The crate is `no_std` with `alloc`; the feature `std` adds `bytes`, `source` and `reference`,
//! which read files, and `parquet` adds the calibration table's file format.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod limits;
#[macro_use]
mod names;
#[macro_use]
pub mod error;
pub mod text;
pub mod position;
pub mod bases;
pub mod bed;

pub mod contig;
// What `source` and `reference` read from.
#[cfg(feature = "std")]
pub mod bytes;
pub mod edit;
#[cfg(feature = "std")]
pub mod source;
pub mod window;
pub mod view;
// After `window`: a reference hands out windows, cut from as few bytes as they need.
#[cfg(feature = "std")]
pub mod reference;
pub mod state_contract;
pub mod pooling;
pub mod context;
// Before `surprise`: rows of scores tell what an edit does.
pub mod genome;
pub mod calibration;
// Before `surprise`: score rows print numbers as canonical JSON does.
pub mod provenance;
pub mod surprise;
#[cfg(feature = "experimental")]
pub mod experimental;
pub mod planning;
pub mod evaluation;

pub use error::{Error, ErrorCode, Result};

/// The version of these crates and of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
