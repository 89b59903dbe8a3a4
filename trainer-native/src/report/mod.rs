//! What a run leaves for people: metrics line by line, and pictures of them; figures as Python prints them.

mod axis;
pub mod metrics;
pub mod python;
pub mod svg;
