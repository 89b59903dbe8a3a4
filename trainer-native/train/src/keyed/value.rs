//! A value of a configuration as its flag on the command line, judged by the flag's own rules.

use super::key::{flag_of, nearest};
use clap::{Arg, ArgAction, Command};
use genolewm_core::{Error, ErrorCode, Result};
use serde_yaml_ng::Value;
use std::ffi::OsString;

/// The flags that a key's value stands for, after a look at whether its flag takes it. A value that is
/// the flag's default stands for none: saying it changes nothing.
///
/// # Errors
/// `CONFIG.GENERIC` with the key, what was given, and what may be.
pub fn flags_of(key: &str, arg: &Arg, value: &Value) -> Result<Vec<OsString>> {
    judged(key, arg, value)?;
    let texts = texts(key, value)?;
    let flag = flag_of(key);
    let defaults = arg.get_default_values();
    if !texts.is_empty() && texts.iter().eq(defaults) {
        return Ok(Vec::new());
    }
    Ok(written(&flag, arg, texts))
}

/// Whether a key's flag takes a value.
///
/// # Errors
/// `CONFIG.GENERIC` with the key, what was given, and what may be.
pub fn judged(key: &str, arg: &Arg, value: &Value) -> Result<()> {
    if let Value::Sequence(items) = value
        && items.len() > 1
        && !matches!(arg.get_action(), ArgAction::Append)
        && !takes_several(arg)
    {
        // Only the last of several would count.
        return Err(refused(key, value, "this key takes one value"));
    }
    let texts = texts(key, value)?;
    if !takes_value(arg) && texts.iter().any(|text| text != "true" && text != "false") {
        return Err(refused(key, value, "this key is true or false"));
    }
    let Some(why) = why_not(arg, texts.clone()) else {
        return Ok(());
    };
    let choices = choices(arg);
    if choices.is_empty() {
        return Err(refused(key, value, &why));
    }
    let wrong = texts.iter().filter(|text| !choices.contains(text));
    let known = || choices.iter().map(String::as_str);
    let meant = wrong.filter_map(|given| nearest(given, known()));
    let meant: String = meant.map(|name| format!("did you mean {name}? ")).collect();
    let remedy = format!("{meant}It is one of: {}", choices.join(", "));
    Err(refused(key, value, "there is no such choice").with_remedy(remedy))
}

/// What values a flag takes, in words, where that can be told: its choices, or what is wrong with numbers
/// that are too small or too large.
#[must_use]
pub fn allowed(arg: &Arg) -> Option<String> {
    if !takes_value(arg) {
        return None;
    }
    let choices = choices(arg);
    if !choices.is_empty() {
        return Some(choices.join(", "));
    }
    // A parser tells its range to nobody but those who leave it.
    let extremes = ["-1", "0", "1e300", "18446744073709551615"];
    let mut told: Vec<String> = Vec::new();
    for text in extremes {
        let count = arg.get_num_args().map_or(1, |count| count.min_values());
        let why = why_not(arg, vec![text.to_owned(); count.max(1)]).unwrap_or_default();
        let range = why.split_once(" is not in ").map(|(_, range)| range);
        let words = range.or(why.strip_prefix("it is ")).map(|words| {
            let least = words.strip_suffix("..18446744073709551615");
            least.map_or(words.to_owned(), |least| format!("{least} or more"))
        });
        told.extend(words.filter(|words| !told.contains(words)));
    }
    (!told.is_empty()).then(|| told.join(", "))
}

/// The names that a flag chooses from, but for those of yes and no.
fn choices(arg: &Arg) -> Vec<String> {
    let values = arg.get_possible_values();
    let names = values.iter().map(|value| value.get_name().to_owned());
    names
        .filter(|name| name != "true" && name != "false")
        .collect()
}

/// What is wrong with the values of a flag.
fn why_not(arg: &Arg, texts: Vec<String>) -> Option<String> {
    let mut alone = Arg::new("value")
        .long("value")
        .action(arg.get_action().clone())
        .ignore_case(arg.is_ignore_case_set())
        .value_parser(arg.get_value_parser().clone());
    if let Some(count) = arg.get_num_args() {
        alone = alone.num_args(count);
    }
    if let Some(delimiter) = arg.get_value_delimiter() {
        alone = alone.value_delimiter(delimiter);
    }
    let command = Command::new("value").no_binary_name(true).arg(alone);
    let parsed = command.try_get_matches_from(written("--value", arg, texts));
    let text = parsed.err()?.to_string();
    let first = text.lines().next().unwrap_or_default();
    Some(
        first
            .rsplit_once(": ")
            .map_or(first, |(_, why)| why)
            .to_owned(),
    )
}

/// Whether a flag is followed by a value.
fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

/// Whether one flag is followed by several values, which `--flag=value` cannot say.
fn takes_several(arg: &Arg) -> bool {
    arg.get_num_args()
        .is_some_and(|count| count.max_values() > 1)
}

/// Values behind their flag, as they are typed.
fn written(flag: &str, arg: &Arg, texts: Vec<String>) -> Vec<OsString> {
    if !takes_value(arg) {
        let set = texts.iter().any(|text| text == "true");
        return set.then(|| flag.into()).into_iter().collect();
    }
    if takes_several(arg) && !texts.is_empty() {
        let texts = texts.into_iter().map(OsString::from);
        return std::iter::once(flag.into()).chain(texts).collect();
    }
    let written = texts.into_iter().map(|text| format!("{flag}={text}"));
    written.map(OsString::from).collect()
}

/// The values of a key, each as one stands on the command line.
///
/// # Errors
/// `CONFIG.GENERIC` for a mapping, or a list in a list.
pub fn texts(key: &str, value: &Value) -> Result<Vec<String>> {
    Ok(vec![match value {
        Value::Null => return Ok(Vec::new()),
        Value::Sequence(items) => {
            let texts = items.iter().map(|item| match item {
                Value::Sequence(_) => Err(refused(key, item, "this key takes plain values")),
                item => texts(key, item),
            });
            return Ok(texts.collect::<Result<Vec<_>>>()?.concat());
        }
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Mapping(_) | Value::Tagged(_) => {
            return Err(refused(key, value, "this key takes a plain value"));
        }
    }])
}

fn refused(key: &str, value: &Value, why: &str) -> Error {
    let given = serde_yaml_ng::to_string(value).unwrap_or_default();
    let given = given.trim_end();
    Error::new(
        ErrorCode::ConfigGeneric,
        format!("the configuration's {key} cannot be {given}: {why}"),
    )
    .with_detail("key", key)
    .with_detail("value", given)
    .with_remedy(format!("--explain {key} says what it may be"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::builder::PossibleValuesParser;

    fn flags(arg: Arg, text: &str) -> Result<Vec<OsString>> {
        flags_of("a.some_key", &arg, &serde_yaml_ng::from_str(text).unwrap())
    }

    fn message(arg: Arg, text: &str) -> String {
        let error = flags(arg, text).unwrap_err();
        assert_eq!(error.details()["key"], "a.some_key");
        format!("{} / {}", error.message(), error.advice())
    }

    #[test]
    fn values_are_flags() {
        let arg = || Arg::new("x").long("some-key");
        let set = || arg().action(ArgAction::SetTrue);
        let append = || arg().action(ArgAction::Append);
        assert_eq!(flags(arg(), "-3").unwrap(), ["--some-key=-3"]);
        assert_eq!(flags(arg(), "[a]").unwrap(), ["--some-key=a"]);
        assert_eq!(flags(set(), "true").unwrap(), ["--some-key"]);
        assert!(flags(set(), "false").unwrap().is_empty());
        assert!(flags(arg(), "~").unwrap().is_empty());
        let two = ["--some-key=a", "--some-key=b"];
        assert_eq!(flags(append(), "[a, b]").unwrap(), two);
        let both = ["--some-key", "1", "2"];
        assert_eq!(flags(arg().num_args(2), "[1, 2]").unwrap(), both);
    }

    /// A flag that is given conflicts with others; one that has its default does not.
    #[test]
    fn a_default_that_was_said_conflicted_with_other_flags() {
        let arg = Arg::new("x").long("some-key").default_value("7");
        assert!(flags(arg.clone(), "7").unwrap().is_empty());
        assert_eq!(flags(arg, "8").unwrap(), ["--some-key=8"]);
    }

    #[test]
    fn values_are_judged_by_the_flag() {
        let arg = || Arg::new("x").long("some-key");
        let count = arg().value_parser(clap::value_parser!(u64).range(1..));
        assert!(flags(count.clone(), "1").is_ok());
        assert!(message(count.clone(), "0").contains("0 is not in 1.."));
        assert!(message(count, "many").contains("invalid digit"));
        let choice = arg().value_parser(PossibleValuesParser::new(["fp16", "bf16"]));
        let text = message(choice, "bf17");
        assert!(text.contains("did you mean bf16?"), "{text}");
        assert!(message(arg(), "[1, 2]").contains("takes one value"));
        assert!(message(arg(), "{a: 1}").contains("plain value"));
        let set = arg().action(ArgAction::SetTrue);
        assert!(message(set, "3").contains("true or false"));
    }
}
