//! What every command shares: flags, configuration, terminal, files and models.

pub mod backend;
pub mod config;
pub mod identity;
pub mod invocation;
pub mod model;
pub mod output;
pub mod shared;
pub mod terminal;
