//! The model directory's `train_config.yaml`: what the weights do not say about themselves.
//!
//! The layout is the Python package's, which writes every key. What scoring needs is read and
//! checked; the sections that only training, evaluation and logging use are left to them. Sizes
//! are read off the tensors, not from here.

use core::str::FromStr;
use genolewm_core::limits::{MAX_MODEL_WIDTH, MAX_WINDOW_BP};
use genolewm_core::pooling::PoolType;
use genolewm_core::state_contract::{STATE_CONTRACT_KEY, StateContract};
use genolewm_core::surprise::Aggregation;
use genolewm_core::window::DEFAULT_WINDOW_BP;
use genolewm_core::{Error, ErrorCode, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_yaml_ng::{Mapping, Value};

/// The layout of version 0.2.1 of the Python package, which knows no state contracts.
const SCHEMA_1_0: &str = "1.0.0";
/// The layout that is written, and that a config has which does not say.
const SCHEMA_1_1: &str = "1.1.0";

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
/// Top-level keys that the Python package refuses: a config with one is not its.
const OUR_KEYS: [&str; 4] = ["window_bp", "max_window_bp", "aggregation", "tile_bp"];
/// Top-level keys that are read here.
const OWN_KEYS: [&str; 9] = [
    "schema_version",
    "seed",
    "encoder",
    "predictor",
    "action",
    "window_bp",
    "max_window_bp",
    "aggregation",
    "tile_bp",
];

/// What a model directory's config says about scoring.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    /// Which encoder, and what a state is.
    pub encoder: EncoderSection,
    /// The predictor.
    pub predictor: PredictorSection,
    /// The action encoder.
    pub action: ActionSection,
    /// Seed of everything random.
    pub seed: u64,
    /// Length of the windows that the model was trained on, in bp.
    pub window_bp: usize,
    /// The window length that the action encoder's position features are scaled to, in bp.
    pub max_window_bp: usize,
    /// How the distances of one variant in several windows become one.
    pub aggregation: Aggregation,
    /// Grid that window starts snap to, in bp; `None` centres every window on its variant.
    pub tile_bp: Option<usize>,
}

/// `encoder:` of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderSection {
    /// Path or Hub name of the encoder.
    pub model_id: String,
    /// Its revision.
    pub revision: String,
    /// Index into the encoder's hidden states: 0 is the embedding, the last is after the final
    /// norm; negative counts from the end.
    pub state_layer: i64,
    /// How token rows become one state.
    pub pool_type: PoolType,
    /// Token rows on each side of the locus' own.
    pub pool_radius: usize,
    /// What the config says of scaling states to length 1, and commitments repeat. What is done is
    /// [`contract`](Self::contract)'s.
    pub normalize: bool,
    /// The rule by which rows become a state.
    pub contract: StateContract,
    /// Number format of the encoder, as commitments name it.
    pub dtype: String,
}

/// `predictor:` of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredictorSection {
    /// Attention heads.
    pub n_heads: usize,
    /// Width of a state, when the config names it.
    pub d_state: Option<usize>,
    /// Width of an action, when the config names it.
    pub d_action: Option<usize>,
    /// Number format of the predictor, as commitments name it.
    pub dtype: String,
}

/// `action:` of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionSection {
    /// Width of an action, when the config names it.
    pub d_action: Option<usize>,
}

/// `encoder:` as it is written; keys that are absent take the Python package's defaults.
#[derive(Deserialize, Serialize, Default)]
#[serde(deny_unknown_fields)]
struct RawEncoder {
    model_id: Option<String>,
    revision: Option<String>,
    state_layer: Option<i64>,
    pool_type: Option<String>,
    pool_radius: Option<usize>,
    normalize: Option<bool>,
    dtype: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_contract_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust_remote_code: Option<bool>,
}

#[derive(Deserialize, Serialize, Default)]
#[serde(deny_unknown_fields)]
struct RawPredictor {
    n_heads: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    d_state: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    d_action: Option<usize>,
    dtype: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    architecture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n_layers: Option<usize>,
}

#[derive(Deserialize, Serialize, Default)]
#[serde(deny_unknown_fields)]
struct RawAction {
    #[serde(skip_serializing_if = "Option::is_none")]
    d_action: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_len: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_encoders: Option<Vec<String>>,
}

/// The config as it is written.
#[derive(Serialize)]
struct ModelConfigFile {
    action: RawAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregation: Option<&'static str>,
    encoder: RawEncoder,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_window_bp: Option<usize>,
    predictor: RawPredictor,
    schema_version: &'static str,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tile_bp: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_bp: Option<usize>,
}

impl ModelConfig {
    /// Reads the config.
    ///
    /// # Errors
    /// `CONFIG.UNKNOWN_TOP_LEVEL_KEY`, `CONFIG.SCHEMA_INCOMPAT` for another version,
    /// `CONFIG.MISSING_FIELD` for `encoder.model_id`, `encoder.state_layer` and
    /// `predictor.n_heads`, and `CONFIG.GENERIC` for everything else that is wrong.
    pub fn parse(yaml: &str) -> Result<Self> {
        let value = crate::yaml::parse(yaml)
            .map_err(|error| generic(&format!("the config is not YAML: {error}")))?;
        let Value::Mapping(keys) = value else {
            return Err(generic("the config is not a mapping of keys to values"));
        };
        check_keys(&keys)?;
        let encoder = section::<RawEncoder>(&keys, "encoder")?.unwrap_or_default();
        let named = encoder.state_contract_version.clone();
        let schema = schema(&keys)?;
        let mut config = Self {
            encoder: encoder.checked()?,
            predictor: section::<RawPredictor>(&keys, "predictor")?
                .unwrap_or_default()
                .checked()?,
            action: ActionSection {
                d_action: section::<RawAction>(&keys, "action")?
                    .unwrap_or_default()
                    .d_action,
            },
            seed: section(&keys, "seed")?.unwrap_or(0),
            window_bp: section(&keys, "window_bp")?.unwrap_or(DEFAULT_WINDOW_BP),
            max_window_bp: section(&keys, "max_window_bp")?.unwrap_or(DEFAULT_WINDOW_BP),
            aggregation: match section::<String>(&keys, "aggregation")? {
                Some(name) => choice("aggregation", &name)?,
                None => Aggregation::default(),
            },
            tile_bp: section(&keys, "tile_bp")?,
        };
        config.check_sizes()?;
        config.encoder.contract = match named {
            Some(name) => choice("encoder.state_contract_version", &name)?,
            None if schema == SCHEMA_1_1 => StateContract::default(),
            None if config.is_ours(&keys, yaml)? => StateContract::L2OldRowV0_2_0,
            None => StateContract::RawV0_2_1,
        };
        config.encoder.check_contract(schema)?;
        Ok(config)
    }

    /// Whether this program wrote a config of before state contracts, of a model that it trained on
    /// normalised states: it has a key that the Python package refuses, or is to the letter what this
    /// program wrote where no such key is needed.
    fn is_ours(&self, keys: &Mapping, yaml: &str) -> Result<bool> {
        let of_ours = |key: &Value| key.as_str().is_some_and(|key| OUR_KEYS.contains(&key));
        let named = keys.keys().any(of_ours);
        Ok(self.encoder.normalize && (named || self.write(SCHEMA_1_0)? == yaml))
    }

    /// The config as YAML. Keys that the Python package does not know are written only where they
    /// differ from their defaults, since it refuses unknown keys.
    ///
    /// # Errors
    /// `INTERNAL.GENERIC` when the writer fails, which it does not for these types.
    pub fn to_yaml(&self) -> Result<String> {
        self.write(SCHEMA_1_1)
    }

    fn write(&self, schema_version: &'static str) -> Result<String> {
        let unusual = |bp: usize| (bp != DEFAULT_WINDOW_BP).then_some(bp);
        let aggregation = self.aggregation;
        let config = ModelConfigFile {
            action: RawAction {
                d_action: self.action.d_action,
                ..RawAction::default()
            },
            aggregation: (aggregation != Aggregation::default()).then(|| aggregation.as_str()),
            encoder: RawEncoder {
                state_contract_version: (schema_version != SCHEMA_1_0)
                    .then(|| self.encoder.contract.as_str().to_owned()),
                ..RawEncoder::from(&self.encoder)
            },
            max_window_bp: unusual(self.max_window_bp),
            predictor: RawPredictor::from(&self.predictor),
            schema_version,
            seed: self.seed,
            tile_bp: self.tile_bp,
            window_bp: unusual(self.window_bp),
        };
        serde_yaml_ng::to_string(&config).map_err(|error| {
            let message = format!("cannot write the config: {error}");
            Error::new(ErrorCode::InternalGeneric, message)
        })
    }

    fn check_sizes(&self) -> Result<()> {
        let (predictor, action) = (&self.predictor, &self.action);
        let sizes = [
            ("predictor.n_heads", predictor.n_heads, 1..=MAX_MODEL_WIDTH),
            (
                "predictor.d_state",
                predictor.d_state.unwrap_or(1),
                1..=MAX_MODEL_WIDTH,
            ),
            (
                "predictor.d_action",
                predictor.d_action.unwrap_or(1),
                1..=MAX_MODEL_WIDTH,
            ),
            (
                "action.d_action",
                action.d_action.unwrap_or(1),
                1..=MAX_MODEL_WIDTH,
            ),
            (
                "encoder.pool_radius",
                self.encoder.pool_radius,
                0..=MAX_WINDOW_BP,
            ),
            ("window_bp", self.window_bp, 1..=MAX_WINDOW_BP),
            ("max_window_bp", self.max_window_bp, 1..=MAX_WINDOW_BP),
            ("tile_bp", self.tile_bp.unwrap_or(1), 1..=MAX_WINDOW_BP),
        ];
        match sizes.iter().find(|(_, size, range)| !range.contains(size)) {
            None => Ok(()),
            Some((key, size, range)) => Err(generic(&format!("{key} is out of range"))
                .with_detail(key, size)
                .with_detail("least", range.start())
                .with_detail("most", range.end())
                .with_remedy("give the train_config.yaml that the model was trained with")),
        }
    }
}

impl FromStr for ModelConfig {
    type Err = Error;

    fn from_str(yaml: &str) -> Result<Self> {
        Self::parse(yaml)
    }
}

impl RawEncoder {
    fn checked(self) -> Result<EncoderSection> {
        Ok(EncoderSection {
            model_id: self.model_id.ok_or_else(|| missing("encoder.model_id"))?,
            revision: self.revision.unwrap_or_else(|| "main".to_owned()),
            state_layer: self
                .state_layer
                .ok_or_else(|| missing("encoder.state_layer"))?,
            pool_type: match self.pool_type {
                Some(name) => choice("encoder.pool_type", &name)?,
                None => PoolType::CenteredMean,
            },
            pool_radius: self.pool_radius.unwrap_or(8),
            normalize: self.normalize.unwrap_or(true),
            contract: StateContract::default(),
            dtype: self.dtype.unwrap_or_else(|| "bf16".to_owned()),
        })
    }
}

impl From<&EncoderSection> for RawEncoder {
    fn from(section: &EncoderSection) -> Self {
        Self {
            model_id: Some(section.model_id.clone()),
            revision: Some(section.revision.clone()),
            state_layer: Some(section.state_layer),
            pool_type: Some(section.pool_type.as_str().to_owned()),
            pool_radius: Some(section.pool_radius),
            normalize: Some(section.normalize),
            dtype: Some(section.dtype.clone()),
            state_contract_version: None,
            trust_remote_code: None,
        }
    }
}

impl EncoderSection {
    /// Refuses what a contract does not go with.
    fn check_contract(&self, schema: &str) -> Result<()> {
        let contract = self.contract;
        let refused = |message: String, remedy: &str| {
            Err(generic(&message)
                .with_detail(STATE_CONTRACT_KEY, contract)
                .with_remedy(remedy))
        };
        if schema == SCHEMA_1_0 && contract == StateContract::L2NormalizedV2 {
            return refused(
                format!("a config of schema version {SCHEMA_1_0} cannot have {contract} states"),
                "a model is scored by the rule that it was trained with: for one that was trained with \
                 this contract, give schema_version 1.1.0",
            );
        }
        if contract.normalizes() && !self.normalize {
            return refused(
                format!("encoder.normalize is false, and states of {contract} are normalised"),
                "leave encoder.normalize out, or name the contract that the model was trained with",
            );
        }
        if contract.counts_tags() && self.pool_type == PoolType::GlobalMean && self.pool_radius != 0
        {
            return refused(
                format!(
                    "encoder.pool_radius is {}, and a global mean has none",
                    self.pool_radius
                ),
                "give pool_radius 0, or pool_type centered_mean",
            );
        }
        Ok(())
    }
}

impl RawPredictor {
    fn checked(self) -> Result<PredictorSection> {
        if let Some(other) = self.architecture.filter(|name| name != "cross_attention") {
            return Err(
                generic("the predictor's architecture is not cross_attention")
                    .with_detail("predictor.architecture", other),
            );
        }
        Ok(PredictorSection {
            n_heads: self.n_heads.ok_or_else(|| missing("predictor.n_heads"))?,
            d_state: self.d_state,
            d_action: self.d_action,
            dtype: self.dtype.unwrap_or_else(|| "bf16".to_owned()),
        })
    }
}

impl From<&PredictorSection> for RawPredictor {
    fn from(section: &PredictorSection) -> Self {
        Self {
            n_heads: Some(section.n_heads),
            d_state: section.d_state,
            d_action: section.d_action,
            dtype: Some(section.dtype.clone()),
            ..Self::default()
        }
    }
}

fn check_keys(keys: &Mapping) -> Result<()> {
    for key in keys.keys() {
        let known = key
            .as_str()
            .is_some_and(|name| OWN_KEYS.contains(&name) || OTHER_SECTIONS.contains(&name));
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
fn schema(keys: &Mapping) -> Result<&'static str> {
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
fn section<T: DeserializeOwned>(keys: &Mapping, name: &str) -> Result<Option<T>> {
    match keys.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => serde_yaml_ng::from_value(value.clone())
            .map(Some)
            .map_err(|error| generic(&format!("{name}: {error}"))),
    }
}

fn choice<T: FromStr<Err = Error>>(key: &str, name: &str) -> Result<T> {
    T::from_str(name)
        .map_err(|error| generic(&format!("{key}: {}", error.message())).with_detail(key, name))
}

fn missing(field: &str) -> Error {
    Error::new(
        ErrorCode::ConfigMissingField,
        format!("the config does not say {field}"),
    )
    .with_detail("field", field)
    .with_remedy("give the train_config.yaml that the model was trained with")
}

fn generic(message: &str) -> Error {
    Error::new(ErrorCode::ConfigGeneric, message)
}

#[cfg(test)]
mod tests;
