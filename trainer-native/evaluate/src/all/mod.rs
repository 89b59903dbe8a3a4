//! The figures of many evaluations of one model in one file, and a report on them.
//!
//! Files that say which model, data or program they are about must agree. What speaks against the
//! model is worked out from the figures: baselines that are as good, intervals that hold chance, and
//! classes in which nothing could be measured.

pub mod own;
pub mod input;
pub mod findings;
pub mod combine;
pub mod required;
pub mod plots;
pub mod report;
