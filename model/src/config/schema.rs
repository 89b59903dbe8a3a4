//! The layouts of a config and its top-level keys.

use core::str::FromStr;
use genolewm_core::{Error, ErrorCode, Result};
use serde::de::DeserializeOwned;
use serde_yaml_ng::{Mapping, Value};

/// The layout of version 0.2.1 of the Python package, which knows no state contracts.
pub(super) const SCHEMA_1_0: &str = "1.0.0";
/// The layout that is written, and that a config has which does not say.
pub(super) const SCHEMA_1_1: &str = "1.1.0";

/// The grid of windows, and what it was called before.
pub(super) const STRIDE_KEY: &str = "window_stride_bp";
pub(super) const OLD_STRIDE_KEY: &str = "tile_bp";

/// Top-level keys of the Python package that scoring does not read.
const OTHER_SECTIONS: [&str; 9] = [
    "data",
    "deterministic",
    "eval",
    "observability",
    "optimizer",
    "phase",
    "run_id",
    "runtime",
    "training",
];
/// Top-level keys that are read here, of those that the Python package knows.
const SHARED_KEYS: [&str; 5] = ["schema_version", "seed", "encoder", "predictor", "action"];
/// Top-level keys that the Python package refuses: a config with one is not its.
pub(super) const OUR_KEYS: [&str; 6] = [
    "window_bp",
    "max_window_bp",
    "aggregation",
    STRIDE_KEY,
    OLD_STRIDE_KEY,
    "views",
];

/// Refuses keys that nobody knows.
pub(super) fn check_keys(keys: &Mapping) -> Result<()> {
    for key in keys.keys() {
        let all = [&SHARED_KEYS[..], &OUR_KEYS, &OTHER_SECTIONS];
        let known = key
            .as_str()
            .is_some_and(|name| all.iter().any(|keys| keys.contains(&name)));
        if !known {
            let name = key
                .as_str()
                .map_or_else(|| format!("{key:?}"), str::to_owned);
            return Err(Error::new(
                ErrorCode::ConfigUnknownTopLevelKey,
                format!("the config has an unknown key {name:?}"),
            )
            .with_detail("key", name)
            .with_remedy("check its spelling, or take it out"));
        }
    }
    Ok(())
}

/// Which layout a config has.
pub(super) fn schema(keys: &Mapping) -> Result<&'static str> {
    let Some(version) = section::<String>(keys, "schema_version")? else {
        return Ok(SCHEMA_1_1);
    };
    let mut known = [SCHEMA_1_0, SCHEMA_1_1].into_iter();
    known.find(|known| version == *known).ok_or_else(|| {
        Error::new(
            ErrorCode::ConfigSchemaIncompat,
            format!(
                "the config has schema version {version}; {SCHEMA_1_0} and {SCHEMA_1_1} are read"
            ),
        )
        .with_detail("schema_version", version)
        .with_remedy("use the program version that the model was made for")
    })
}

/// The value of a top-level key, or `None` when it is absent or null.
pub(super) fn section<T: DeserializeOwned>(keys: &Mapping, name: &str) -> Result<Option<T>> {
    match keys.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => serde_yaml_ng::from_value(value.clone())
            .map(Some)
            .map_err(|error| generic(&format!("{name}: {error}"))),
    }
}

/// The grid of windows, under its name or the old one; 0 is none.
pub(super) fn stride(keys: &Mapping) -> Result<Option<usize>> {
    let [new, old] = [STRIDE_KEY, OLD_STRIDE_KEY].map(|key| section::<usize>(keys, key));
    match (new?, old?) {
        (Some(new), Some(old)) if new != old => Err(generic(&format!(
            "{STRIDE_KEY} and {OLD_STRIDE_KEY}, which is its old name, differ"
        ))
        .with_detail(STRIDE_KEY, new)
        .with_detail(OLD_STRIDE_KEY, old)),
        (new, old) => Ok(new.or(old).filter(|bp| *bp > 0)),
    }
}

/// The value of that name.
pub(super) fn choice<T: FromStr<Err = Error>>(key: &str, name: &str) -> Result<T> {
    T::from_str(name)
        .map_err(|error| generic(&format!("{key}: {}", error.message())).with_detail(key, name))
}

/// For a key that has to be there.
pub(super) fn missing(field: &str) -> Error {
    Error::new(
        ErrorCode::ConfigMissingField,
        format!("the config does not say {field}"),
    )
    .with_detail("field", field)
    .with_remedy("give the train_config.yaml that the model was trained with")
}

/// For everything else that is wrong.
pub(super) fn generic(message: &str) -> Error {
    Error::new(ErrorCode::ConfigGeneric, message)
}
