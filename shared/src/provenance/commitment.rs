//! Commitments: what was scored as one SHA-256: window, edit, pooling and precision.

use super::Json;
use crate::edit::EditSpec;
use crate::view::Views;
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
    /// Which windows the states are of.
    pub windows: WindowsConfig,
}

/// Which windows of a variant are read, and how their distances become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowsConfig {
    /// The views of its window.
    pub views: Views,
    /// How the distances of several views become one.
    pub aggregation: String,
    /// The grid that window starts lie on; `None` for windows around their variants.
    pub window_stride_bp: Option<u64>,
}

impl Default for WindowsConfig {
    /// One window around the variant, as it is.
    fn default() -> Self {
        Self {
            views: Views::default(),
            aggregation: "mean".to_string(),
            window_stride_bp: None,
        }
    }
}

impl WindowsConfig {
    /// What stands beside a pooling in commitments and receipts: of one window around the variant
    /// nothing, as the Python package has it.
    fn members(&self) -> impl Iterator<Item = (String, Json)> {
        let views = (self.views != Views::default()).then(|| {
            let names = self.views.names().into_iter().map(Json::String);
            ("views".to_string(), Json::Array(names.collect()))
        });
        let several = self.views.as_slice().len() > 1;
        let aggregation =
            several.then(|| ("aggregation".to_string(), self.aggregation.as_str().into()));
        let stride = self
            .window_stride_bp
            .map(|bp| ("window_stride_bp".to_string(), bp.into()));
        [views, aggregation, stride].into_iter().flatten()
    }

    /// What a pooling of a receipt says of its windows.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for views that are none.
    pub fn of_pooling(pooling: Option<&Json>) -> Result<Self> {
        let plain = Self::default();
        let Some(members) = pooling.and_then(Json::as_object) else {
            return Ok(plain);
        };
        let views = match members.get("views") {
            Some(Json::Array(names)) => Views::of_names(names.iter().filter_map(Json::as_str))?,
            _ => plain.views,
        };
        let aggregation = members.get("aggregation").and_then(Json::as_str);
        Ok(Self {
            views,
            aggregation: aggregation.map_or(plain.aggregation, ToString::to_string),
            window_stride_bp: members.get("window_stride_bp").and_then(Json::as_u64),
        })
    }
}

impl PoolingConfig {
    /// The block as it stands in a commitment and in a receipt's details.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let pooling = [
            ("state_layer", u64::from(self.state_layer).into()),
            ("pool_type", self.pool_type.as_str().into()),
            ("pool_radius", u64::from(self.pool_radius).into()),
            ("normalize", self.normalize.into()),
        ];
        let pooling = pooling.map(|(key, value)| (key.to_string(), value));
        Json::Object(pooling.into_iter().chain(self.windows.members()).collect())
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
    /// use genolewm_core::provenance::{DtypeConfig, InputCommitment, PoolingConfig, WindowsConfig};
    /// let commitment = InputCommitment {
    ///     reference_window: "ACGT",
    ///     edit: &"chr1:2:C:T".parse()?,
    ///     pooling: &PoolingConfig {
    ///         state_layer: 3,
    ///         pool_type: "centered_mean".into(),
    ///         pool_radius: 8,
    ///         normalize: true,
    ///         windows: WindowsConfig::default(),
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
