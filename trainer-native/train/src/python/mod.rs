//! What exists for the sake of Python packages alone: dataset packages of our own
//! (`geno-lewm-train --carbon-train`), and adapters by PEFT's names.

pub mod carbon;
pub(crate) mod peft;
