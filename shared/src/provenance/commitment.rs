//! Commitments: what was scored as one SHA-256: window, edit, pooling and precision.

use super::Json;
use crate::edit::EditSpec;
use crate::{Error, Result};
use alloc::format;
use alloc::string::{String, ToString};

/// The version of the commitment's layout.
const COMMITMENT_VERSION: u64 = 1;

/// How hidden states became one state vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolingConfig {
    /// The encoder layer whose states are pooled, counted from 0 (the embeddings).
    pub state_layer: u32,
    /// `centered_mean` or `global_mean`.
    pub pool_type: String,
    /// Token rows on either side of the locus.
    pub pool_radius: u32,
    /// Whether the state is scaled to length 1.
    pub normalize: bool,
}

impl PoolingConfig {
    /// The block as it stands in a commitment and in a receipt's details.
    #[must_use]
    pub fn to_json(&self) -> Json {
        Json::from([
            ("state_layer", u64::from(self.state_layer).into()),
            ("pool_type", self.pool_type.as_str().into()),
            ("pool_radius", u64::from(self.pool_radius).into()),
            ("normalize", self.normalize.into()),
        ])
    }
}

/// The number formats in which the networks ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DtypeConfig {
    /// The encoder's, for example `fp32` or `bf16`.
    pub encoder_dtype: String,
    /// The predictor's.
    pub predictor_dtype: String,
}

impl DtypeConfig {
    /// The block as it stands in a commitment and in a receipt's details.
    #[must_use]
    pub fn to_json(&self) -> Json {
        Json::from([
            ("encoder_dtype", self.encoder_dtype.as_str().into()),
            ("predictor_dtype", self.predictor_dtype.as_str().into()),
        ])
    }
}

/// Everything that decides a score beside the model itself.
#[derive(Debug, Clone, Copy)]
pub struct InputCommitment<'a> {
    /// The reference window as the encoder saw it, in full.
    pub reference_window: &'a str,
    /// The edit, in genome coordinates.
    pub edit: &'a EditSpec,
    /// How states were pooled.
    pub pooling: &'a PoolingConfig,
    /// The number formats.
    pub dtype: &'a DtypeConfig,
}

impl InputCommitment<'_> {
    /// The commitment: the hash of the canonical JSON of all four parts.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when the window, the pool type or a number format is empty.
    ///
    /// ```
    /// use genolewm_core::provenance::{DtypeConfig, InputCommitment, PoolingConfig};
    /// let commitment = InputCommitment {
    ///     reference_window: "ACGT",
    ///     edit: &"chr1:2:C:T".parse()?,
    ///     pooling: &PoolingConfig {
    ///         state_layer: 3,
    ///         pool_type: "centered_mean".into(),
    ///         pool_radius: 8,
    ///         normalize: true,
    ///     },
    ///     dtype: &DtypeConfig { encoder_dtype: "fp32".into(), predictor_dtype: "fp32".into() },
    /// };
    /// assert!(commitment.commitment()?.starts_with("sha256:"));
    /// # Ok::<(), genolewm_core::Error>(())
    /// ```
    pub fn commitment(&self) -> Result<String> {
        for (name, text) in [
            ("reference_window", self.reference_window),
            ("pool_type", &self.pooling.pool_type),
            ("encoder_dtype", &self.dtype.encoder_dtype),
            ("predictor_dtype", &self.dtype.predictor_dtype),
        ] {
            if text.is_empty() {
                return Err(Error::input(format!("{name} is empty")));
            }
        }
        Json::from([
            ("reference_window", self.reference_window.into()),
            ("edit_spec", edit_json(self.edit)),
            ("pooling_config", self.pooling.to_json()),
            ("dtype_config", self.dtype.to_json()),
            ("version", COMMITMENT_VERSION.into()),
        ])
        .sha256()
    }
}

fn edit_json(edit: &EditSpec) -> Json {
    Json::from([
        ("chrom", edit.chrom().into()),
        ("pos", edit.pos().get().into()),
        ("ref", edit.reference().into()),
        ("alt", edit.alternate().into()),
        (
            "edit_type",
            Json::Integer(edit.edit_type().index().to_string()),
        ),
    ])
}
