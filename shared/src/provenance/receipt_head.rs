//! What the receipts of a run say alike, apart from what each says of its own score.

use super::receipt_check::flatten;
use super::{Json, Receipt, ReceiptBuilder, ReceiptDifference};
use crate::Result;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// Details of one score.
const OF_ONE_SCORE: [&str; 4] = ["receipt_stream", "row_index", "scope", "window_start_bp"];
/// Whether a seal vouches for the model's files; no score depends on it.
const SEALED: &str = "details.model_files.sealed";

/// Model, calibration table, runtime and settings: two runs with equal ones give an allele in its window
/// equal distances.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceiptHead(Json);

impl ReceiptHead {
    /// That of a receipt.
    #[must_use]
    pub fn of(receipt: &Receipt) -> Self {
        let mut details = receipt.provenance.details.clone().unwrap_or_default();
        details.retain(|key, _| !OF_ONE_SCORE.contains(&key.as_str()));
        Self(Json::from([
            ("model_id", receipt.model_id.as_str().into()),
            ("calibration_hash", receipt.calibration_hash.as_str().into()),
            ("runtime", receipt.runtime.to_json()),
            ("details", Json::Object(details)),
        ]))
    }

    /// That of every receipt that a builder makes.
    #[must_use]
    pub fn of_builder(builder: &ReceiptBuilder) -> Self {
        Self(Json::from([
            ("model_id", builder.model_id.as_str().into()),
            ("calibration_hash", builder.calibration_hash.as_str().into()),
            ("runtime", builder.runtime.to_json()),
            ("details", Json::Object(builder.settings().clone())),
        ]))
    }

    /// Reads one that [`to_json_line`](Self::to_json_line) wrote, of the file `name`.
    ///
    /// # Errors
    /// As [`Json::parse`].
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        Json::parse(text.as_bytes(), name).map(Self)
    }

    /// The head as one line of canonical JSON.
    ///
    /// # Errors
    /// As [`Json::canonical`].
    pub fn to_json_line(&self) -> Result<String> {
        self.0.canonical()
    }

    /// The model's hash, if it names one.
    #[must_use]
    pub fn model_id(&self) -> Option<&str> {
        self.0.as_object()?.get("model_id")?.as_str()
    }

    /// What differs from the head of receipts made anew; a field that only one has is `null` in the other.
    ///
    /// # Errors
    /// As [`Json::canonical`].
    pub fn differences(&self, anew: &Self) -> Result<Vec<ReceiptDifference>> {
        let [mut ours, mut fresh] = [BTreeMap::new(), BTreeMap::new()];
        flatten("", &self.0, &mut ours)?;
        flatten("", &anew.0, &mut fresh)?;
        let absent = || String::from("null");
        let mut fields: Vec<&String> = ours.keys().chain(fresh.keys()).collect();
        fields.sort_unstable();
        fields.dedup();
        let differing = fields
            .into_iter()
            .filter(|field| *field != SEALED && ours.get(*field) != fresh.get(*field));
        let difference = |field: &String| ReceiptDifference {
            field: field.clone(),
            receipt: ours.get(field).cloned().unwrap_or_else(absent),
            anew: fresh.get(field).cloned().unwrap_or_else(absent),
        };
        Ok(differing.map(difference).collect())
    }
}
