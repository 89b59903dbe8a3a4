//! The receipt: one score, bound to the model, the input and the output that it came from.

use super::{
    DtypeConfig, InputCommitment, Json, MODEL_FILES_DETAIL, Manifest, PoolingConfig, RuntimeFiles,
    is_rfc3339_utc, is_sha256,
};
use crate::edit::EditSpec;
use crate::position::BpOffset;
use crate::{Error, ErrorCode, Result};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

/// The receipt layout that this program reads and writes.
pub const RECEIPT_SCHEMA_VERSION: &str = "1.0.0";
/// The one kind of receipt: hashes, without signature or attestation.
pub const PROVENANCE_KIND: &str = "checksum_only";
/// What `input_commitment` hashes, as receipts name it.
pub const INPUT_COMMITMENT_SCHEMA: &str = "reference_window_edit_pool_dtype_v1";
/// How receipts of a VCF are written: one line for each scored alternate allele.
pub const RECEIPT_STREAM: &str = "jsonl_per_scored_alternate_v1";
/// The release of the `geno-lewm` package whose formats and figures this program reproduces.
pub const GENO_LEWM_VERSION: &str = "0.2.1";

/// What is said about one variant.
#[derive(Debug, Clone, PartialEq)]
pub struct SurpriseResult {
    /// Distance between prediction and encoded edit, at least 0.
    pub sigma_raw: f64,
    /// Percentile of `sigma_raw` among the calibration variants of the bucket, 0..=1.
    pub sigma_calibrated: f64,
    /// The bucket that the percentile was read from.
    pub bucket_id: String,
    /// How well the bucket is filled, 0..=1.
    pub confidence: f64,
    /// Whether the bucket is too sparse to rely on.
    pub low_confidence: bool,
}

impl SurpriseResult {
    /// The hash of the output block.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when a figure is not finite.
    pub fn commitment(&self) -> Result<String> {
        self.to_json().sha256()
    }

    /// Whether another machine could have given these figures: the surprises differ by less than the
    /// share `tolerance`, and the percentiles by ten times as much at most, for one may move by several
    /// times the distance that moved it.
    #[must_use]
    pub fn is_near(&self, other: &Self, tolerance: f64) -> bool {
        let near = |a: f64, b: f64, scale: f64| (a - b).abs() <= tolerance * scale;
        near(self.sigma_raw, other.sigma_raw, other.sigma_raw.abs())
            && near(self.sigma_calibrated, other.sigma_calibrated, 10.0)
    }

    pub(super) fn to_json(&self) -> Json {
        Json::from([
            ("sigma_raw", self.sigma_raw.into()),
            ("sigma_calibrated", self.sigma_calibrated.into()),
            ("bucket_id", self.bucket_id.as_str().into()),
            ("confidence", self.confidence.into()),
            ("low_confidence", self.low_confidence.into()),
        ])
    }
}

/// What computed the score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeMetadata {
    /// The backend that ran, after any fall-back.
    pub backend: String,
    /// The device, for example `cpu/x86_64`.
    pub device: String,
    /// See [`GENO_LEWM_VERSION`].
    pub geno_lewm_version: String,
    /// The encoder's revision, from the manifest.
    pub carbon_revision: String,
}

impl RuntimeMetadata {
    /// The metadata of a run of this program with this model.
    #[must_use]
    pub fn new(backend: &str, device: &str, manifest: &Manifest) -> Self {
        Self {
            backend: backend.to_string(),
            device: device.to_string(),
            geno_lewm_version: GENO_LEWM_VERSION.to_string(),
            carbon_revision: manifest.encoder.revision.clone(),
        }
    }

    pub(super) fn to_json(&self) -> Json {
        Json::from([
            ("backend", self.backend.as_str().into()),
            ("device", self.device.as_str().into()),
            ("geno_lewm_version", self.geno_lewm_version.as_str().into()),
            ("carbon_revision", self.carbon_revision.as_str().into()),
        ])
    }
}

/// How the receipt vouches, and what else is known of the run. Details are not hashed.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceiptProvenance {
    /// [`PROVENANCE_KIND`].
    pub kind: String,
    /// Facts that help to repeat the score; readers must not refuse keys that they do not know.
    pub details: Option<BTreeMap<String, Json>>,
}

/// A receipt, version 1.0.0.
///
/// ```
/// use genolewm_core::provenance::{Receipt, SurpriseResult};
/// let output = SurpriseResult {
///     sigma_raw: 0.25,
///     sigma_calibrated: 0.9,
///     bucket_id: "*".to_owned(),
///     confidence: 1.0,
///     low_confidence: false,
/// };
/// assert!(output.commitment()?.starts_with("sha256:"));
/// let error = Receipt::parse(b"{}", "receipt.json").unwrap_err();
/// assert_eq!(error.code().as_str(), "PROVENANCE.RECEIPT_SCHEMA");
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    /// The hash of the manifest.
    pub model_id: String,
    /// The hash of window, edit, pooling and number formats (see [`InputCommitment`]).
    pub input_commitment: String,
    /// The score.
    pub output: SurpriseResult,
    /// The hash of the score.
    pub output_commitment: String,
    /// The hash of the calibration table.
    pub calibration_hash: String,
    /// What computed it.
    pub runtime: RuntimeMetadata,
    /// When, in UTC.
    pub timestamp: String,
    /// Kind and details.
    pub provenance: ReceiptProvenance,
}

impl Receipt {
    /// The receipt as one line of canonical JSON, without a line end.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when a figure is not finite.
    pub fn to_json_line(&self) -> Result<String> {
        self.to_json().canonical()
    }

    /// A detail of the run, if the receipt has it.
    #[must_use]
    pub fn detail(&self, key: &str) -> Option<&Json> {
        self.provenance.details.as_ref()?.get(key)
    }

    /// What part of the input the receipt says that it is for; `None` where it does not say.
    #[must_use]
    pub fn scope(&self) -> Option<ReceiptScope> {
        match self.detail("scope")?.as_str()? {
            "single_variant" => Some(ReceiptScope::SingleVariant),
            "vcf_row" => Some(ReceiptScope::VcfRow {
                row_index: self.detail("row_index")?.as_u64()?,
            }),
            _ => None,
        }
    }

    pub(super) fn to_json(&self) -> Json {
        let details = self
            .provenance
            .details
            .clone()
            .map_or(Json::Null, Json::Object);
        Json::from([
            ("schema_version", RECEIPT_SCHEMA_VERSION.into()),
            ("model_id", self.model_id.as_str().into()),
            ("input_commitment", self.input_commitment.as_str().into()),
            ("output", self.output.to_json()),
            ("output_commitment", self.output_commitment.as_str().into()),
            ("calibration_hash", self.calibration_hash.as_str().into()),
            ("runtime", self.runtime.to_json()),
            ("timestamp", self.timestamp.as_str().into()),
            (
                "provenance",
                Json::from([
                    ("kind", self.provenance.kind.as_str().into()),
                    ("details", details),
                ]),
            ),
        ])
    }
}

/// Which part of the input a receipt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptScope {
    /// One variant given by itself.
    SingleVariant,
    /// One scored alternate allele of a VCF.
    VcfRow {
        /// Its number among the scored alleles, from 1.
        row_index: u64,
    },
}

/// Makes the receipts of one run: what all of them share is fixed here once.
#[derive(Debug, Clone)]
pub struct ReceiptBuilder {
    pub(super) model_id: String,
    pub(super) calibration_hash: String,
    pub(super) runtime: RuntimeMetadata,
    pooling: PoolingConfig,
    dtype: DtypeConfig,
    details: BTreeMap<String, Json>,
}

impl ReceiptBuilder {
    /// A builder for scores of `manifest`'s model.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when a field of the runtime metadata is empty.
    pub fn new(
        manifest: &Manifest,
        runtime: RuntimeMetadata,
        pooling: PoolingConfig,
        dtype: DtypeConfig,
    ) -> Result<Self> {
        check_runtime(&runtime)?;
        let details = BTreeMap::from([
            ("dtype_config".to_string(), dtype.to_json()),
            (
                "input_commitment_schema".to_string(),
                INPUT_COMMITMENT_SCHEMA.into(),
            ),
            ("pooling_config".to_string(), pooling.to_json()),
        ]);
        Ok(Self {
            model_id: manifest.model_id()?,
            calibration_hash: manifest.calibration.hash.clone(),
            runtime,
            pooling,
            dtype,
            details,
        })
    }

    /// Adds a detail to every receipt, for example the annotation that was used. Keys that the
    /// layout already has keep their meaning: they are not replaced.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.details
            .entry(key.to_string())
            .or_insert_with(|| value.into());
        self
    }

    /// What every receipt of this builder says of the model and its settings.
    #[must_use]
    pub const fn settings(&self) -> &BTreeMap<String, Json> {
        &self.details
    }

    /// The hash of an edit in its reference window, as receipts have it.
    ///
    /// # Errors
    /// As [`InputCommitment::commitment`].
    pub fn input_commitment(&self, edit: &EditSpec, window: &str) -> Result<String> {
        let input = InputCommitment {
            reference_window: window,
            edit,
            pooling: &self.pooling,
            dtype: &self.dtype,
        };
        input.commitment()
    }

    /// The receipt of one score. `window` is the reference window as the encoder saw it, which
    /// starts at `window_start` of the contig; `timestamp` is UTC to the second, `…T…Z`. Details
    /// of this one score can be added to the result.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for an empty window, a figure that is not finite or a timestamp of another
    /// form.
    pub fn build(
        &self,
        output: SurpriseResult,
        edit: &EditSpec,
        window: &str,
        window_start: BpOffset,
        scope: ReceiptScope,
        timestamp: &str,
    ) -> Result<Receipt> {
        if !is_rfc3339_utc(timestamp) {
            return Err(Error::input("a timestamp is written YYYY-MM-DDThh:mm:ssZ")
                .with_detail("timestamp", timestamp));
        }
        Ok(Receipt {
            model_id: self.model_id.clone(),
            input_commitment: self.input_commitment(edit, window)?,
            output_commitment: output.commitment()?,
            output,
            calibration_hash: self.calibration_hash.clone(),
            runtime: self.runtime.clone(),
            timestamp: timestamp.to_string(),
            provenance: ReceiptProvenance {
                kind: PROVENANCE_KIND.to_string(),
                details: Some(self.details_of(window_start, scope)),
            },
        })
    }

    fn details_of(&self, window_start: BpOffset, scope: ReceiptScope) -> BTreeMap<String, Json> {
        let mut details = self.details.clone();
        let mut set = |key: &str, value: Json| details.insert(key.to_string(), value);
        set("window_start_bp", window_start.get().into());
        match scope {
            ReceiptScope::SingleVariant => {
                set("scope", "single_variant".into());
            }
            ReceiptScope::VcfRow { row_index } => {
                set("scope", "vcf_row".into());
                set("row_index", row_index.into());
                set("receipt_stream", RECEIPT_STREAM.into());
            }
        }
        details
    }
}

/// Checks a receipt against the manifest of the model that it names and, when given, the input
/// that it is said to be for. The checks run in this order, and the first that fails is reported:
/// kind, model, input, output, calibration table, and whether the list of model files has the hash
/// that stands beside it.
///
/// # Errors
/// `PROVENANCE.KIND_UNSUPPORTED`, `PROVENANCE.MANIFEST_HASH_MISMATCH` (model or calibration),
/// `PROVENANCE.INPUT_COMMITMENT_MISMATCH`, `PROVENANCE.OUTPUT_COMMITMENT_MISMATCH` or
/// `PROVENANCE.RECEIPT_SCHEMA`.
pub fn verify_receipt(
    receipt: &Receipt,
    manifest: &Manifest,
    input: Option<&InputCommitment<'_>>,
) -> Result<()> {
    if receipt.provenance.kind != PROVENANCE_KIND {
        return Err(Error::new(
            ErrorCode::ProvenanceKindUnsupported,
            format!("this program verifies receipts of kind {PROVENANCE_KIND}"),
        )
        .with_detail("kind", &receipt.provenance.kind));
    }
    let model = Mismatch {
        code: ErrorCode::ProvenanceManifestHashMismatch,
        message: "the receipt was made with another model than this manifest describes",
        remedy: "verify with the manifest.json of the model that made the receipt",
    };
    model.check(&receipt.model_id, &manifest.model_id()?)?;
    if let Some(input) = input {
        let mismatch = Mismatch {
            code: ErrorCode::ProvenanceInputCommitmentMismatch,
            message: "the receipt was made for another window, edit or setting",
            remedy: "give exactly the window, edit, pooling and number formats of the run",
        };
        mismatch.check(&receipt.input_commitment, &input.commitment()?)?;
    }
    let output = Mismatch {
        code: ErrorCode::ProvenanceOutputCommitmentMismatch,
        message: "the figures in the receipt are not the ones that were committed to",
        remedy: "the receipt was altered: ask for the original, or score again",
    };
    output.check(&receipt.output_commitment, &receipt.output.commitment()?)?;
    let calibration = Mismatch {
        code: ErrorCode::ProvenanceManifestHashMismatch,
        message: "the receipt names another calibration table than the manifest",
        remedy: "the receipt was altered: ask for the original, or score again",
    };
    calibration.check(&receipt.calibration_hash, &manifest.calibration.hash)?;
    match receipt.detail(MODEL_FILES_DETAIL) {
        Some(files) => RuntimeFiles::from_json(files, &receipt.model_id).map(|_| ()),
        None => Ok(()),
    }
}

/// What to say when a recomputed hash differs.
struct Mismatch {
    code: ErrorCode,
    message: &'static str,
    remedy: &'static str,
}

impl Mismatch {
    fn check(&self, in_receipt: &str, recomputed: &str) -> Result<()> {
        if in_receipt == recomputed {
            return Ok(());
        }
        Err(Error::new(self.code, self.message)
            .with_detail("receipt", in_receipt)
            .with_detail("recomputed", recomputed)
            .with_remedy(self.remedy))
    }
}

pub(super) fn check_runtime(runtime: &RuntimeMetadata) -> Result<()> {
    for (name, text) in [
        ("backend", &runtime.backend),
        ("device", &runtime.device),
        ("geno_lewm_version", &runtime.geno_lewm_version),
        ("carbon_revision", &runtime.carbon_revision),
    ] {
        if text.is_empty() {
            return Err(Error::input(format!("runtime.{name} is empty")));
        }
    }
    Ok(())
}

pub(super) fn check_sha256(name: &str, text: &str) -> Result<()> {
    if is_sha256(text) {
        return Ok(());
    }
    Err(Error::input(format!(
        "{name} must be sha256: and 64 lower-case hex digits"
    )))
}
