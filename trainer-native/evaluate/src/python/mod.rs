//! What exists for the Python package's sake: its metrics and its sentences, word for word.

pub mod eval;
pub mod rollout;
