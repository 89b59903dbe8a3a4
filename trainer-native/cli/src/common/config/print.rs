//! `--print-config` and `--print-config-tree`: what flags and configuration come to.

use super::applied::{Configuration, is_given};
use super::definitions::{at, innermost, joined, own_keys, shared_keys};
use crate::common::terminal::Terminal;
use clap::{Arg, ArgAction, ArgMatches, Command};
use genolewm::yaml;
use genolewm_core::Result;
use genolewm_train::files::internal;
use genolewm_train::package::SCHEMA_VERSION;
use serde_yaml_ng::{Mapping, Value};
use std::collections::BTreeMap;
use std::ffi::OsString;

/// Whether one of the flags is among the arguments.
#[must_use]
pub fn is_asked_for(args: &[OsString]) -> bool {
    args.iter()
        .any(|arg| arg == "--print-config" || arg == "--print-config-tree")
}

/// Prints what the flags and the configuration come to, as a configuration; with `args`, each value with
/// where it comes from.
///
/// # Errors
/// When standard output cannot be written.
pub fn print(
    terminal: &mut Terminal<'_>,
    config: &Configuration<'_>,
    program: &Command,
    (matches, args): (&ArgMatches, Option<&[OsString]>),
) -> Result<()> {
    let values = resolved(config, program, matches);
    let mut from = BTreeMap::new();
    if let Some(args) = args {
        origins(config, program, args, &mut from);
    }
    let text = written("", &values, &from)?;
    terminal.line(text.trim_end())
}

/// What a configuration that says nothing comes to for a command.
pub(super) fn defaults(path: &[String], program: &Command, matches: &ArgMatches) -> Result<String> {
    written("", &of_flags(path, program, matches), &BTreeMap::new())
}

/// The command's flags, the shared ones, and the package's keys that are set.
fn resolved(config: &Configuration<'_>, program: &Command, matches: &ArgMatches) -> Mapping {
    let mut values = of_flags(&config.path, program, matches);
    for (key, definition) in config.definitions.keys() {
        let setting = config.settings.get(key).filter(|_| definition.is_packages);
        if let Some(setting) = setting {
            put(&mut values, key, setting.value.clone());
        }
    }
    values
}

fn of_flags(path: &[String], program: &Command, matches: &ArgMatches) -> Mapping {
    let mut values = Mapping::new();
    let (command, own) = innermost(path, program, matches);
    for (key, arg) in own_keys(command).filter(|_| !path.is_empty()) {
        put(&mut values, &joined(&path.join("."), &key), value(arg, own));
    }
    put(&mut values, "schema_version", SCHEMA_VERSION.into());
    for (key, arg) in shared_keys(program) {
        let value = match value(arg, matches) {
            Value::Null if key == "seed" => 0.into(),
            value => value,
        };
        put(&mut values, &key, value);
    }
    values
}

/// Puts a value into the sections of its key.
fn put(values: &mut Mapping, key: &str, value: Value) {
    let mut section = values;
    let mut names: Vec<&str> = key.split('.').collect();
    let last = names.pop().unwrap_or_default();
    for name in names {
        let inner = section
            .entry(name.into())
            .or_insert_with(|| Value::Mapping(Mapping::new()));
        let Some(inner) = inner.as_mapping_mut() else {
            return;
        };
        section = inner;
    }
    section.insert(last.into(), value);
}

/// What a flag comes to; null for one that was not given and has no default.
fn value(arg: &Arg, matches: &ArgMatches) -> Value {
    let raw = matches.try_get_raw(arg.get_id().as_str()).ok().flatten();
    let mut values: Vec<Value> = raw
        .into_iter()
        .flatten()
        .map(|raw| typed(&raw.to_string_lossy()))
        .collect();
    let several = arg
        .get_num_args()
        .is_some_and(|count| count.max_values() > 1);
    match arg.get_action() {
        ArgAction::Append => Value::Sequence(values),
        _ if several => Value::Sequence(values),
        _ => values.pop().unwrap_or_default(),
    }
}

/// A value as the kind that it has in YAML, if it is the same text there again.
fn typed(text: &str) -> Value {
    let plain = yaml::parse(text).ok().filter(|value| match value {
        Value::Bool(_) => true,
        Value::Number(number) => number.to_string() == text,
        _ => false,
    });
    plain.unwrap_or_else(|| text.into())
}

/// Where the values of all keys come from that have one.
fn origins(
    config: &Configuration<'_>,
    program: &Command,
    args: &[OsString],
    from: &mut BTreeMap<String, String>,
) {
    let section = config.path.join(".");
    let own = own_keys(at(&config.path, program));
    let own = own.map(|(key, arg)| (joined(&section, &key), arg));
    for (key, arg) in shared_keys(program).chain(own.filter(|_| !config.path.is_empty())) {
        let origin = match config.applied.get(&key) {
            _ if is_given(args, arg) => "command line".to_owned(),
            Some(applied) => applied.setting.origin.to_string(),
            None if arg.get_default_values().is_empty() && arg.get_action().takes_values() => {
                "not set".to_owned()
            }
            None => "default".to_owned(),
        };
        from.insert(key, origin);
    }
    from.insert("schema_version".to_owned(), "default".to_owned());
    for (key, definition) in config.definitions.keys() {
        let setting = config.settings.get(key).filter(|_| definition.is_packages);
        if let Some(setting) = setting {
            from.insert(key.to_owned(), setting.origin.to_string());
        }
    }
}

/// YAML, with a comment behind each key that is in `from`.
fn written(section: &str, values: &Mapping, from: &BTreeMap<String, String>) -> Result<String> {
    let mut text = String::new();
    for (name, value) in values {
        let key = joined(section, name.as_str().unwrap_or_default());
        if let Value::Mapping(inner) = value {
            let name = key.rsplit('.').next().unwrap_or_default();
            text.push_str(&format!("{name}:\n"));
            for line in written(&key, inner, from)?.lines() {
                text.push_str(&format!("  {line}\n"));
            }
            continue;
        }
        let entry = Mapping::from_iter([(name.clone(), value.clone())]);
        let entry = serde_yaml_ng::to_string(&entry).map_err(|error| internal(&error))?;
        let comment = from.get(&key).map(|from| format!("  # {from}"));
        let (first, rest) = entry.split_once('\n').unwrap_or((&entry, ""));
        text.push_str(&format!("{first}{}\n{rest}", comment.unwrap_or_default()));
    }
    Ok(text)
}
