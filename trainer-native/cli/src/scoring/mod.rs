//! The parts of scoring: input, checks before it, output, receipts and accounts.

pub mod annotation;
pub mod batch;
pub mod input;
pub mod place;
pub mod plan;
pub mod progress;
pub mod receipts;
pub mod regions;
pub mod session;
pub mod single;
pub mod sites;
pub mod skipped;
pub mod top;
pub mod writer;
