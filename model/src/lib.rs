//! The model of GenoLeWM: state encoder, action encoder, predictor and the scorer that runs them.
//!
//! `Runtime` (feature `native`) is the way in: it opens a model directory and scores files, variants
//! and windows.
//!
//! The layers are written once over [`ops::Ops`]; [`ops::BurnOps`] runs them on burn's devices.
#![forbid(unsafe_code)]

pub mod quantize;
pub mod tensor;
pub mod ops;
pub mod weights;
pub mod yaml;
pub mod config;
pub mod tokenizer;
pub mod encoder;
pub mod parameters;
pub mod action;
pub mod predictor;
pub mod rollout;
pub mod files;
pub mod opened;
pub mod info;
pub mod bundle;
pub mod loading;
pub mod scorer;
pub mod planning;
pub mod self_check;
pub mod format;
#[cfg(feature = "native")]
pub mod runtime;
#[cfg(feature = "train")]
pub mod loss;
#[cfg(feature = "train")]
pub mod collapse;

#[cfg(feature = "native")]
pub use runtime::Runtime;
