//! What is known of a genome, transcripts and repeats, and what a variant does there.

pub mod codon;
pub mod frame;
pub mod transcript;
pub mod term;
pub mod consequence;
mod site;
pub mod effect;
mod protein;
mod described;
pub mod annotation;
// Files of them.
#[cfg(feature = "std")]
pub mod gff;
pub mod element;
mod repeat_names;
pub mod repeats;
// After `reference`: coding changes are read off its bases.
#[cfg(feature = "std")]
pub mod places;

pub use described::Effect;
