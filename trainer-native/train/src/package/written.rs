//! A run's settings in the package's layout.

use super::keys::{FLAGS, SCHEMA_1_0, SCHEMA_VERSION};
use genolewm_core::edit::MAX_ALLELE_BP;
use serde_json::{Map, Value, json};

/// The settings of a run of `stage` in the Python package's layout, as far as it has keys for them: its
/// `load_config` reads it, and so does `--training-config`.
#[must_use]
pub fn layout(stage: &str, run_id: &str, settings: &Value) -> Value {
    let phase = match stage {
        "joint" => "phase2",
        _ => "phase1",
    };
    let schema_version = match settings.get("state_contract") {
        Some(_) => SCHEMA_VERSION,
        None => SCHEMA_1_0,
    };
    let mut config = json!({
        "schema_version": schema_version,
        "run_id": run_id,
        "phase": phase,
        "encoder": {"pool_type": "centered_mean", "normalize": true},
        "predictor": {"architecture": "cross_attention"},
        "action": {"max_len": MAX_ALLELE_BP},
        "optimizer": {"name": "adamw"},
    });
    let mut put = |key: &str, value: Value| {
        let (section, key) = key.split_once('.').unwrap_or(("", key));
        let Some(root) = config.as_object_mut() else {
            return;
        };
        let into = if section.is_empty() {
            Some(root)
        } else {
            let section = root.entry(section).or_insert_with(|| Map::new().into());
            section.as_object_mut()
        };
        into.map(|into| into.insert(key.to_owned(), value));
    };
    for (key, setting) in FLAGS {
        if let Some(value) = settings.get(setting).filter(|value| !value.is_null()) {
            put(key, value.clone());
        }
    }
    if let Some(width) = settings.get("d_action") {
        put("action.d_action", width.clone());
    }
    let blocks = |name: &str| settings.get(name).and_then(Value::as_u64);
    if let Some((cross, alike)) = blocks("cross_blocks").zip(blocks("self_blocks")) {
        put("predictor.n_layers", json!(cross + alike));
    }
    config
}
