//! Keys of the Python package's configuration that are flags of the command that runs.

use super::definitions::{Definitions, at, joined, own_keys};
use super::sources::Setting;
use clap::Command;
use genolewm_core::Result;
use genolewm_train::package::{Given, Training};
use std::collections::BTreeMap;

/// The command whose settings the package's training has keys for.
pub(super) const TRAINING: [&str; 2] = ["train", "predictor"];

/// Applies the keys that are flags of the command, which those of its own section win over, and returns
/// what the command does in another way.
///
/// # Errors
/// `CONFIG.GENERIC` for what the command cannot do.
pub(super) fn apply(
    settings: &mut BTreeMap<String, Setting>,
    path: &[String],
    program: &Command,
    definitions: &Definitions<'_>,
) -> Result<Vec<String>> {
    let (section, mut notes) = (path.join("."), Vec::new());
    let mut found: Vec<(String, Setting)> = Vec::new();
    for key in ["log_level", "redaction_strict"] {
        let setting = settings.get(&joined("observability", key)).cloned();
        found.extend(setting.map(|setting| (key.to_owned(), setting)));
    }
    if let Some(mut device) = settings.get("runtime.device").cloned() {
        // The GPU of a Mac, which WebGPU reaches by way of Metal.
        if device.value == "mps" {
            device.value = "wgpu".into();
        }
        let own = own_keys(at(path, program)).map(|(key, _)| key);
        let own = own.filter(|key| key == "backend" || key == "device");
        found.extend(own.map(|key| (joined(&section, &key), device.clone())));
    }
    let training = (path == TRAINING).then(|| Training::of(&given(settings, definitions), None));
    let (training, refusal) = match training.transpose() {
        Ok(training) => (training, None),
        Err(refusal) => (None, Some(refusal)),
    };
    if let Some(training) = training {
        for (key, setting, value) in training.settings {
            let origin = settings.get(key).map(|found| found.origin.clone());
            let setting = joined(&section, setting);
            found.extend(origin.map(|origin| (setting, Setting { value, origin })));
        }
        notes = training.unused;
    }
    for (key, setting) in found {
        settings.entry(key).or_insert(setting);
    }
    refusal.map_or(Ok(notes), Err)
}

/// The package's keys that are set.
fn given(settings: &BTreeMap<String, Setting>, definitions: &Definitions<'_>) -> Given {
    let packages = definitions.keys().filter(|(_, it)| it.is_packages);
    let set = packages.filter_map(|(key, _)| Some((key, settings.get(key)?)));
    set.map(|(key, setting)| (key.to_owned(), setting.value.clone()))
        .collect()
}
