//! The page and the schema of the configuration, and the defaults of every command as files.

use super::definitions::{Definition, Definitions, joined, own_keys};
use super::explain::{default_of, is_list, kind, summary};
use super::print::defaults;
use clap::{Arg, Command};
use genolewm_core::Result;
use genolewm_report::json::json_pretty;
use genolewm_report::output::write_atomically;
use genolewm_train::files::internal;
use genolewm_train::keyed::allowed;
use serde_json::{Map, Value, json};
use std::path::Path;

/// What stands before the tables.
const INTRODUCTION: &str = include_str!("introduction.md");

/// Writes `configuration.md`, `config.schema.json` and, in `config`, the defaults of every command.
///
/// # Errors
/// `RESOURCE.*` when the directory cannot be written.
pub fn write_reference(program: &Command, directory: &Path) -> Result<()> {
    let package = genolewm_train::package::definition();
    let definitions = Definitions::of(program, &package);
    let schema = json_pretty(&schema(&definitions))?;
    write_atomically(&directory.join("config.schema.json"), schema.as_bytes())?;
    let page = page(&definitions);
    write_atomically(&directory.join("configuration.md"), page.as_bytes())?;
    for path in commands(program) {
        let words = std::iter::once("genolewm").chain(path.iter().map(String::as_str));
        let lenient = program.clone().ignore_errors(true);
        let matches = lenient.try_get_matches_from(words);
        let matches = matches.map_err(|error| internal(&error))?;
        let text = defaults(&path, program, &matches)?;
        let file = directory.join("config").join(path.join("-") + ".yaml");
        write_atomically(&file, text.as_bytes())?;
    }
    Ok(())
}

/// The paths of all commands that have keys.
fn commands(program: &Command) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut open: Vec<(Vec<String>, &Command)> = vec![(Vec::new(), program)];
    while let Some((path, command)) = open.pop() {
        for inner in command.get_subcommands() {
            let inner_path = [&path[..], &[inner.get_name().to_owned()]].concat();
            open.push((inner_path, inner));
        }
        if !path.is_empty() && own_keys(command).next().is_some() {
            paths.push(path);
        }
    }
    paths
}

/// JSON Schema of a configuration.
fn schema(definitions: &Definitions<'_>) -> Value {
    let mut schema = section_schema("", definitions);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "Configuration of genolewm".into();
    schema
}

fn section_schema(section: &str, definitions: &Definitions<'_>) -> Value {
    let mut properties = Map::new();
    for name in definitions.names(section) {
        let key = joined(section, &name);
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        let schema = match definitions.find(&path) {
            Ok(Some(Definition { arg, .. })) => key_schema(arg),
            _ => section_schema(&key, definitions),
        };
        properties.insert(name, schema);
    }
    let kind = if section.is_empty() {
        json!("object")
    } else {
        json!(["object", "null"])
    };
    let mut schema = json!({"type": kind, "properties": properties, "additionalProperties": false});
    let about = definitions.section(section).and_then(Command::get_about);
    if let Some(about) = about {
        schema["description"] = about.to_string().into();
    }
    schema
}

fn key_schema(arg: &Arg) -> Value {
    let kinds: &[&str] = match kind(arg) {
        "true or false" => &["boolean", "null"],
        "whole number" => &["integer", "null"],
        "number" => &["number", "null"],
        _ => &["string", "number", "boolean", "null"],
    };
    let choices = arg.get_possible_values();
    let choices = choices.iter().map(|choice| choice.get_name());
    let choices: Vec<&str> = choices
        .filter(|name| !matches!(*name, "true" | "false"))
        .collect();
    let mut value = if choices.is_empty() {
        json!({"type": kinds})
    } else {
        let choices: Vec<Value> = choices
            .into_iter()
            .map(Value::from)
            .chain([Value::Null])
            .collect();
        json!({"enum": choices})
    };
    let range = allowed(arg).filter(|_| kind(arg) == "whole number");
    let digits = |range: String| {
        range
            .split(|c: char| !c.is_ascii_digit())
            .next()?
            .parse()
            .ok()
    };
    let least: Option<u64> = range.and_then(digits);
    if let Some(least) = least {
        value["minimum"] = least.into();
    }
    if is_list(arg) {
        value = json!({"anyOf": [{"type": "array", "items": value.clone()}, value]});
    }
    value["description"] = summary(arg).into();
    value["default"] = match default_of(arg).as_str() {
        "not set" => Value::Null,
        text if is_list(arg) => text.split(", ").map(typed).collect(),
        text => typed(text),
    };
    value
}

/// A default as JSON has it.
fn typed(text: &str) -> Value {
    let plain = serde_json::from_str::<Value>(text).ok();
    let plain = plain.filter(|value| value.is_number() || value.is_boolean());
    plain.unwrap_or_else(|| text.into())
}

/// The page: an introduction, and a table for each section.
fn page(definitions: &Definitions<'_>) -> String {
    let mut page = INTRODUCTION.to_owned();
    let sections: std::collections::BTreeSet<&str> = definitions
        .keys()
        .map(|(key, _)| key.rsplit_once('.').map_or("", |(section, _)| section))
        .collect();
    for section in sections {
        let title = if section.is_empty() {
            "Outside all sections".to_owned()
        } else {
            format!("`{section}`")
        };
        page.push_str(&format!("\n### {title}\n\n"));
        if let Some(about) = definitions.section(section).and_then(Command::get_about) {
            page.push_str(&format!("{about}.\n\n"));
        }
        page.push_str("| key | type | default | what |\n|---|---|---|---|\n");
        let keys = definitions.keys();
        for (key, definition) in keys {
            let (before, name) = key.rsplit_once('.').unwrap_or(("", key));
            if before == section {
                page.push_str(&row(name, definition));
            }
        }
    }
    page
}

fn row(name: &str, Definition { arg, is_packages }: Definition<'_>) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace(['\n', '\r'], " ");
    let several = if is_list(arg) { "list of " } else { "" };
    let mut kind = format!("{several}{}", kind(arg));
    if let Some(allowed) = allowed(arg) {
        kind.push_str(&format!(": {allowed}"));
    }
    let default = match default_of(arg).as_str() {
        "not set" => String::new(),
        text => format!("`{text}`"),
    };
    let mark = if is_packages { " *" } else { "" };
    format!(
        "| `{name}`{mark} | {} | {} | {} |\n",
        cell(&kind),
        cell(&default),
        cell(&summary(arg))
    )
}
