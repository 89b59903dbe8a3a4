//! What a model's surprise is held against: its other heads, scores that know less, and Carbon's
//! zero-shot likelihood.

pub mod likelihood;
pub mod carbon;
pub mod heads;
pub mod context;
pub mod controls;
pub mod fitted;
