//! How far a model can be followed over several edits: each prediction is made from the one before,
//! and set against the state that the encoder gives the window with all edits so far.
//!
//! The baseline is the source state, the guess that nothing changes.

pub mod rows;
pub mod fidelity;
pub mod haplotypes;
pub mod follow;
pub mod measure;
mod made;
pub mod examples;
pub mod phase;
