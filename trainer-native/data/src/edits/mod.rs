//! The edits that a window is trained with: observed ones, made-up ones, and how they are mixed.

pub mod synthetic;
pub mod provider;
pub mod annotated;
pub mod mix;
pub mod tuple;
pub mod centred;
