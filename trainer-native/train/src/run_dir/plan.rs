//! What a run is, before it reads any data: its settings, its network, its place.

use super::checkpoint::{Checkpoint, Identity};
use super::folder::{Folder, Retention};
use genolewm_core::{Error, ErrorCode, Result};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The file that holds the settings.
pub(super) const CONFIG_FILE: &str = "config.resolved.yaml";

/// A run that is about to start or to go on.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// What is trained, as in `genolewm train STAGE`.
    pub stage: &'static str,
    /// The run's directory.
    pub directory: PathBuf,
    /// All that decides the weights, as JSON; keys are those of a configuration file.
    pub settings: String,
    /// The network's sizes, as JSON.
    pub architecture: String,
    /// The base of all random numbers.
    pub seed: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
    /// Steps between lines of metrics.
    pub log_every: u64,
    /// Steps between looks of the collapse monitor; none where it does not watch.
    pub collapse_every: Option<u64>,
    /// Which checkpoints stay.
    pub retention: Retention,
    /// Metrics that are drawn in `curves.svg`; the first one is told of at the end.
    pub curves: &'static [&'static str],
}

impl RunPlan {
    /// The checkpoint that the run goes on from, if the directory holds one. Damaged newer ones are
    /// told of through `warn`.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` with the first field that differs when the directory holds a run of another
    /// kind, architecture or settings; as [`Folder::newest`].
    pub fn resume(&self, warn: &mut dyn FnMut(&str)) -> Result<Option<Checkpoint>> {
        let newest = Folder::of(&self.directory).newest(warn)?;
        if let Some(checkpoint) = &newest {
            self.check(&checkpoint.identity)?;
        }
        Ok(newest)
    }

    /// Whether a checkpoint is of this run, as far as that is known without its data.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` with the first field that differs.
    pub fn check(&self, old: &Identity) -> Result<()> {
        if old.stage != self.stage {
            let difference = Difference {
                field: "stage".to_owned(),
                old: old.stage.clone(),
                new: self.stage.to_owned(),
            };
            return Err(difference.refusal("stage", &self.directory));
        }
        for (what, old, new) in [
            ("architecture", &old.architecture, &self.architecture),
            ("settings", &old.settings, &self.settings),
        ] {
            if let Some(difference) = first_difference(old, new) {
                return Err(difference.refusal(what, &self.directory));
            }
        }
        Ok(())
    }
}

/// Anything as the JSON text that a plan holds.
///
/// # Errors
/// `INTERNAL.GENERIC` for what JSON cannot hold.
pub fn json_text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::new(ErrorCode::InternalGeneric, error.to_string()))
}

/// A field that two runs have different values of.
#[derive(Debug, PartialEq)]
struct Difference {
    field: String,
    old: String,
    new: String,
}

impl Difference {
    fn refusal(&self, what: &str, directory: &Path) -> Error {
        let Self { field, old, new } = self;
        let message = format!(
            "the run in this directory differs in its {what}: {field} is {old} there and {new} here"
        );
        Error::new(ErrorCode::ConfigGeneric, message)
            .with_detail("directory", directory.display())
            .with_detail("field", field)
            .with_remedy(format!(
                "repeat what {CONFIG_FILE} says, or choose another --output"
            ))
    }
}

/// The first field, by name, in which two JSON texts differ.
fn first_difference(old: &str, new: &str) -> Option<Difference> {
    if old == new {
        return None;
    }
    let parse = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    let (before, after): (Value, Value) = (parse(old), parse(new));
    let whole = || Difference {
        field: "the whole".to_owned(),
        old: old.to_owned(),
        new: new.to_owned(),
    };
    Some(differing_field("", &before, &after).unwrap_or_else(whole))
}

fn differing_field(path: &str, old: &Value, new: &Value) -> Option<Difference> {
    if let (Value::Object(old), Value::Object(new)) = (old, new) {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        return names.into_iter().find_map(|name| {
            let inner = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            let of = |side: &serde_json::Map<String, Value>| {
                side.get(name).cloned().unwrap_or(Value::Null)
            };
            differing_field(&inner, &of(old), &of(new))
        });
    }
    (old != new).then(|| Difference {
        field: path.to_owned(),
        old: old.to_string(),
        new: new.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(old: &str, new: &str) -> Option<(String, String, String)> {
        first_difference(old, new).map(|found| (found.field, found.old, found.new))
    }

    #[test]
    fn the_first_differing_field_is_named() {
        let old = r#"{"b":{"x":1,"y":[1,2]},"c":0.05,"d":null}"#;
        assert_eq!(field(old, old), None);
        let found = |new: &str| field(old, new).unwrap();
        let named =
            |field: &str, old: &str, new: &str| (field.to_owned(), old.to_owned(), new.to_owned());
        assert_eq!(
            found(r#"{"b":{"x":1,"y":[1,3]},"c":0.06,"d":null}"#),
            named("b.y", "[1,2]", "[1,3]")
        );
        assert_eq!(
            found(r#"{"a":true,"b":{"x":1,"y":[1,2]},"c":0.05,"d":null}"#),
            named("a", "null", "true")
        );
        assert_eq!(found("{}").0, "b");
        // Equal as JSON, not as text: still another run.
        assert_eq!(found(&old.replace("0.05", "5e-2")).0, "the whole");
    }

    #[test]
    fn other_architectures_and_settings_are_refused() {
        let plan = RunPlan {
            stage: "encoder",
            directory: PathBuf::from("run"),
            settings: r#"{"learning_rate":0.1}"#.to_owned(),
            architecture: r#"{"hidden_size":16,"layers":1}"#.to_owned(),
            seed: 0,
            steps: 1,
            checkpoint_every: 1,
            log_every: 1,
            collapse_every: None,
            retention: Retention {
                keep: 1,
                keep_every: 0,
            },
            curves: &[],
        };
        let same = Identity {
            stage: plan.stage.to_owned(),
            settings: plan.settings.clone(),
            architecture: plan.architecture.clone(),
            ..Identity::default()
        };
        assert!(plan.check(&same).is_ok());
        for (old, named) in [
            (
                Identity {
                    architecture: r#"{"hidden_size":32,"layers":2}"#.to_owned(),
                    ..same.clone()
                },
                "differs in its architecture: hidden_size is 32 there and 16 here",
            ),
            (
                Identity {
                    settings: r#"{"learning_rate":0.2}"#.to_owned(),
                    ..same.clone()
                },
                "differs in its settings: learning_rate is 0.2 there and 0.1 here",
            ),
            (
                Identity {
                    stage: "ranking".to_owned(),
                    ..same.clone()
                },
                "differs in its stage: stage is ranking there and encoder here",
            ),
        ] {
            let error = plan.check(&old).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ConfigGeneric);
            assert!(error.message().ends_with(named), "{}", error.message());
        }
    }
}
