//! The parts of scoring: input, checks before it, output, receipts and accounts.

pub mod place;
pub mod annotation;
pub mod writer;
pub mod input;
pub mod receipts;
pub mod top;
pub mod plan;
pub mod progress;
pub mod regions;
pub mod skipped;
pub mod sites;
pub mod session;
pub mod batch;
pub mod single;
