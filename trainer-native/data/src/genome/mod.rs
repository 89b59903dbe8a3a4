//! What is known of a genome: transcripts, repeats, conservation, and what a variant does there.

pub mod codon;
pub mod frame;
pub mod transcript;
pub mod consequence;
pub mod effect;
pub mod annotation;
pub mod gff;
pub mod element;
mod repeat_names;
pub mod repeats;
pub mod context;
pub mod primate;
