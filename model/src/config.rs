//! The model directory's `train_config.yaml`: what the weights do not say about themselves.
//!
//! The layout is the Python package's, which writes every key. What scoring needs is read and
//! checked; the sections that only training, evaluation and logging use are left to them. Sizes
//! are read off the tensors, not from here.

mod schema;
mod sections;
mod raw;

pub use sections::{ActionSection, EncoderSection, PredictorSection};

use core::str::FromStr;
use genolewm_core::limits::{MAX_MODEL_WIDTH, MAX_WINDOW_BP, MIN_WINDOW_BP};
use genolewm_core::state_contract::StateContract;
use genolewm_core::surprise::Aggregation;
use genolewm_core::view::Views;
use genolewm_core::window::DEFAULT_WINDOW_BP;
use genolewm_core::{Error, ErrorCode, Result};
use raw::{ModelConfigFile, RawAction, RawEncoder, RawPredictor};
use schema::{
    OUR_KEYS, SCHEMA_1_0, SCHEMA_1_1, STRIDE_KEY, check_keys, choice, generic, schema, section,
    stride,
};
use serde_yaml_ng::{Mapping, Value};

/// The widest grid of windows of `window_bp`: beyond, a variant would lie too near to its window's end.
#[must_use]
pub const fn most_stride_bp(window_bp: usize) -> usize {
    if window_bp < 4 { 1 } else { window_bp / 4 }
}

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
    /// Grid that window starts lie on, in bp; `None` centres every window on its variant.
    pub window_stride_bp: Option<usize>,
    /// The views of a window that a variant is read in.
    pub views: Views,
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
            window_stride_bp: stride(&keys)?,
            views: match section::<Vec<String>>(&keys, "views")? {
                Some(names) => Views::of_names(names.iter().map(String::as_str))
                    .map_err(|error| generic(&format!("views: {}", error.message())))?,
                None => Views::default(),
            },
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
            views: (self.views != Views::default()).then(|| self.views.names()),
            window_bp: unusual(self.window_bp),
            window_stride_bp: self.window_stride_bp,
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
            ("window_bp", self.window_bp, MIN_WINDOW_BP..=MAX_WINDOW_BP),
            ("max_window_bp", self.max_window_bp, 1..=MAX_WINDOW_BP),
            (
                STRIDE_KEY,
                self.window_stride_bp.unwrap_or(1),
                1..=most_stride_bp(self.window_bp),
            ),
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

#[cfg(test)]
mod tests;
