//! What the sections of the Python package's configuration say to a command: some keys are its flags,
//! some describe the model that it opens, and of the rest it is said that they do nothing.

use super::applied::Configuration;
use super::definitions::{innermost, joined, own_keys};
use super::package::TRAINING;
use super::sources::Setting;
use crate::common::terminal::Terminal;
use clap::{ArgMatches, Command};
use genolewm::files::ModelFiles;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_train::keyed::Document;
use genolewm_train::package::Given;
use serde_yaml_ng::Value;
use std::path::{Path, PathBuf};

/// Sections that describe a model.
const MODEL_SECTIONS: [&str; 3] = ["action.", "encoder.", "predictor."];
/// What a model directory says of itself, in the same layout.
const MODEL_CONFIG: &str = "train_config.yaml";

/// How a model's files are opened: those of a directory, or of the built-in one.
type Open = fn(Option<&Path>) -> Result<Box<dyn ModelFiles>>;

impl Configuration<'_> {
    /// Tells what the command makes of the package's sections before it runs.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` for what the command cannot do, and where `--set` or the environment describes
    /// another model than the one that it opens.
    pub fn announce(
        &self,
        program: &Command,
        matches: &ArgMatches,
        open: Open,
        terminal: &mut Terminal<'_>,
    ) -> Result<()> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        self.notes.iter().for_each(|note| terminal.warn(note));
        let model = self.model(program, matches, open);
        if let Some((name, says)) = &model {
            self.compare(name, says, terminal)?;
        }
        let idle = self.idle(model.is_some());
        if !idle.is_empty() {
            let (keys, command) = (idle.join(", "), self.path.join(" "));
            terminal.info(format_args!(
                "keys of the configuration that say nothing to `{command}`: {keys}"
            ));
        }
        Ok(())
    }

    /// The name of the model directory that the command opens, and what it says of itself. One that cannot
    /// be read is the command's to report.
    fn model(
        &self,
        program: &Command,
        matches: &ArgMatches,
        open: Open,
    ) -> Option<(String, Given)> {
        let describes = |key: &String| MODEL_SECTIONS.iter().any(|name| key.starts_with(name));
        self.settings.keys().find(|key| describes(key))?;
        let (command, matches) = innermost(&self.path, program, matches);
        own_keys(command).find(|(key, _)| key == "model_dir")?;
        let directory = matches.try_get_one::<PathBuf>("model_dir").ok()?;
        let files = open(directory.map(PathBuf::as_path)).ok()?;
        let text = String::from_utf8(files.read(MODEL_CONFIG).ok()??).ok()?;
        let leaves = Document::new(MODEL_CONFIG.to_owned(), text).leaves().ok()?;
        let says = leaves
            .into_iter()
            .map(|(key, value)| (key.join("."), value));
        Some((files.describe(), says.collect()))
    }

    fn compare(&self, name: &str, says: &Given, terminal: &mut Terminal<'_>) -> Result<()> {
        for (key, theirs) in says {
            let describes = MODEL_SECTIONS
                .iter()
                .any(|section| key.starts_with(section));
            let Some(Setting { value, origin }) = self.settings.get(key).filter(|_| describes)
            else {
                continue;
            };
            if value == theirs || value.is_null() || text(value) == text(theirs) {
                continue;
            }
            let (ours, theirs) = (text(value), text(theirs));
            if origin.is_wish() {
                let message = format!("{key} is {theirs} in the model, not {ours}");
                return Err(Error::new(ErrorCode::ConfigGeneric, message)
                    .with_detail("key", key)
                    .with_detail("from", origin)
                    .with_detail("model", name)
                    .with_remedy("choose another --model-dir, or leave the key out"));
            }
            terminal.warn(format_args!(
                "{key} is {theirs} in {name}, not {ours} ({origin}); the model's counts"
            ));
        }
        Ok(())
    }

    /// The package's keys that are set and do nothing here.
    fn idle(&self, describes_model: bool) -> Vec<&str> {
        const ALWAYS: [&str; 3] = [
            "observability.log_level",
            "observability.redaction_strict",
            "schema_version",
        ];
        if self.path == TRAINING {
            return Vec::new();
        }
        let set = self.definitions.keys().filter(|(key, it)| {
            let setting = self.settings.get(*key);
            it.is_packages && setting.is_some_and(|setting| !setting.value.is_null())
        });
        let section = self.path.join(".");
        let chooses = |name: &str| {
            let key = joined(&section, name);
            self.definitions.keys().any(|(known, _)| known == key)
        };
        let has_device = chooses("backend") || chooses("device");
        let says_nothing = |key: &&str| {
            let model = MODEL_SECTIONS
                .iter()
                .any(|section| key.starts_with(section));
            let device = *key == "runtime.device" && has_device;
            !(ALWAYS.contains(key) || device || model && describes_model)
        };
        set.map(|(key, _)| key).filter(says_nothing).collect()
    }
}

/// A value as it stands in a sentence.
fn text(value: &Value) -> String {
    let text = serde_yaml_ng::to_string(value).unwrap_or_default();
    text.trim_end().trim_matches('\'').to_owned()
}
