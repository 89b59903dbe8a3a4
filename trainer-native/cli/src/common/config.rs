//! Configuration files and `--set`, as defaults for flags.
//!
//! Every flag is defined once, in its command. A configuration is turned into the flags that it
//! stands for and put before those of the command line, so that it is checked by the same rules
//! and loses to what was typed.

use super::command::Setting;
use super::invocation::values_of;
use super::terminal::Terminal;
use clap::{ArgAction, ArgMatches, Command};
use genolewm::yaml;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_train::files::{internal, read_text};
use serde::Serialize;
use serde_yaml_ng::{Mapping, Value};
use std::ffi::OsString;
use std::path::Path;

/// The layout's version; other 1.x files are read as well.
const SCHEMA_VERSION: &str = "1.0.0";

/// Shared flags that a configuration cannot set.
const TYPED_ONLY: [&str; 3] = ["config", "set", "print_config"];

/// Sections of the Python package's configuration. They describe a model, which here brings its
/// own description; of them only `observability.log_level` is used.
const PACKAGE_KEYS: &str = "action data encoder eval observability optimizer phase predictor \
    run_id runtime training";

/// Keys of that package's `eval` section; here it is the section of a command, too.
const PACKAGE_EVAL_KEYS: [&str; 2] = ["benchmarks", "smoke_variants"];

/// The flags that `--config` and `--set` among `args` stand for, for the command at `path`.
///
/// # Errors
/// `RESOURCE.GENERIC` for a file that cannot be read; `CONFIG.*` for one that is not understood.
pub fn flags(args: &[OsString], path: &[String], program: &Command) -> Result<Vec<OsString>> {
    let config = load(args)?;
    check_top_level(&config, program)?;
    let mut flags = Vec::new();
    let logged = config
        .get("observability")
        .and_then(|section| section.get("log_level"));
    if let Some(level) = logged {
        push_flag("log_level", level, true, &mut flags)?;
    }
    for (key, arg) in shared_keys(program) {
        if let Some(value) = config.get(&key) {
            push_flag(&key, value, takes_value(arg), &mut flags)?;
        }
    }
    let Some((section, command)) = section(&config, path, program)? else {
        return Ok(flags);
    };
    for (key, value) in section {
        let key = key.as_str().unwrap_or_default();
        let known = keys_of(command).find(|(known, _)| known == key);
        match known {
            // Values of a flag that may be repeated would be added to those of the configuration.
            Some(_) if is_given(args, key) => {}
            Some((_, arg)) if takes_several(arg) => push_several(key, value, &mut flags)?,
            Some((_, arg)) => push_flag(key, value, takes_value(arg), &mut flags)?,
            None if command.find_subcommand(key).is_some() => {}
            None if path == ["eval"] && PACKAGE_EVAL_KEYS.contains(&key) => {}
            None => return Err(unknown_key(path, key, command)),
        }
    }
    Ok(flags)
}

/// Prints what the flags and the configuration come to, as a configuration.
///
/// # Errors
/// When standard output cannot be written.
pub fn print(
    terminal: &mut Terminal<'_>,
    path: &[String],
    program: &Command,
    matches: &ArgMatches,
) -> Result<()> {
    let shared = matches;
    let (command, matches) = innermost(path, program, matches);
    let mut section = Value::Mapping(resolved(keys_of(command), matches));
    for name in path.iter().rev() {
        section = Value::Mapping(Mapping::from_iter([(name.as_str().into(), section)]));
    }
    let mut config = match section {
        Value::Mapping(config) => config,
        _ => Mapping::new(),
    };
    config.insert("schema_version".into(), SCHEMA_VERSION.into());
    config.extend(resolved(shared_keys(program), shared));
    if let Some(seed) = config.get_mut("seed").filter(|seed| seed.is_null()) {
        *seed = 0.into();
    }
    let text = serde_yaml_ng::to_string(&config).map_err(|error| internal(&error))?;
    terminal.line(text.trim_end())
}

/// The command at `path`, and its own matches.
fn innermost<'a>(
    path: &[String],
    mut command: &'a Command,
    mut matches: &'a ArgMatches,
) -> (&'a Command, &'a ArgMatches) {
    for name in path {
        let found = command
            .find_subcommand(name)
            .zip(matches.subcommand_matches(name));
        let Some((inner, inner_matches)) = found else {
            break;
        };
        (command, matches) = (inner, inner_matches);
    }
    (command, matches)
}

/// The flags of the command at `path` by their keys, with what they come to.
#[must_use]
pub fn settings(path: &[String], program: &Command, matches: &ArgMatches) -> Vec<Setting> {
    let (command, matches) = innermost(path, program, matches);
    let values = |arg: &clap::Arg| -> Vec<String> {
        let raw = matches.try_get_raw(arg.get_id().as_str()).ok().flatten();
        let raw = raw.into_iter().flatten();
        raw.map(|raw| raw.to_string_lossy().into_owned()).collect()
    };
    keys_of(command)
        .map(|(key, arg)| (key, values(arg)))
        .collect()
}

/// A configuration that gives a command the same settings again, with the shared `seed` if it is that
/// which counts.
///
/// # Errors
/// `INTERNAL.GENERIC` for what YAML cannot hold.
pub fn repeat(command: &str, settings: &impl Serialize, seed: Option<u64>) -> Result<String> {
    let mut config = Mapping::from_iter([("schema_version".into(), SCHEMA_VERSION.into())]);
    config.extend(seed.map(|seed| ("seed".into(), seed.into())));
    let settings = serde_yaml_ng::to_value(settings).map_err(|error| internal(&error))?;
    config.insert(command.into(), settings);
    serde_yaml_ng::to_string(&config).map_err(|error| internal(&error))
}

/// What the flags of some keys come to; none for one that was not given and has no default.
fn resolved<'a>(
    keys: impl Iterator<Item = (String, &'a clap::Arg)>,
    matches: &ArgMatches,
) -> Mapping {
    let mut section = Mapping::new();
    for (key, arg) in keys {
        let raw = matches.try_get_raw(arg.get_id().as_str()).ok().flatten();
        let mut values: Vec<Value> = raw
            .into_iter()
            .flatten()
            .map(|raw| yaml::parse(&raw.to_string_lossy()).unwrap_or_default())
            .collect();
        let value = match arg.get_action() {
            ArgAction::Append => Value::Sequence(values),
            _ => values.pop().unwrap_or_default(),
        };
        section.insert(key.into(), value);
    }
    section
}

fn load(args: &[OsString]) -> Result<Mapping> {
    let mut config = Mapping::new();
    for path in values_of(args, &["--config"]) {
        let file = Path::new(&path);
        // A configuration that is not there is a configuration error, as in the Python package.
        if !file.try_exists().unwrap_or(true) {
            let message = format!("{path}: there is no such configuration");
            return Err(Error::new(ErrorCode::ConfigMissingField, message)
                .with_remedy("check the path after --config"));
        }
        let text = read_text(file)?;
        match yaml::parse(&text) {
            Ok(Value::Mapping(read)) => config.extend(read),
            Ok(Value::Null) => {}
            Ok(_) => {
                return Err(refused("the configuration is not a mapping").with_detail("file", path));
            }
            Err(error) => {
                return Err(refused(format!("the configuration is not YAML: {error}"))
                    .with_detail("file", path));
            }
        }
    }
    for setting in values_of(args, &["--set", "-s"]) {
        set(&mut config, &setting)?;
    }
    Ok(config)
}

/// Applies one `section.key=value`; the value is YAML.
fn set(config: &mut Mapping, setting: &str) -> Result<()> {
    let malformed = || {
        refused("a setting is written KEY=VALUE")
            .with_detail("setting", setting)
            .with_remedy("for example --set score.batch_size=32")
    };
    let (key, value) = setting.split_once('=').ok_or_else(malformed)?;
    let value = yaml::parse(value).map_err(|_| malformed())?;
    let mut parts: Vec<&str> = key.split('.').collect();
    let last = parts
        .pop()
        .filter(|last| !last.is_empty())
        .ok_or_else(malformed)?;
    let mut section = config;
    for part in parts {
        let inner = section
            .entry(part.into())
            .or_insert_with(|| Value::Mapping(Mapping::new()));
        section = inner.as_mapping_mut().ok_or_else(malformed)?;
    }
    section.insert(last.into(), value);
    Ok(())
}

fn check_top_level(config: &Mapping, program: &Command) -> Result<()> {
    for (key, value) in config {
        let name = key.as_str().unwrap_or_default();
        if name == "schema_version" {
            check_version(value)?;
        } else if PACKAGE_KEYS.split(' ').all(|key| key != name)
            && program.find_subcommand(name).is_none()
            && shared_keys(program).all(|(key, _)| key != name)
        {
            let shared: Vec<_> = shared_keys(program).map(|(key, _)| key).collect();
            let commands: Vec<_> = program.get_subcommands().map(Command::get_name).collect();
            let error = Error::new(
                ErrorCode::ConfigUnknownTopLevelKey,
                "the configuration has an unknown key",
            );
            return Err(error.with_detail("key", name).with_remedy(format!(
                "use {} or a command: {}",
                shared.join(", "),
                commands.join(", ")
            )));
        }
    }
    Ok(())
}

fn check_version(value: &Value) -> Result<()> {
    let version = value.as_str().unwrap_or_default();
    if version.split('.').next() == Some("1") {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::ConfigSchemaIncompat,
        "the configuration has another schema version",
    )
    .with_detail("schema_version", version)
    .with_remedy(format!("write it for schema_version {SCHEMA_VERSION}")))
}

/// The section of the command at `path`, and that command.
fn section<'a>(
    config: &'a Mapping,
    path: &[String],
    program: &'a Command,
) -> Result<Option<(&'a Mapping, &'a Command)>> {
    let (mut section, mut command) = (config, program);
    for name in path {
        let inner = command.find_subcommand(name);
        let (Some(value), Some(inner)) = (section.get(name.as_str()), inner) else {
            return Ok(None);
        };
        section = value.as_mapping().ok_or_else(|| {
            refused("a command's section is not a mapping").with_detail("key", path.join("."))
        })?;
        command = inner;
    }
    Ok((!path.is_empty()).then_some((section, command)))
}

/// The command's own flags by their keys, without the shared ones and positional arguments.
fn keys_of(command: &Command) -> impl Iterator<Item = (String, &clap::Arg)> {
    keyed(command).filter(|(_, arg)| !arg.is_global_set())
}

/// The shared flags that a configuration may set at its top level.
fn shared_keys(program: &Command) -> impl Iterator<Item = (String, &clap::Arg)> {
    keyed(program).filter(|(key, arg)| arg.is_global_set() && !TYPED_ONLY.contains(&key.as_str()))
}

fn keyed(command: &Command) -> impl Iterator<Item = (String, &clap::Arg)> {
    let key = |arg: &clap::Arg| arg.get_long().map(|long| long.replace('-', "_"));
    let flags = command.get_arguments();
    let keyed = flags.filter_map(move |arg| Some((key(arg)?, arg)));
    keyed.filter(|(key, _)| !matches!(key.as_str(), "help" | "version"))
}

fn takes_value(arg: &clap::Arg) -> bool {
    arg.get_action().takes_values()
}

/// Whether the flag of a key is among the arguments themselves.
fn is_given(args: &[OsString], key: &str) -> bool {
    let flag = flag_of(key);
    let names = |arg: &OsString| {
        let rest = arg.to_str().and_then(|arg| arg.strip_prefix(&flag));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    args.iter().any(names)
}

/// Whether one flag is followed by several values, which `--flag=value` cannot say.
fn takes_several(arg: &clap::Arg) -> bool {
    arg.get_num_args()
        .is_some_and(|count| count.max_values() > 1)
}

fn push_several(key: &str, value: &Value, flags: &mut Vec<OsString>) -> Result<()> {
    let texts = texts(key, value)?;
    if !texts.is_empty() {
        flags.push(flag_of(key).into());
        flags.extend(texts.into_iter().map(OsString::from));
    }
    Ok(())
}

fn push_flag(key: &str, value: &Value, takes_value: bool, flags: &mut Vec<OsString>) -> Result<()> {
    let flag = flag_of(key);
    match value {
        Value::Bool(is_set) if !takes_value => {
            flags.extend(is_set.then(|| flag.into()));
        }
        // Only the last of several would count.
        Value::Sequence(items) if items.len() > 1 => {
            return Err(refused("this key takes one value").with_detail("key", key));
        }
        _ => {
            let texts = texts(key, value)?.into_iter();
            flags.extend(texts.map(|text| format!("{flag}={text}").into()));
        }
    }
    Ok(())
}

/// The values of a key, each as one stands on the command line.
fn texts(key: &str, value: &Value) -> Result<Vec<String>> {
    Ok(vec![match value {
        Value::Null => return Ok(Vec::new()),
        Value::Sequence(items) => {
            let texts = items.iter().map(|item| texts(key, item));
            return Ok(texts.collect::<Result<Vec<_>>>()?.concat());
        }
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Mapping(_) | Value::Tagged(_) => {
            return Err(refused("this key takes a plain value").with_detail("key", key));
        }
    }])
}

fn flag_of(key: &str) -> String {
    format!("--{}", key.replace('_', "-"))
}

fn unknown_key(path: &[String], key: &str, command: &Command) -> Error {
    let known: Vec<String> = keys_of(command).map(|(key, _)| key).collect();
    refused("the configuration has a key that is no flag of its command")
        .with_detail("key", format!("{}.{key}", path.join(".")))
        .with_remedy(format!("use one of: {}", known.join(", ")))
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ConfigGeneric, message)
}

#[cfg(test)]
mod tests {
    use super::super::shared::Shared;
    use super::*;
    use clap::{Arg, Args};

    fn program() -> Command {
        let score = Command::new("score")
            .arg(Arg::new("batch_size").long("batch-size"))
            .arg(Arg::new("strict").long("strict").action(ArgAction::SetTrue));
        Shared::augment_args(Command::new("genolewm")).subcommand(score)
    }

    fn flags_for(settings: &[&str]) -> Result<Vec<OsString>> {
        let mut args = vec![OsString::from("genolewm")];
        for setting in settings {
            args.extend(["--set".into(), (*setting).into()]);
        }
        flags(&args, &["score".to_owned()], &program())
    }

    #[test]
    fn settings_become_flags() -> Result<()> {
        let settings = ["score.batch_size=32", "score.strict=true", "seed=7"];
        assert_eq!(
            flags_for(&settings)?,
            ["--seed=7", "--batch-size=32", "--strict"]
        );
        assert!(flags_for(&["score.strict=false", "predictor.n_heads=8"])?.is_empty());
        Ok(())
    }

    #[test]
    fn unknown_keys_are_refused_with_their_code() {
        let code = |setting| flags_for(&[setting]).err().map(|error| error.code());
        assert_eq!(code("nothing=1"), Some(ErrorCode::ConfigUnknownTopLevelKey));
        assert_eq!(code("score.nothing=1"), Some(ErrorCode::ConfigGeneric));
        assert_eq!(code("score=1"), Some(ErrorCode::ConfigGeneric));
        assert_eq!(code("novalue"), Some(ErrorCode::ConfigGeneric));
        assert_eq!(
            code("schema_version=\"2.0.0\""),
            Some(ErrorCode::ConfigSchemaIncompat)
        );
    }
}
