//! A config as it is written.

use super::schema::{choice, generic, missing};
use super::sections::{EncoderSection, PredictorSection};
use genolewm_core::Result;
use genolewm_core::pooling::PoolType;
use genolewm_core::state_contract::StateContract;
use serde::{Deserialize, Serialize};

/// `encoder:` as it is written; keys that are absent take the Python package's defaults.
#[derive(Deserialize, Serialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEncoder {
    pub(super) model_id: Option<String>,
    pub(super) revision: Option<String>,
    pub(super) state_layer: Option<i64>,
    pub(super) pool_type: Option<String>,
    pub(super) pool_radius: Option<usize>,
    pub(super) normalize: Option<bool>,
    pub(super) dtype: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state_contract_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trust_remote_code: Option<bool>,
}

/// `predictor:` likewise.
#[derive(Deserialize, Serialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPredictor {
    pub(super) n_heads: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) d_state: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) d_action: Option<usize>,
    pub(super) dtype: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) architecture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) n_layers: Option<usize>,
}

/// `action:` likewise.
#[derive(Deserialize, Serialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAction {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) d_action: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_len: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub_encoders: Option<Vec<String>>,
}

/// The config as it is written.
#[derive(Serialize)]
pub(super) struct ModelConfigFile {
    pub(super) action: RawAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aggregation: Option<&'static str>,
    pub(super) encoder: RawEncoder,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_window_bp: Option<usize>,
    pub(super) predictor: RawPredictor,
    pub(super) schema_version: &'static str,
    pub(super) seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) views: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) window_bp: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) window_stride_bp: Option<usize>,
}

impl RawEncoder {
    pub(super) fn checked(self) -> Result<EncoderSection> {
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

impl RawPredictor {
    pub(super) fn checked(self) -> Result<PredictorSection> {
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
