//! What `genolewm evaluate` measures, and its figures for programs and for people.

pub mod language;
pub mod prediction;
pub mod uniformity;
pub mod two_sides;
pub mod clinvar;
pub mod primate;
pub mod sections;
pub mod evaluation;
