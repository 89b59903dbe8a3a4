//! Helpers that drive the built `genolewm` binary: a directory of its own for each test, and a
//! command that shows everything when it does not end as expected.

// This crate is test code: what goes wrong here is a failed test.
#![allow(clippy::expect_used, clippy::panic)]

mod command;
mod directory;
pub mod builtin;
pub mod corpus;
mod disk;
pub mod genome;
pub mod golden;
pub mod stages;

pub use command::{Finished, Program};
pub use directory::Dir;
pub use disk::SmallDisk;

/// A fresh directory with the program of this package's build.
#[macro_export]
macro_rules! dir {
    () => {
        $crate::Dir::new(env!("CARGO_BIN_EXE_genolewm-under-test"))
    };
}
