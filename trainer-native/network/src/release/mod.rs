//! Releases of a model: which there are, what is new in one, and how it is installed beside others.

pub mod version;
pub mod index;
pub mod difference;
pub mod contents;
pub mod current;
