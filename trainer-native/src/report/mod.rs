//! What a run leaves for people: metrics line by line, and pictures of them.

mod axis;
pub mod metrics;
pub mod svg;
