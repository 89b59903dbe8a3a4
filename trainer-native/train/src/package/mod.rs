//! The Python package's configuration: its sections as typed structs, which settings of ours its keys
//! are, and a run's settings in its layout.

pub mod sections;
mod keys;
mod training;
mod written;

pub use keys::{
    FLAGS, Given, PackageConfig, SCHEMA_1_0, SCHEMA_VERSION, check_version, definition, read,
    unknown_key,
};
pub use training::Training;
pub use written::layout;
