//! What the package's configuration comes to in `train predictor`.

use super::keys::{FLAGS, Given, PackageConfig, SCHEMA_1_0};
use super::sections::Phase;
use genolewm_core::edit::MAX_ALLELE_BP;
use genolewm_core::state_contract::StateContract;
use genolewm_core::{Error, ErrorCode, Result};
use serde_yaml_ng::Value;

/// Keys that say nothing to a training here, which takes its data, encoder and device from flags.
const NOTHING: &str = "data.corpus_id data.corpus_revision data.num_workers data.shuffle_buffer \
    encoder.model_id encoder.revision encoder.trust_remote_code eval.benchmarks eval.smoke_variants \
    observability.wandb_project runtime.backend";

/// The key that names the state contract.
const CONTRACT: &str = "encoder.state_contract_version";

/// Settings of `train predictor` that a configuration stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// The package's key, the setting's, and its value.
    pub settings: Vec<(&'static str, &'static str, Value)>,
    /// What it says and the trainer does in another way, a sentence each.
    pub unused: Vec<String>,
}

impl Training {
    /// What a configuration comes to. `steps` stands in for `training.max_steps`.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` with the key and the reason for what the trainer cannot do.
    pub fn of(given: &Given, steps: Option<u64>) -> Result<Self> {
        let mut given = given.clone();
        given.extend(steps.map(|steps| ("training.max_steps".to_owned(), steps.into())));
        let config = PackageConfig::of(&given)?;
        check(&config)?;
        let mut settings: Vec<_> = FLAGS
            .into_iter()
            .filter_map(|(key, setting)| Some((key, setting, given.get(key)?.clone())))
            .filter(|(_, _, value)| !value.is_null())
            .collect();
        if let Some(d_action) = config
            .action
            .d_action
            .filter(|_| config.predictor.d_action.is_none())
        {
            settings.push(("action.d_action", "d_action", d_action.into()));
        }
        if let Some(layers) = config.predictor.n_layers {
            let alike = layers / 3;
            let key = "predictor.n_layers";
            settings.push((key, "cross_blocks", (layers - alike).into()));
            settings.push((key, "self_blocks", alike.into()));
        }
        let unused = unused(&given, &config);
        Ok(Self { settings, unused })
    }
}

/// Refuses what the trainer cannot do.
fn check(config: &PackageConfig) -> Result<()> {
    let (encoder, action) = (&config.encoder, &config.action);
    let (longest, contract) = (MAX_ALLELE_BP as u64, encoder.state_contract_version);
    let refusals = [
        (
            config.general.phase == Some(Phase::Phase2),
            "phase",
            "phase 2 trains the encoder's adapters too, which is `train joint`",
        ),
        (
            encoder.pool_type.as_deref() == Some("global_mean"),
            "encoder.pool_type",
            "a predictor is trained on states around the locus of an edit, never on those of whole windows",
        ),
        (
            contract.is_some_and(|contract| !contract.normalizes()),
            CONTRACT,
            "the trainer does not train on states that are not normalised",
        ),
        (
            contract == Some(StateContract::L2NormalizedV2)
                && config.general.schema_version.as_deref() == Some(SCHEMA_1_0),
            CONTRACT,
            "schema version 1.0.0 has no l2_normalized_v2",
        ),
        (
            encoder.normalize == Some(false),
            "encoder.normalize",
            "states are always of length 1 here",
        ),
        (
            config.optimizer.name.as_deref() == Some("sgd-momentum"),
            "optimizer.name",
            "gradients become updates by AdamW only",
        ),
        (
            action.max_len.is_some_and(|bases| bases != longest),
            "action.max_len",
            "an allele has up to 16 bases, in data and models alike",
        ),
        (
            action
                .d_action
                .zip(config.predictor.d_action)
                .is_some_and(|(a, b)| a != b),
            "action.d_action",
            "predictor.d_action differs, and the predictor reads what the action encoder writes",
        ),
    ];
    match refusals.into_iter().find(|(is, ..)| *is) {
        None => Ok(()),
        Some((_, key, reason)) => Err(Error::new(
            ErrorCode::ConfigGeneric,
            format!("the configuration's {key} cannot be had in this training: {reason}"),
        )
        .with_detail("key", key)
        .with_remedy("change the key, or set it by --set")),
    }
}

/// What is done in another way than the configuration says, a sentence each.
fn unused(given: &Given, config: &PackageConfig) -> Vec<String> {
    let mut unused = Vec::new();
    let old = config.general.schema_version.as_deref() == Some(SCHEMA_1_0);
    let describes = given.keys().any(|key| key.starts_with("encoder."));
    if old && describes && config.encoder.state_contract_version.is_none() {
        unused.push(format!(
            "the configuration is of version 0.2.1, which trained on states as they are: they are {} here",
            StateContract::default()
        ));
    }
    for (key, dtype) in [
        ("encoder.dtype", &config.encoder.dtype),
        ("predictor.dtype", &config.predictor.dtype),
    ] {
        if let Some(dtype) = dtype {
            unused.push(format!(
                "{key} of {dtype} is not used: training computes as --precision says, and fp16 is written"
            ));
        }
    }
    if let Some(width) = config.predictor.d_state {
        unused.push(format!(
            "predictor.d_state of {width} is not used: a state is as wide as the encoder makes it"
        ));
    }
    let kinds = config.action.sub_encoders.iter().flatten();
    if config.action.sub_encoders.is_some() && kinds.count() < 4 {
        unused.push("action.sub_encoders is not used: all types of edits are drawn".to_owned());
    }
    let (steps, warmup) = (config.training.max_steps, config.optimizer.warmup_steps);
    if let Some((steps, warmup)) = steps.zip(warmup).filter(|(steps, warmup)| steps <= warmup) {
        unused.push(format!(
            "optimizer.warmup_steps of {warmup} is not reached in {steps} steps: the learning rate \
             never has its peak"
        ));
    }
    let said = |key: &&str| given.get(*key).is_some_and(|value| !value.is_null());
    let nothing: Vec<&str> = NOTHING.split_whitespace().filter(said).collect();
    if !nothing.is_empty() {
        let keys = nothing.join(", ");
        unused.push(format!("keys that say nothing to this training: {keys}"));
    }
    unused
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyed::Document;

    fn given(name: &str) -> Given {
        let text = match name {
            "train" => include_str!("../../../../tests/cases/files/package_configs/train.yaml"),
            _ => include_str!("../../../../tests/cases/files/package_configs/plan.yaml"),
        };
        let document = Document::new(format!("{name}.yaml"), text.to_owned());
        let leaves = document.leaves().unwrap().into_iter();
        leaves.map(|(key, value)| (key.join("."), value)).collect()
    }

    fn with(key: &str, value: impl Into<Value>) -> Given {
        let mut given = given("train");
        given.insert(key.to_owned(), value.into());
        given
    }

    fn setting(training: &Training, name: &str) -> Value {
        let mut settings = training.settings.iter();
        let found = settings.find(|(_, setting, _)| *setting == name);
        found.unwrap_or_else(|| panic!("no {name}")).2.clone()
    }

    #[test]
    fn a_key_that_training_has_was_ignored() {
        let training = Training::of(&given("train"), None).unwrap();
        for (name, value) in [
            ("state_layer", 20.into()),
            ("beta1", 0.9.into()),
            ("beta2", 0.95.into()),
            ("weight_decay", 0.1.into()),
            ("clip", 1.0.into()),
            ("schedule", "wsd".into()),
            ("cross_blocks", 4.into()),
            ("self_blocks", 2.into()),
            ("collapse_every", Value::from(500)),
            ("steps", 50.into()),
        ] {
            assert_eq!(setting(&training, name), value, "{name}");
        }
        let more = Training::of(&with("optimizer.schedule", "cosine"), Some(9)).unwrap();
        assert_eq!(setting(&more, "schedule"), Value::from("cosine"));
        assert_eq!(setting(&more, "steps"), Value::from(9));
    }

    /// Every key of the package's file is a setting, is told of, or has the one value that there is.
    #[test]
    fn no_key_is_ignored_silently() {
        const ONLY: &str = "schema_version phase encoder.pool_type encoder.normalize optimizer.name \
            action.max_len action.d_action action.sub_encoders predictor.architecture deterministic \
            observability.log_level observability.redaction_strict run_id runtime.device";
        let given = given("train");
        let training = Training::of(&given, None).unwrap();
        for (key, _) in given.iter().filter(|(_, value)| !value.is_null()) {
            let is_setting = training.settings.iter().any(|(name, ..)| name == key);
            let is_told = training
                .unused
                .iter()
                .any(|text| text.contains(key.as_str()));
            assert!(
                is_setting || is_told || ONLY.split(' ').any(|only| only == key),
                "{key}"
            );
        }
    }

    #[test]
    fn what_the_trainer_cannot_do_is_refused_by_name() {
        for (key, value) in [
            ("phase", Value::from("phase2")),
            ("encoder.pool_type", "global_mean".into()),
            ("encoder.normalize", false.into()),
            ("optimizer.name", "sgd-momentum".into()),
            ("action.max_len", 8.into()),
            ("action.d_action", 32.into()),
        ] {
            let error = Training::of(&with(key, value), None).unwrap_err();
            assert_eq!(error.details()["key"], key);
            assert!(error.message().contains(": "), "no reason: {error}");
        }
        assert!(Training::of(&given("plan"), None).is_err());
        for (name, schema) in [
            ("legacy_raw_v1", "1.1.0"),
            ("raw_v0_2_1", "1.1.0"),
            ("l2_normalized_v3", "1.1.0"),
            ("l2_normalized_v2", "1.0.0"),
        ] {
            let mut given = with(CONTRACT, name);
            given.insert("schema_version".to_owned(), schema.into());
            let error = Training::of(&given, None).unwrap_err();
            assert_eq!(error.details()["key"], CONTRACT, "{name}");
            given.insert(CONTRACT.to_owned(), "l2_normalized_v2".into());
            given.insert("schema_version".to_owned(), "1.1.0".into());
            let training = Training::of(&given, None).unwrap();
            assert_eq!(
                setting(&training, "state_contract"),
                Value::from("l2_normalized_v2")
            );
        }
        for (key, value) in [
            ("optimizer.schedule", Value::from("linear")),
            ("optimizer.beta1", 1.0.into()),
            ("optimizer.lr", (-1.0).into()),
            ("data.batch_size", "many".into()),
            ("training.max_steps", 0.into()),
            ("encoder.dtype", "fp99".into()),
            ("phase", "phase9".into()),
        ] {
            let error = Training::of(&with(key, value), None).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ConfigGeneric);
            assert_eq!(error.details()["key"], key);
        }
    }
}
