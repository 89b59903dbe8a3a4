//! What a command is given beside its own flags, and how it ends.

use super::shared::Shared;
use std::ffi::OsString;

/// How a command ended when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It did what it was asked.
    Done,
    /// The user interrupted it.
    Interrupted,
}

/// What a command knows beside its own flags.
#[derive(Debug)]
pub struct Context<'a> {
    /// The shared flags.
    pub shared: &'a Shared,
    /// The command line as it was typed, on one line, but for `--resume`, which changes no result.
    pub command_line: String,
    /// All arguments, the name of the program first.
    pub arguments: Vec<OsString>,
    /// The command's own flags, wherever they were set.
    pub settings: Vec<Setting>,
}

/// A flag by its key, and its values.
pub type Setting = (String, Vec<String>);
