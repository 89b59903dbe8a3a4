//! What models are trained and calibrated on: sequence, variants and annotation.
//!
//! Everything is deterministic: a sample is a function of its files and a seed. Regions kept for
//! evaluation are cut out when a file is read, so that nothing downstream can reach them.
#![forbid(unsafe_code)]

mod errors;
mod named;
mod sha256;
pub mod bases;
pub mod weighted;
pub mod markov;
pub mod shards;
pub mod files;
pub mod variants;
pub mod window;
pub mod genome;
pub mod holdout;
pub mod corpus;
pub mod edits;
pub mod cache;
