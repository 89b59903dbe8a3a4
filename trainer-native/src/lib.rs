//! The native program: each module uses only those declared above it.
#![forbid(unsafe_code)]

pub mod builtin;
pub mod output;
pub mod report;
pub mod shards;
pub mod dataset;
pub mod cache;
pub mod train;
pub mod evaluate;
pub mod export;
pub mod cli;
