//! The receipt of a plan: hashes of the model, of what was asked and of what came out.

use super::search::PlanEnds;
use super::settings::PlanSettings;
use crate::info::ModelInfo;
use crate::scorer::ScoredBy;
use genolewm_core::provenance::{
    Json, PROVENANCE_KIND, RECEIPT_SCHEMA_VERSION, RuntimeMetadata, WindowsConfig, canonical_json,
    sha256_prefixed,
};
use genolewm_core::{Error, ErrorCode, Result};
use serde_json::json;

/// What a plan's commitments are of, as its receipt names it.
const PLAN_CONTRACT: &str = "genolewm.plan.v1";

/// What a receipt is made of.
#[derive(Debug, Clone, Copy)]
pub struct PlanReceipt<'a> {
    /// The model.
    pub info: &'a ModelInfo,
    /// What predicted and encoded.
    pub by: &'a ScoredBy,
    /// The window that was edited.
    pub window: &'a str,
    /// The settings.
    pub settings: &'a PlanSettings,
    /// The states between which a way was looked for.
    pub ends: &'a PlanEnds,
    /// The report's file, byte by byte.
    pub report: &'a [u8],
}

impl PlanReceipt<'_> {
    /// One line of canonical JSON. `timestamp` is UTC to the second.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a number that JSON cannot hold.
    pub fn to_json_line(&self, timestamp: &str) -> Result<String> {
        let runtime = RuntimeMetadata::new(&self.by.backend, &self.by.device, &self.info.manifest);
        let receipts = self.by.receipts(self.info, WindowsConfig::default())?;
        let mut details = receipts.settings().clone();
        details.remove("input_commitment_schema");
        details.insert("commitment_schema".to_owned(), PLAN_CONTRACT.into());
        let receipt = Json::from([
            ("kind", "plan".into()),
            ("schema_version", RECEIPT_SCHEMA_VERSION.into()),
            ("model_id", self.info.model_id.as_str().into()),
            ("input_commitment", self.input_commitment()?.as_str().into()),
            (
                "output_commitment",
                sha256_prefixed(self.report).as_str().into(),
            ),
            ("runtime", runtime_json(&runtime)),
            ("timestamp", timestamp.into()),
            (
                "provenance",
                Json::from([
                    ("kind", PROVENANCE_KIND.into()),
                    ("details", Json::Object(details)),
                ]),
            ),
        ]);
        receipt.canonical()
    }

    /// The hash of window, states and settings.
    fn input_commitment(&self) -> Result<String> {
        let input = json!({
            "contract": PLAN_CONTRACT,
            "window": self.window,
            "initial_state": self.ends.initial,
            "target_state": self.ends.target,
            "config": self.settings.to_json(),
        });
        Ok(sha256_prefixed(canonical_json(&input)?.as_bytes()))
    }
}

fn runtime_json(runtime: &RuntimeMetadata) -> Json {
    Json::from([
        ("backend", runtime.backend.as_str().into()),
        ("device", runtime.device.as_str().into()),
        (
            "geno_lewm_version",
            runtime.geno_lewm_version.as_str().into(),
        ),
        ("carbon_revision", runtime.carbon_revision.as_str().into()),
    ])
}

/// Checks that a receipt is that of a report and of a model.
///
/// # Errors
/// `PROVENANCE.RECEIPT_SCHEMA` for what is no receipt of a plan;
/// `PROVENANCE.OUTPUT_COMMITMENT_MISMATCH` for another report, and
/// `PROVENANCE.MANIFEST_HASH_MISMATCH` for another model.
pub fn verify_plan(receipt: &[u8], report: &[u8], model_id: &str) -> Result<()> {
    let schema = |message: &str| {
        Error::new(ErrorCode::ProvenanceReceiptSchema, message)
            .with_remedy("give the receipt that `genolewm plan` wrote beside its report")
    };
    let receipt = Json::parse(receipt, "the receipt")?;
    let text = |key: &str| receipt.as_object()?.get(key)?.as_str();
    if text("kind") != Some("plan") || text("schema_version") != Some(RECEIPT_SCHEMA_VERSION) {
        return Err(schema("this is no receipt of a plan"));
    }
    let pairs = [
        (
            "output_commitment",
            ErrorCode::ProvenanceOutputCommitmentMismatch,
            sha256_prefixed(report),
        ),
        (
            "model_id",
            ErrorCode::ProvenanceManifestHashMismatch,
            model_id.to_owned(),
        ),
    ];
    for (key, code, actual) in pairs {
        let expected = text(key).ok_or_else(|| schema("a receipt of a plan lacks a hash"))?;
        if expected != actual {
            return Err(Error::new(code, format!("the receipt's {key} is another"))
                .with_detail("expected", expected)
                .with_detail("actual", actual)
                .with_remedy("verify with the report and the model that the receipt is of"));
        }
    }
    Ok(())
}
