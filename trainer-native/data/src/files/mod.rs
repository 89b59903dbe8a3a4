//! Files of sequence: FASTA, JSONL, Parquet, alignments (MAF), dataset packages of the Python package,
//! folders that were fetched from a hub.

pub mod lines;
pub mod bed;
pub mod fasta;
pub mod maf;
pub mod source_mix;
pub mod subset;
pub mod records;
pub mod package;
pub mod hub;
