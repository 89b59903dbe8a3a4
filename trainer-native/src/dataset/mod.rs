//! What models are trained and calibrated on: sequence, variants and annotation.
//!
//! Everything is deterministic: a sample is a function of its files and a seed. Regions kept for
//! evaluation are cut out when a file is read, so that nothing downstream can reach them.

pub mod bases;
pub mod corpus;
pub mod fasta;
pub mod holdout;
pub mod recipe;
