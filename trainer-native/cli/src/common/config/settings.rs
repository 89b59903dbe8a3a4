//! What flags came to, for those who write it down.

use super::definitions::{innermost, own_keys};
use crate::common::command::Setting;
use clap::{ArgMatches, Command};
use genolewm_core::Result;
use genolewm_train::files::internal;
use genolewm_train::package::SCHEMA_1_0;
use serde::Serialize;
use serde_yaml_ng::Mapping;

/// The flags of the command at `path` by their keys, with what they come to.
#[must_use]
pub fn settings(path: &[String], program: &Command, matches: &ArgMatches) -> Vec<Setting> {
    let (command, matches) = innermost(path, program, matches);
    let values = |arg: &clap::Arg| -> Vec<String> {
        let raw = matches.try_get_raw(arg.get_id().as_str()).ok().flatten();
        let raw = raw.into_iter().flatten();
        raw.map(|raw| raw.to_string_lossy().into_owned()).collect()
    };
    own_keys(command)
        .map(|(key, arg)| (key, values(arg)))
        .collect()
}

/// A configuration that gives a command the same settings again, with the shared `seed` if it is that
/// which counts.
///
/// # Errors
/// `INTERNAL.GENERIC` for what YAML cannot hold.
pub fn repeat(command: &str, settings: &impl Serialize, seed: Option<u64>) -> Result<String> {
    let mut config = Mapping::from_iter([("schema_version".into(), SCHEMA_1_0.into())]);
    config.extend(seed.map(|seed| ("seed".into(), seed.into())));
    let settings = serde_yaml_ng::to_value(settings).map_err(|error| internal(&error))?;
    config.insert(command.into(), settings);
    serde_yaml_ng::to_string(&config).map_err(|error| internal(&error))
}
