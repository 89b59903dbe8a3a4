//! Where values come from: files, the environment, and `--set`, each stronger than those before it.

use super::definitions::Definitions;
use crate::common::invocation::values_of;
use clap::ArgAction;
use genolewm::yaml;
use genolewm_core::error::Location;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::io_error;
use genolewm_train::files::text_of;
use genolewm_train::keyed::{Document, Leaf, flatten, judged, nearest};
use genolewm_train::package::check_version;
use serde_yaml_ng::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

/// What variables of the environment start with that are keys.
const PREFIX: &str = "GENO_LEWM_";
/// Variables of the Python package that are no keys.
const OTHERS: [&str; 2] = ["GENO_LEWM_CACHE", "GENO_LEWM_UPDATE_INDEX_URL"];
/// Of that package, too: the model directory of whichever command has one.
const MODEL_DIR: &str = "GENO_LEWM_MODEL_DIR";

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// A file, at a key of it.
    File(Rc<Document>, Vec<String>),
    /// A variable of the environment.
    Environment(String),
    /// `--set`.
    Set,
}

impl Origin {
    /// Whether somebody asked for this now, and not for something else once.
    pub(super) fn is_wish(&self) -> bool {
        !matches!(self, Self::File(..))
    }

    fn mark(&self, error: Error) -> Error {
        match self {
            Self::File(document, key) => error.at(document.place_of(key)),
            origin => error.at(Location::file(&origin.to_string())),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(document, key) => match document.line_of(key) {
                Some(line) => write!(f, "{}:{line}", document.name),
                None => f.write_str(&document.name),
            },
            Self::Environment(name) => f.write_str(name),
            Self::Set => f.write_str("--set"),
        }
    }
}

/// What a key is set to, and by whom.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// The values of all keys that are set, after a look at each: the strongest source's.
///
/// # Errors
/// `RESOURCE.GENERIC` for a file that cannot be read; `CONFIG.*` for what is not understood, with its
/// place.
pub(super) fn load(
    args: &[OsString],
    environment: impl Iterator<Item = (OsString, OsString)>,
    path: &[String],
    definitions: &Definitions<'_>,
) -> Result<BTreeMap<String, Setting>> {
    let mut settings = BTreeMap::new();
    let mut add = |(key, value): Leaf, origin: Origin| {
        let checked = check(&key, &value, definitions);
        if checked.map_err(|error| origin.mark(error))? {
            settings.insert(key.join("."), Setting { value, origin });
        }
        Ok::<(), Error>(())
    };
    for file in values_of(args, &["--config"]) {
        let document = Rc::new(read(&file)?);
        for leaf in document.leaves()? {
            let origin = Origin::File(document.clone(), leaf.0.clone());
            add(leaf, origin)?;
        }
    }
    for (leaf, name) in variables(environment, path, definitions)? {
        add(leaf, Origin::Environment(name))?;
    }
    for setting in values_of(args, &["--set", "-s"]) {
        for leaf in assignment(&setting)? {
            add(leaf, Origin::Set)?;
        }
    }
    Ok(settings)
}

/// Whether this sets a key, and does not only name a section.
fn check(key: &[String], value: &Value, definitions: &Definitions<'_>) -> Result<bool> {
    let name = key.join(".");
    let Some(definition) = definitions.find(key)? else {
        return match value {
            Value::Null => Ok(false),
            _ => {
                Err(refused("a section of the configuration is not a mapping")
                    .with_detail("key", name))
            }
        };
    };
    judged(&name, definition.arg, value)?;
    if name == "schema_version" {
        check_version(value.as_str().unwrap_or_default())?;
    }
    Ok(true)
}

/// A file, or standard input for `-`.
fn read(file: &str) -> Result<Document> {
    if file != "-" {
        return Document::read(Path::new(file));
    }
    let mut bytes = Vec::new();
    let limit = genolewm_core::limits::MAX_YAML_BYTES as u64 + 1;
    let input = std::io::stdin().lock().take(limit).read_to_end(&mut bytes);
    input.map_err(|error| io_error("standard input", &error))?;
    let name = "standard input";
    Ok(Document::new(name.to_owned(), text_of(bytes, name)?))
}

/// The keys that variables of the environment set, in the order of their names.
fn variables(
    environment: impl Iterator<Item = (OsString, OsString)>,
    path: &[String],
    definitions: &Definitions<'_>,
) -> Result<Vec<(Leaf, String)>> {
    let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
    let mut found: Vec<(String, OsString)> = environment
        .filter_map(named)
        .filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty())
        .filter(|(name, _)| !OTHERS.contains(&name.as_str()))
        .collect();
    found.sort();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let keys: BTreeMap<String, _> = definitions
        .keys()
        .map(|(key, found)| (variable(key), (key, found.arg)))
        .collect();
    let own = variable(&[path, &["model_dir".to_owned()]].concat().join("."));
    let mut leaves = Vec::new();
    for (name, value) in found {
        let is_model = name == MODEL_DIR;
        let Some((key, arg)) = keys.get(if is_model { &own } else { &name }) else {
            if is_model {
                continue;
            }
            return Err(unknown_variable(&name, keys.keys()));
        };
        let text = value.into_string().map_err(|_| {
            refused("a variable of the environment is not UTF-8").with_detail("variable", &name)
        })?;
        let value = match arg.get_action() {
            ArgAction::Append => yaml::parse(&text).unwrap_or(Value::String(text)),
            _ => Value::String(text),
        };
        leaves.push(((key.split('.').map(str::to_owned).collect(), value), name));
    }
    Ok(leaves)
}

/// The variable of the environment that sets a key: two underscores stand between sections.
pub(super) fn variable(key: &str) -> String {
    let name = key.replace('.', "__").replace('-', "_");
    format!("{PREFIX}{}", name.to_uppercase())
}

fn unknown_variable<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> Error {
    let meant = nearest(name, known.map(String::as_str));
    let meant = meant.map_or(String::new(), |meant| format!("did you mean {meant}? "));
    refused("a variable of the environment is no key of the configuration")
        .with_detail("variable", name)
        .with_remedy(format!("{meant}unset it, or see docs/configuration.md"))
}

/// One `section.key=value`; the value is YAML.
fn assignment(setting: &str) -> Result<Vec<Leaf>> {
    let malformed = || {
        refused("a setting is written KEY=VALUE")
            .with_detail("setting", setting)
            .with_remedy("for example --set score.batch_size=32")
    };
    let (key, value) = setting.split_once('=').ok_or_else(malformed)?;
    let value = yaml::parse(value).map_err(|error| malformed().with_detail("value", error))?;
    let mut key: Vec<String> = key.split('.').map(str::to_owned).collect();
    if key.iter().any(String::is_empty) {
        return Err(malformed());
    }
    let mut leaves = Vec::new();
    match value {
        Value::Mapping(inner) => flatten(&mut key, inner, &mut leaves)?,
        value => leaves.push((key, value)),
    }
    Ok(leaves)
}

fn refused(message: &str) -> Error {
    Error::new(ErrorCode::ConfigGeneric, message)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{package, program};
    use super::*;

    fn loaded(
        args: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<BTreeMap<String, (Value, String)>> {
        let (program, package) = (program(), package());
        let args: Vec<OsString> = ["genolewm"]
            .iter()
            .chain(args)
            .map(OsString::from)
            .collect();
        let environment = environment
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        let definitions = Definitions::of(&program, &package);
        let settings = load(&args, environment, &["score".to_owned()], &definitions)?;
        let shown = |(key, Setting { value, origin })| (key, (value, origin.to_string()));
        Ok(settings.into_iter().map(shown).collect())
    }

    #[test]
    fn set_wins_over_the_environment_and_that_over_files() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            format!("--config={}", path.display())
        };
        let first = file(
            "a.yaml",
            "seed: 1\nscore:\n  batch_size: 1\n  strict: true\n",
        );
        let last = file("b.toml", "[score]\nbatch_size = 2\n");
        let environment = [
            ("GENO_LEWM_SCORE__BATCH_SIZE", "3"),
            ("GENO_LEWM_CACHE", "x"),
        ];
        let at = |args: &[&str], environment: &[(&str, &str)]| {
            let (value, origin) = loaded(args, environment).unwrap()["score.batch_size"].clone();
            format!(
                "{} {origin}",
                value
                    .as_str()
                    .map_or_else(|| value.as_u64().unwrap().to_string(), str::to_owned)
            )
        };
        let set = "--set=score.batch_size=4";
        assert!(at(&[&first], &[]).ends_with("a.yaml:3"));
        assert!(at(&[&first, &last], &[]).ends_with("b.toml:2"));
        assert_eq!(
            at(&[&first, &last], &environment),
            "3 GENO_LEWM_SCORE__BATCH_SIZE"
        );
        assert_eq!(at(&[set, &first, &last], &environment), "4 --set");
        // Files are joined key by key, not section by section.
        assert!(
            loaded(&[&first, &last], &[])
                .unwrap()
                .contains_key("score.strict")
        );
        assert_eq!(at(&["-sscore.batch_size=5"], &[]), "5 --set");
        assert_eq!(at(&["--set", "score={batch_size: 6}"], &[]), "6 --set");
    }

    #[test]
    fn a_misspelt_key_passed_at_any_depth() {
        let error = |setting: &str| loaded(&["--set", setting], &[]).unwrap_err();
        for (setting, meant) in [
            ("encoder.dtypo=fp99", "did you mean dtype?"),
            ("encodre.dtype=bf16", "did you mean encoder?"),
            ("score.batchsize=1", "did you mean batch_size?"),
            ("sed=1", "did you mean seed?"),
            ("score.batch_size.x=1", "--explain score.batch_size"),
            ("eval.benchmark=[]", "did you mean benchmarks?"),
        ] {
            let error = error(setting);
            assert!(
                error.advice().contains(meant),
                "{setting}: {}",
                error.advice()
            );
        }
        let file = Document::new("c.yaml".to_owned(), "encoder.dtype: bf16\n".to_owned());
        let leaf = file.leaves().unwrap().remove(0);
        let (program, package) = (program(), package());
        assert!(Definitions::of(&program, &package).find(&leaf.0).is_err());
    }

    #[test]
    fn a_value_that_a_key_cannot_have_passed() {
        for setting in [
            "phase=phase9",
            "encoder.dtype=fp99",
            "optimizer.beta1=2",
            "score.strict=7",
        ] {
            let error = loaded(&["--set", setting], &[]).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ConfigGeneric);
            assert!(error.details().contains_key("key"), "{error}");
        }
        let error = loaded(&["--set", "schema_version=\"2.0.0\""], &[]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConfigSchemaIncompat);
        for malformed in ["novalue", "=1", "a..b=1", "a=[", "score=1"] {
            let error = loaded(&["--set", malformed], &[]).unwrap_err();
            assert!(matches!(
                error.code(),
                ErrorCode::ConfigGeneric | ErrorCode::ConfigUnknownTopLevelKey
            ));
        }
    }

    #[test]
    fn variables_are_keys() {
        let found = loaded(
            &[],
            &[("GENO_LEWM_MODEL_DIR", "m"), ("GENO_LEWM_SEED", "3")],
        )
        .unwrap();
        assert_eq!(found["score.model_dir"].0, Value::from("m"));
        assert_eq!(found["seed"].0, Value::from("3"));
        let error = loaded(&[], &[("GENO_LEWM_SED", "3")]).unwrap_err();
        assert!(
            error.advice().contains("did you mean GENO_LEWM_SEED?"),
            "{}",
            error.advice()
        );
        assert!(loaded(&[], &[("GENO_LEWM_SEED", "")]).unwrap().is_empty());
    }
}
