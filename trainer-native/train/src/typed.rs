//! Settings from flags, as the command line reads them.

use clap::{Args, Command};
use genolewm_core::{Error, ErrorCode, Result};
use std::ffi::OsString;

/// Settings from flags. What is not named has its default, so that a setting is defined once.
///
/// # Errors
/// `CONFIG.GENERIC` with the flag that is not accepted.
pub(super) fn settings<S: Args>(flags: impl IntoIterator<Item = OsString>) -> Result<S> {
    let command = S::augment_args(Command::new("train").no_binary_name(true));
    command
        .try_get_matches_from(flags)
        .and_then(|matches| S::from_arg_matches(&matches))
        .map_err(|error| {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            let first = first.trim_start_matches("error: ").to_owned();
            Error::new(ErrorCode::ConfigGeneric, first)
        })
}

/// A flag with its value.
pub(super) fn flag(name: &str, value: impl Into<OsString>) -> [OsString; 2] {
    [format!("--{name}").into(), value.into()]
}

/// Flags of one text, separated by blanks.
pub(super) fn flags(text: &str) -> impl Iterator<Item = OsString> {
    text.split_whitespace().map(OsString::from)
}
