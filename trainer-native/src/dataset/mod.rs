//! What models are trained and calibrated on: sequence, variants and annotation.
//!
//! Everything is deterministic: a sample is a function of its files and a seed. Regions kept for
//! evaluation are cut out when a file is read, so that nothing downstream can reach them.

pub mod annotation;
pub mod bases;
pub mod codon;
pub mod consequence;
pub mod context;
pub mod corpus;
pub mod edits;
pub mod effect;
pub mod element;
pub mod fasta;
pub mod frame;
pub mod gff;
pub mod holdout;
pub mod holdout_files;
pub mod kept;
pub mod local;
pub mod maf;
pub mod markov;
pub mod mix;
pub mod package;
pub mod primate;
pub mod provider;
pub mod recipe;
pub mod records;
pub mod repeats;
pub mod source_mix;
pub mod stored;
pub mod subset;
pub mod transcript;
pub mod tuple;
pub mod variant_key;
pub mod variants;
pub mod weighted;
pub mod window;
pub mod windows;

#[cfg(test)]
mod damaged_tests;
