//! What must never be trained on.

pub mod local;
pub mod policy;
pub mod kept;
pub mod lists;

pub use lists::HoldoutFiles;
pub use policy::{HoldoutPolicy, parse_region};
