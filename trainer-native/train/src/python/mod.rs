//! What exists for the sake of Python packages alone: configurations and dataset packages of our own
//! (`geno-lewm-train --carbon-train`), and adapters by PEFT's names.

pub mod config;
pub mod carbon;
pub(crate) mod peft;
