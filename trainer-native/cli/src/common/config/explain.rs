//! `--explain KEY`: what a key is, from the definition of its flag.

use super::definitions::{Definitions, joined};
use super::sources::variable;
use crate::common::terminal::Terminal;
use clap::{Arg, ArgAction};
use genolewm_core::Result;
use genolewm_train::keyed::{allowed, flag_of};
use std::any::TypeId;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

/// Prints what a key is: a whole one, one of the command at `path`, a flag of it, or a section.
///
/// # Errors
/// `CONFIG.UNKNOWN_TOP_LEVEL_KEY` or `CONFIG.GENERIC` with the nearest key for one that is not known;
/// when standard output cannot be written.
pub fn explain(
    key: &str,
    path: &[String],
    definitions: &Definitions<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<()> {
    let bare = key.trim_start_matches('-').replace('-', "_");
    let spelt = [key.to_owned(), joined(&path.join("."), &bare), bare.clone()];
    let parts = |key: &str| key.split('.').map(str::to_owned).collect::<Vec<_>>();
    let known = spelt
        .iter()
        .find(|key| definitions.find(&parts(key)).is_ok());
    let key = known.map_or(key, String::as_str);
    match definitions.find(&parts(key))? {
        Some(definition) => {
            let flag = (!definition.is_packages).then(|| flag_of(key));
            terminal.line(about(key, definition.arg, flag.as_deref()))
        }
        None => {
            if let Some(about) = definitions.section(key).and_then(clap::Command::get_about) {
                terminal.line(format_args!("{key}: {about}"))?;
            }
            for name in definitions.names(key) {
                let whole = joined(key, &name);
                let arg = definitions.find(&parts(&whole))?;
                let about = arg.map_or_else(|| "a section".to_owned(), |it| summary(it.arg));
                terminal.line(format_args!("  {name}: {about}"))?;
            }
            Ok(())
        }
    }
}

fn about(key: &str, arg: &Arg, flag: Option<&str>) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let mut lines = vec![key.to_owned()];
    lines.extend(help.lines().map(|line| format!("  {line}")));
    let mut fact = |name: &str, text: Option<String>| {
        lines.extend(text.map(|text| format!("  {name:<12} {text}")));
    };
    let several = if is_list(arg) { "list of " } else { "" };
    fact("type:", Some(format!("{several}{}", kind(arg))));
    fact("default:", Some(default_of(arg)));
    fact("allowed:", allowed(arg));
    fact("flag:", flag.map(str::to_owned));
    fact("environment:", Some(variable(key)));
    lines.join("\n")
}

/// The first sentence about a key.
pub(super) fn summary(arg: &Arg) -> String {
    arg.get_help().map(ToString::to_string).unwrap_or_default()
}

/// The default as text.
pub(super) fn default_of(arg: &Arg) -> String {
    let values = arg.get_default_values().iter();
    let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
    match (values.as_slice(), arg.get_action()) {
        ([], ArgAction::SetTrue) => "false".to_owned(),
        ([], _) => "not set".to_owned(),
        _ => values.join(", "),
    }
}

/// Whether a key has a list of values.
pub(super) fn is_list(arg: &Arg) -> bool {
    let several = arg
        .get_num_args()
        .is_some_and(|count| count.max_values() > 1);
    several || matches!(arg.get_action(), ArgAction::Append)
}

/// What kind of value a key has.
pub(super) fn kind(arg: &Arg) -> &'static str {
    let id = arg.get_value_parser().type_id();
    let is = |types: &[TypeId]| types.iter().any(|known| id == *known);
    if !arg.get_action().takes_values() || is(&[TypeId::of::<bool>()]) {
        "true or false"
    } else if is(&[
        TypeId::of::<u8>(),
        TypeId::of::<u16>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<usize>(),
        TypeId::of::<i32>(),
        TypeId::of::<i64>(),
        TypeId::of::<NonZeroUsize>(),
        TypeId::of::<NonZeroU64>(),
        TypeId::of::<NonZeroU32>(),
    ]) {
        "whole number"
    } else if is(&[TypeId::of::<f32>(), TypeId::of::<f64>()]) {
        "number"
    } else if is(&[TypeId::of::<PathBuf>()]) {
        "path"
    } else {
        "text"
    }
}
