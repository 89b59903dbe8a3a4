//! Training configurations of the Python package, as settings of `train predictor`.

use crate::files::read_text;
use crate::settings::trained_contract;
use crate::typed::flag;
use genolewm_core::state_contract::StateContract;
use genolewm_core::{Error, ErrorCode, Result};
use serde::Deserialize;
use serde_yaml_ng::Value;
use std::ffi::OsString;
use std::path::Path;

/// The layout of version 0.2.1, and the one that knows state contracts.
const SCHEMAS: [&str; 2] = ["1.0.0", "1.1.0"];
/// Sections that say nothing about the predictor's training.
const OTHER_KEYS: &str = "action deterministic eval observability run_id runtime";
const OWN_KEYS: &str = "data encoder optimizer phase predictor schema_version seed training";
/// What the trainer does, whatever a configuration says: key, value.
const FIXED: [(&str, f64); 5] = [
    ("optimizer.beta1", 0.9),
    ("optimizer.beta2", 0.95),
    ("optimizer.grad_clip", 1.0),
    ("optimizer.weight_decay", 0.05),
    ("predictor.n_layers", 3.0),
];
/// What the trainer can only do in one way: key, value, and the flag's or rule's reason.
const ONLY: [(&str, &str); 5] = [
    ("phase", "phase1"),
    ("encoder.pool_type", "centered_mean"),
    ("predictor.architecture", "cross_attention"),
    ("optimizer.name", "adamw"),
    ("optimizer.schedule", "wsd"),
];
/// The key that names the state contract.
const CONTRACT: &str = "encoder.state_contract_version";
/// Key of the configuration, and the flag of `train predictor` that is the same.
const FLAGS: [(&str, &str); 9] = [
    ("seed", "train-seed"),
    ("encoder.state_layer", "state-layer"),
    ("encoder.pool_radius", "pool-radius"),
    ("predictor.d_action", "d-action"),
    ("predictor.n_heads", "n-heads"),
    ("optimizer.lr", "learning-rate"),
    ("optimizer.warmup_steps", "warmup-steps"),
    ("data.batch_size", "batch"),
    ("training.max_steps", "steps"),
];

/// What a configuration comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct PythonConfig {
    /// Flags of `train predictor`.
    pub flags: Vec<OsString>,
    /// What it says and the trainer does in another way, a sentence each.
    pub unused: Vec<String>,
}

impl PythonConfig {
    /// Reads a file. `steps` stands in for `training.max_steps`.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be read; `CONFIG.UNKNOWN_TOP_LEVEL_KEY` and
    /// `CONFIG.SCHEMA_INCOMPAT` as the Python package; `CONFIG.GENERIC` for what is malformed, or asks for what the trainer cannot do.
    pub fn read(path: &Path, steps: Option<u64>) -> Result<Self> {
        let parsed = Self::parse(&read_text(path)?, steps);
        parsed.map_err(|error| error.with_detail("file", path.display()))
    }

    fn parse(text: &str, steps: Option<u64>) -> Result<Self> {
        let mut config: Value = genolewm::yaml::parse(text)
            .map_err(|error| refused(format!("the configuration is not YAML: {error}")))?;
        check(&config)?;
        if let Some(steps) = steps {
            config["training"]["max_steps"] = steps.into();
        }
        for (key, only) in ONLY {
            if at::<String>(&config, key)?.is_some_and(|found| found != only) {
                let error = refused(format!("{key} can only be {only} here"));
                return Err(error.with_detail("key", key));
            }
        }
        let named: Option<String> = at(&config, CONTRACT)?;
        let contract = named.as_deref().map(trained_contract).transpose();
        let contract = contract.map_err(|error| error.with_detail("key", CONTRACT))?;
        if contract == Some(StateContract::L2NormalizedV2)
            && at::<String>(&config, "schema_version")?.as_deref() == Some(SCHEMAS[0])
        {
            let message = format!("schema version {} has no l2_normalized_v2", SCHEMAS[0]);
            return Err(refused(message).with_detail("key", CONTRACT));
        }
        if at(&config, "encoder.normalize")? == Some(false) {
            return Err(refused("states are always of length 1 here")
                .with_detail("key", "encoder.normalize"));
        }
        let steps: Option<u64> = at(&config, "training.max_steps")?;
        let warmup: Option<u64> = at(&config, "optimizer.warmup_steps")?;
        if steps
            .zip(warmup)
            .is_some_and(|(steps, warmup)| steps <= warmup)
        {
            let error = refused("the warm-up is as long as the training, or longer");
            return Err(error.with_detail("key", "optimizer.warmup_steps"));
        }
        let mut flags = Vec::new();
        for (key, name) in FLAGS {
            if let Some(number) = at::<serde_yaml_ng::Number>(&config, key)? {
                flags.extend(flag(name, number.to_string()));
            }
        }
        if let Some(contract) = contract {
            flags.extend(flag("state-contract", contract.as_str()));
        }
        let mut unused = Vec::new();
        if contract.is_none()
            && at::<String>(&config, "schema_version")?.as_deref() == Some(SCHEMAS[0])
        {
            unused.push(format!(
                "the configuration is of version 0.2.1, which trained on states as they are: they are \
                 {} here",
                StateContract::default()
            ));
        }
        for (key, fixed) in FIXED {
            if let Some(found) = at::<f64>(&config, key)?.filter(|found| *found != fixed) {
                unused.push(format!("{key} of {found} is not used: it is {fixed} here"));
            }
        }
        Ok(Self { flags, unused })
    }
}

fn check(config: &Value) -> Result<()> {
    let keys = config
        .as_mapping()
        .ok_or_else(|| refused("the configuration is not a mapping"))?;
    for key in keys.keys() {
        let mut known = OWN_KEYS.split(' ').chain(OTHER_KEYS.split(' '));
        if known.all(|known| key.as_str() != Some(known)) {
            return Err(Error::new(
                ErrorCode::ConfigUnknownTopLevelKey,
                "the configuration has an unknown key",
            )
            .with_detail("key", format!("{key:?}")));
        }
    }
    let version: Option<String> = at(config, "schema_version")?;
    if let Some(version) = version.filter(|version| !SCHEMAS.contains(&version.as_str())) {
        return Err(Error::new(
            ErrorCode::ConfigSchemaIncompat,
            "the configuration has another schema version",
        )
        .with_detail("schema_version", version));
    }
    Ok(())
}

/// The value at a dotted key; `None` where it is absent or null.
fn at<T: for<'de> Deserialize<'de>>(config: &Value, key: &str) -> Result<Option<T>> {
    let mut value = config;
    for part in key.split('.') {
        match value.get(part) {
            None | Some(Value::Null) => return Ok(None),
            Some(inner) => value = inner,
        }
    }
    serde_yaml_ng::from_value(value.clone())
        .map(Some)
        .map_err(|error| refused(format!("{key}: {error}")).with_detail("key", key))
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ConfigGeneric, message)
        .with_remedy("correct the file after --training-config")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the Python package: what it writes as the resolved configuration of its fixture.
    const RESOLVED: &str = "\
schema_version: 1.0.0
seed: 4
phase: phase1
run_id: phase1-default
deterministic: false
runtime: {backend: torch, device: cpu}
action: {d_action: 64, max_len: 16, sub_encoders: [snv, ins, del, mnv]}
data: {batch_size: 64, corpus_id: x, corpus_revision: main, num_workers: 4, shuffle_buffer: 4096}
encoder: {dtype: bf16, model_id: x, normalize: true, pool_radius: 8, pool_type: centered_mean,
  revision: main, state_layer: 20, trust_remote_code: false}
eval: {benchmarks: [clinvar_coding], smoke_variants: 1000}
observability: {log_level: info, redaction_strict: true, wandb_project: null}
optimizer: {beta1: 0.9, beta2: 0.95, grad_clip: 1.0, lr: 0.0003, name: adamw, schedule: wsd,
  warmup_steps: 1000, weight_decay: 0.1}
predictor: {architecture: cross_attention, d_action: 64, d_state: 512, dtype: bf16, n_heads: 8,
  n_layers: 6}
training: {collapse_log_every_steps: 500, max_steps: 5000}
";

    #[test]
    fn a_configuration_becomes_flags() {
        let config = PythonConfig::parse(RESOLVED, None).unwrap();
        let flags: Vec<&str> = config
            .flags
            .iter()
            .map(|flag| flag.to_str().unwrap())
            .collect();
        assert_eq!(
            flags.join(" "),
            "--train-seed 4 --state-layer 20 --pool-radius 8 --d-action 64 --n-heads 8 \
             --learning-rate 0.0003 --warmup-steps 1000 --batch 64 --steps 5000"
        );
        assert_eq!(config.unused.len(), 3, "{:?}", config.unused);
        assert!(config.unused[0].contains("l2_normalized_v2"));
        assert!(config.unused[1].contains("weight_decay of 0.1"));
        let fewer = PythonConfig::parse(RESOLVED, Some(2_000)).unwrap().flags;
        assert_eq!(fewer.last().unwrap(), "2000");
    }

    #[test]
    fn what_the_trainer_cannot_do_is_refused() {
        let code = |from: &str, to: &str| {
            assert!(RESOLVED.contains(from), "{from}");
            PythonConfig::parse(&RESOLVED.replace(from, to), None)
                .unwrap_err()
                .code()
        };
        for (from, to) in [
            ("phase: phase1", "phase: phase2"),
            ("name: adamw", "name: lion"),
            ("schedule: wsd", "schedule: cosine"),
            ("centered_mean", "global_mean"),
            ("normalize: true", "normalize: false"),
            ("max_steps: 5000", "max_steps: 1000"),
            ("batch_size: 64", "batch_size: many"),
        ] {
            assert_eq!(code(from, to), ErrorCode::ConfigGeneric, "{to}");
        }
        assert_eq!(
            code("seed: 4", "sed: 4"),
            ErrorCode::ConfigUnknownTopLevelKey
        );
        assert_eq!(code("1.0.0", "2.0.0"), ErrorCode::ConfigSchemaIncompat);
        assert_eq!(code("1.0.0", "1.2.0"), ErrorCode::ConfigSchemaIncompat);
    }

    #[test]
    fn contracts_of_the_newer_schema_become_a_flag() {
        let newer = RESOLVED.replace("schema_version: 1.0.0", "schema_version: 1.1.0");
        let named = |name: &str, text: &str| {
            let key = format!("encoder: {{state_contract_version: {name}, dtype");
            PythonConfig::parse(&text.replace("encoder: {dtype", &key), None)
        };
        let config = named("l2_normalized_v2", &newer).unwrap();
        let last = config.flags.iter().rev().take(2).rev();
        assert!(last.eq(["--state-contract", "l2_normalized_v2"]));
        assert_eq!(config.unused.len(), 2, "{:?}", config.unused);
        let unsaid = newer.replace("schema_version: 1.1.0\n", "");
        assert_eq!(PythonConfig::parse(&unsaid, None).unwrap().unused.len(), 2);
        for (name, text) in [
            ("legacy_raw_v1", &*newer),
            ("raw_v0_2_1", &newer),
            ("l2_normalized_v3", &newer),
            ("l2_normalized_v2", RESOLVED),
        ] {
            let error = named(name, text).unwrap_err();
            assert_eq!(
                error.details().get("key").unwrap(),
                "encoder.state_contract_version",
                "{name}"
            );
        }
    }
}
