//! What every command shares: flags, configuration, terminal, files and models.

pub mod logging;
pub mod shared;
pub mod overview;
pub mod command;
pub mod terminal;
pub mod usage;
pub mod output;
pub mod paths;
pub mod invocation;
pub mod config;
pub mod identity;
pub mod backend;
pub mod alleles;
pub mod model;
