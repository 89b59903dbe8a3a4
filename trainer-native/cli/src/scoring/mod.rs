//! The parts of scoring: input, checks before it, output, receipts and accounts.

pub mod annotation;
pub mod writer;
pub mod flags;
pub mod regions;
pub mod input;
pub mod progress;
pub mod skipped;
pub mod observed;
pub mod session;
pub mod receipts;
pub mod rows;
pub mod known;
pub mod journal;
pub mod top;
pub mod plan;
pub mod batch;
pub mod single;
