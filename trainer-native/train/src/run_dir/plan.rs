//! What a run is before it reads any data (stage, settings, architecture), and whether a checkpoint
//! is of the same run.

use super::checkpoint::{Checkpoint, RunIdentity};
use super::folder::CheckpointFolder;
use crate::files::internal;
use crate::settings::RunSettings;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::json::parse;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// The file that holds the settings.
pub(super) const CONFIG_FILE: &str = "config.resolved.yaml";

/// A run that is about to start or to go on.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// What is trained, as in `genolewm train STAGE`.
    pub stage: &'static str,
    /// Directory, steps, seed, and when to save and to log.
    pub run: RunSettings,
    /// All that decides the weights, as JSON; keys are those of a configuration file.
    pub settings: String,
    /// The network's sizes, as JSON.
    pub architecture: String,
    /// Steps between looks of the collapse monitor; none where it does not watch.
    pub collapse_every: Option<u64>,
    /// Metrics that are drawn in `curves.svg`; the first one is told of at the end.
    pub curves: &'static [&'static str],
}

impl RunPlan {
    /// The checkpoint that the run goes on from, if the directory holds one. Damaged newer ones are
    /// told of through `warn`.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` with the first field that differs when the directory holds a run of another
    /// kind, architecture or settings; as [`CheckpointFolder::newest`].
    pub(super) fn resume(&self, warn: &mut dyn FnMut(&str)) -> Result<Option<Checkpoint>> {
        let newest = CheckpointFolder::of(&self.run.output).newest(warn)?;
        if let Some(checkpoint) = &newest {
            self.check(&checkpoint.identity)?;
        }
        Ok(newest)
    }

    /// Whether a checkpoint is of this run, as far as that is known without its data.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` with the first field that differs.
    pub fn check(&self, old: &RunIdentity) -> Result<()> {
        if old.stage != self.stage {
            let difference = Difference::new("stage", &old.stage, self.stage);
            return Err(difference.refusal("stage", &self.run.output));
        }
        for (what, old, new) in [
            ("architecture", &old.architecture, &self.architecture),
            ("settings", &old.settings, &self.settings),
        ] {
            if let Some(difference) = first_difference(old, new) {
                return Err(difference.refusal(what, &self.run.output));
            }
        }
        Ok(())
    }
}

/// Settings as the JSON text that a checkpoint holds and later runs are compared with: first the
/// members that `keys` lists, in that order, then all others by name.
///
/// # Errors
/// `INTERNAL.GENERIC` for what JSON cannot hold.
pub fn settings_text(settings: &impl Serialize, keys: &str) -> Result<String> {
    // By way of the text, in which a number of 32 bits has its shortest form.
    let text = serde_json::to_string(settings).map_err(|error| internal(&error))?;
    let mut members: serde_json::Map<String, Value> = parse(text.as_bytes(), "settings")?;
    let listed: Vec<(&str, Value)> = keys
        .split_whitespace()
        .filter_map(|key| Some((key, members.remove(key)?)))
        .collect();
    let others = members.iter().map(|(key, value)| (key.as_str(), value));
    let all = listed
        .iter()
        .map(|(key, value)| (*key, value))
        .chain(others);
    let all: Vec<String> = all
        .map(|(key, value)| format!("\"{key}\":{value}"))
        .collect();
    Ok(format!("{{{}}}", all.join(",")))
}

/// A field that two runs have different values of.
#[derive(Debug, PartialEq)]
struct Difference {
    field: String,
    old: String,
    new: String,
}

impl Difference {
    fn new(field: &str, old: impl ToString, new: impl ToString) -> Self {
        Self {
            field: field.to_owned(),
            old: old.to_string(),
            new: new.to_string(),
        }
    }

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
    let [before, after] = [old, new].map(|text| serde_json::from_str(text).unwrap_or(Value::Null));
    let whole = || Difference::new("the whole", old, new);
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
            let [old, new] = [old, new].map(|side| side.get(name).unwrap_or(&Value::Null));
            differing_field(&inner, old, new)
        });
    }
    (old != new).then(|| Difference::new(path, old, new))
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
    fn settings_keep_the_order_that_is_listed_and_the_shortest_numbers() {
        #[derive(Serialize)]
        struct Some {
            a: f64,
            b: Option<u64>,
            c: f32,
            d: &'static str,
        }
        let some = Some {
            a: 2e-3,
            b: None,
            c: 0.05,
            d: "x",
        };
        assert_eq!(
            settings_text(&some, "d none c").unwrap(),
            r#"{"d":"x","c":0.05,"a":0.002,"b":null}"#
        );
    }

    #[test]
    fn other_architectures_and_settings_are_refused() {
        let flags = "--output run --steps 1 --checkpoint-every 1 --log-every 1 --learning-rate 1 \
                     --warmup-steps 0 --keep 1";
        let plan = RunPlan {
            stage: "encoder",
            run: crate::typed::settings(crate::typed::flags(flags)).unwrap(),
            settings: r#"{"learning_rate":0.1}"#.to_owned(),
            architecture: r#"{"hidden_size":16,"layers":1}"#.to_owned(),
            collapse_every: None,
            curves: &[],
        };
        let same = RunIdentity {
            stage: plan.stage.to_owned(),
            settings: plan.settings.clone(),
            architecture: plan.architecture.clone(),
            ..RunIdentity::default()
        };
        assert!(plan.check(&same).is_ok());
        for (old, named) in [
            (
                RunIdentity {
                    architecture: r#"{"hidden_size":32,"layers":2}"#.to_owned(),
                    ..same.clone()
                },
                "differs in its architecture: hidden_size is 32 there and 16 here",
            ),
            (
                RunIdentity {
                    settings: r#"{"learning_rate":0.2}"#.to_owned(),
                    ..same.clone()
                },
                "differs in its settings: learning_rate is 0.2 there and 0.1 here",
            ),
            (
                RunIdentity {
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
