//! All sections together, as keys and as values.

use super::sections::{
    ActionKeys, DataKeys, EncoderKeys, EvalKeys, GeneralKeys, ObservabilityKeys, OptimizerKeys,
    PredictorKeys, RuntimeKeys, TrainingKeys,
};
use crate::keyed::{Document, flags_of, keys_of, nearest};
use crate::typed::settings;
use clap::{Args, Command};
use genolewm_core::{Error, ErrorCode, Result};
use serde_yaml_ng::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The layout of version 0.2.1 of the package, which knows no state contracts.
pub const SCHEMA_1_0: &str = "1.0.0";
/// The layout that is written, and that a configuration has which does not say.
pub const SCHEMA_VERSION: &str = "1.1.0";

/// Keys that a setting of `train predictor` stands for, and that setting.
pub const FLAGS: [(&str, &str); 16] = [
    ("seed", "train_seed"),
    ("encoder.state_layer", "state_layer"),
    ("encoder.pool_radius", "pool_radius"),
    ("encoder.state_contract_version", "state_contract"),
    ("predictor.d_action", "d_action"),
    ("predictor.n_heads", "n_heads"),
    ("optimizer.lr", "learning_rate"),
    ("optimizer.beta1", "beta1"),
    ("optimizer.beta2", "beta2"),
    ("optimizer.weight_decay", "weight_decay"),
    ("optimizer.grad_clip", "clip"),
    ("optimizer.warmup_steps", "warmup_steps"),
    ("optimizer.schedule", "schedule"),
    ("data.batch_size", "batch"),
    ("training.max_steps", "steps"),
    ("training.collapse_log_every_steps", "collapse_every"),
];

/// The package's keys that a configuration gives, with their values.
pub type Given = BTreeMap<String, Value>;

/// The sections by name.
macro_rules! sections {
    ($($name:ident: $keys:ident),+ $(,)?) => {
        /// What a configuration says, section by section.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct PackageConfig {
            /// Keys outside all sections.
            pub general: GeneralKeys,
            $(#[doc = concat!("The section `", stringify!($name), "`.")] pub $name: $keys,)+
        }

        impl PackageConfig {
            /// The values of the keys that are given, each of which must be known.
            ///
            /// # Errors
            /// `CONFIG.GENERIC` for a value that its key cannot have.
            pub fn of(given: &Given) -> Result<Self> {
                let command = definition();
                Ok(Self {
                    general: settings(section(&command, "", given)?)?,
                    $($name: settings(section(&command, stringify!($name), given)?)?,)+
                })
            }
        }

        /// The keys as flags: those of a section are its subcommand's.
        #[must_use]
        pub fn definition() -> Command {
            GeneralKeys::augment_args(Command::new("package"))
                $(.subcommand($keys::augment_args(Command::new(stringify!($name)))))+
        }
    };
}

sections! {
    action: ActionKeys,
    data: DataKeys,
    encoder: EncoderKeys,
    eval: EvalKeys,
    observability: ObservabilityKeys,
    optimizer: OptimizerKeys,
    predictor: PredictorKeys,
    runtime: RuntimeKeys,
    training: TrainingKeys,
}

/// The flags of a section's keys that are given.
fn section(all: &Command, name: &str, given: &Given) -> Result<Vec<std::ffi::OsString>> {
    let command = if name.is_empty() {
        Some(all)
    } else {
        all.find_subcommand(name)
    };
    let mut flags = Vec::new();
    for (key, arg) in command.into_iter().flat_map(keys_of) {
        let key = if name.is_empty() {
            key
        } else {
            format!("{name}.{key}")
        };
        if let Some(value) = given.get(&key) {
            flags.extend(flags_of(&key, arg, value)?);
        }
    }
    Ok(flags)
}

/// Reads a file that holds nothing but the package's keys.
///
/// # Errors
/// `RESOURCE.GENERIC` when it cannot be read; `CONFIG.UNKNOWN_TOP_LEVEL_KEY` and `CONFIG.SCHEMA_INCOMPAT`
/// as the Python package; `CONFIG.GENERIC` for other keys that are not known
/// and for values that keys cannot have.
pub fn read(path: &Path) -> Result<Given> {
    let document = Document::read(path)?;
    let command = definition();
    let mut given = Given::new();
    for (key, value) in document.leaves()? {
        let name = key.join(".");
        let known = match key.as_slice() {
            [key] => keys_of(&command).any(|(known, _)| known == *key),
            [section, key] => command
                .find_subcommand(section)
                .is_some_and(|section| keys_of(section).any(|(known, _)| known == *key)),
            _ => false,
        };
        let empty = value.is_null() && key.len() == 1 && command.find_subcommand(&name).is_some();
        if !known && !empty {
            return Err(unknown(&key, &command).at(document.place_of(&key)));
        }
        if known {
            let judged = PackageConfig::of(&Given::from([(name.clone(), value.clone())]));
            judged.map_err(|error| error.at(document.place_of(&key)))?;
            given.insert(name, value);
        }
    }
    let version = given.get("schema_version").and_then(Value::as_str);
    check_version(version.unwrap_or(SCHEMA_VERSION))
        .map_err(|error| error.with_detail("file", path.display()))?;
    Ok(given)
}

/// Whether a layout of this version is read.
///
/// # Errors
/// `CONFIG.SCHEMA_INCOMPAT` for another version.
pub fn check_version(version: &str) -> Result<()> {
    if [SCHEMA_1_0, SCHEMA_VERSION].contains(&version) {
        return Ok(());
    }
    let message = "the configuration has another schema version";
    Err(Error::new(ErrorCode::ConfigSchemaIncompat, message)
        .with_detail("schema_version", version)
        .with_remedy(format!("write it for schema_version {SCHEMA_VERSION}")))
}

fn unknown(key: &[String], command: &Command) -> Error {
    if let Some(section) = key.first().and_then(|name| command.find_subcommand(name)) {
        let known: Vec<String> = keys_of(section).map(|(key, _)| key).collect();
        return unknown_key(key, 1, &known);
    }
    let mut known: Vec<String> = keys_of(command).map(|(key, _)| key).collect();
    let sections = command.get_subcommands().map(Command::get_name);
    known.extend(sections.map(str::to_owned));
    unknown_key(key, 0, &known)
}

/// What to say of a key that is not among those `known` where it stands; `depth` sections lie before its
/// part that is not.
#[must_use]
pub fn unknown_key(key: &[String], depth: usize, known: &[String]) -> Error {
    let (code, message) = match depth {
        0 => (
            ErrorCode::ConfigUnknownTopLevelKey,
            "the configuration has an unknown key",
        ),
        _ => (
            ErrorCode::ConfigGeneric,
            "the configuration has a key that its section does not",
        ),
    };
    let name = key.get(depth).map_or("", String::as_str);
    let remedy = match nearest(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean {meant}? There are: {}", known.join(", ")),
        None => format!("there are: {}", known.join(", ")),
    };
    Error::new(code, message)
        .with_detail("key", key.join("."))
        .with_remedy(remedy)
}
