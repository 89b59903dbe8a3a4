//! JSON and numbers as Python writes them, for files that the Python package's tools compare or read.

pub mod json;
pub mod number;
