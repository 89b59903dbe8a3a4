//! Reading a receipt: first its shape, then its values, so that the error names the worst fault.

use super::receipt::{check_runtime, check_sha256};
use super::{
    Json, PROVENANCE_KIND, RECEIPT_SCHEMA_VERSION, Receipt, ReceiptProvenance, RuntimeMetadata,
    SurpriseResult,
};
use crate::error::Location;
use crate::limits::{MAX_HELD_BYTES, MAX_HELD_FOLD, MAX_LISTED_LINE_BYTES};
use crate::{Error, ErrorCode, Result};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

const TOP_KEYS: [&str; 9] = [
    "calibration_hash",
    "input_commitment",
    "model_id",
    "output",
    "output_commitment",
    "provenance",
    "runtime",
    "schema_version",
    "timestamp",
];
const OUTPUT_KEYS: [&str; 5] = [
    "bucket_id",
    "confidence",
    "low_confidence",
    "sigma_calibrated",
    "sigma_raw",
];
const RUNTIME_KEYS: [&str; 4] = ["backend", "carbon_revision", "device", "geno_lewm_version"];

type Members = BTreeMap<String, Json>;

impl Receipt {
    /// Reads one receipt from its text; `name` stands in errors. Nothing is lost on the way:
    /// every figure keeps its exact value.
    ///
    /// # Errors
    /// As [`parse_receipt_payload`], and `INPUT.GENERIC` for text that is not JSON.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self> {
        Self::from_json(&Json::parse(bytes, name)?)
    }

    /// Reads one receipt, or one on each line, with line numbers from 1.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), with the line.
    pub fn parse_all(bytes: &[u8], name: &str) -> Result<Vec<(u64, Self)>> {
        let lines: Vec<(u64, &[u8])> = (1..)
            .zip(bytes.split(|byte| *byte == b'\n'))
            .filter(|(_, line)| !line.trim_ascii().is_empty())
            .collect();
        // A receipt that is laid out over several lines starts with a lone brace.
        let many = lines.len() > 1
            && lines
                .first()
                .is_some_and(|(_, line)| Json::parse(line, name).is_ok());
        if !many {
            return Ok(vec![(1, Self::parse(bytes, name)?)]);
        }
        let mut left = MAX_HELD_BYTES.saturating_add(bytes.len().saturating_mul(MAX_HELD_FOLD));
        let mut parse = |line: &[u8]| {
            if line.len() > MAX_LISTED_LINE_BYTES {
                let mib = MAX_LISTED_LINE_BYTES >> 20;
                return Err(unlike(format!("a receipt is longer than {mib} MiB")));
            }
            let (receipt, held) = Json::parse_counted(line, name)?;
            left = left
                .checked_sub(held)
                .ok_or_else(|| unlike("the receipts take far more memory than text".to_string()))?;
            Self::from_json(&receipt)
        };
        let parse = |(number, line): (u64, &[u8])| match parse(line) {
            Ok(receipt) => Ok((number, receipt)),
            Err(error) => Err(error.at(Location::line(name, number))),
        };
        lines.into_iter().map(parse).collect()
    }

    /// Reads one receipt from a JSON value.
    ///
    /// # Errors
    /// As [`parse_receipt_payload`].
    pub fn from_json(payload: &Json) -> Result<Self> {
        let top = object("the receipt", payload)?;
        exact_keys("the receipt", top, &TOP_KEYS)?;
        let output = block(top, "output", &OUTPUT_KEYS)?;
        let runtime = block(top, "runtime", &RUNTIME_KEYS)?;
        let provenance = provenance_block(top)?;

        let output = parse_output(output)?;
        let runtime = parse_runtime(runtime)?;
        let provenance = parse_provenance(provenance)?;
        check_schema(top)?;
        let receipt = Self {
            model_id: hash(top, "model_id")?,
            input_commitment: hash(top, "input_commitment")?,
            output,
            output_commitment: hash(top, "output_commitment")?,
            calibration_hash: hash(top, "calibration_hash")?,
            runtime,
            timestamp: text(top, "timestamp")?,
            provenance,
        };
        Ok(receipt)
    }
}

fn unlike(message: String) -> Error {
    Error::input(message).with_remedy("give the receipts as the program wrote them, one a line")
}

/// Reads one receipt from a JSON value that was parsed elsewhere. Parsers may round long decimals;
/// [`Receipt::parse`] does not.
///
/// # Errors
/// `PROVENANCE.RECEIPT_SCHEMA` for a wrong shape or key set, `CONFIG.SCHEMA_INCOMPAT` for another
/// schema version, `INPUT.GENERIC` for a malformed value.
pub fn parse_receipt_payload(payload: &serde_json::Value) -> Result<Receipt> {
    Receipt::from_json(&Json::from(payload))
}

fn check_schema(top: &Members) -> Result<()> {
    match top.get("schema_version") {
        Some(Json::String(version)) if version == RECEIPT_SCHEMA_VERSION => Ok(()),
        _ => Err(Error::new(
            ErrorCode::ConfigSchemaIncompat,
            format!("this program reads receipts of schema {RECEIPT_SCHEMA_VERSION}"),
        )
        .with_remedy("verify with the program version that made the receipt")),
    }
}

fn parse_output(output: &Members) -> Result<SurpriseResult> {
    Ok(SurpriseResult {
        sigma_raw: number(output, "sigma_raw")?,
        sigma_calibrated: number(output, "sigma_calibrated")?,
        bucket_id: text(output, "bucket_id")?,
        confidence: number(output, "confidence")?,
        low_confidence: output
            .get("low_confidence")
            .and_then(Json::as_bool)
            .ok_or_else(|| Error::input("low_confidence must be true or false"))?,
    })
}

fn parse_runtime(runtime: &Members) -> Result<RuntimeMetadata> {
    let runtime = RuntimeMetadata {
        backend: text(runtime, "backend")?,
        device: text(runtime, "device")?,
        geno_lewm_version: text(runtime, "geno_lewm_version")?,
        carbon_revision: text(runtime, "carbon_revision")?,
    };
    check_runtime(&runtime)?;
    Ok(runtime)
}

fn provenance_block(top: &Members) -> Result<&Members> {
    let block = member_object(top, "provenance")?;
    let known = |key: &String| matches!(key.as_str(), "kind" | "details");
    let details_fit = matches!(
        block.get("details"),
        None | Some(Json::Null | Json::Object(_))
    );
    if block.contains_key("kind") && block.keys().all(known) && details_fit {
        return Ok(block);
    }
    Err(schema_error(
        "provenance must hold kind and, at most, details (an object or null)",
    ))
}

fn parse_provenance(block: &Members) -> Result<ReceiptProvenance> {
    let kind = text(block, "kind")?;
    if kind != PROVENANCE_KIND {
        return Err(Error::input("the provenance kind is not one that exists")
            .with_detail("kind", kind)
            .with_detail("supported", PROVENANCE_KIND));
    }
    let details = block.get("details").and_then(Json::as_object).cloned();
    Ok(ReceiptProvenance { kind, details })
}

fn object<'a>(name: &str, value: &'a Json) -> Result<&'a Members> {
    value
        .as_object()
        .ok_or_else(|| schema_error(&format!("{name} must be an object")))
}

fn member_object<'a>(top: &'a Members, key: &str) -> Result<&'a Members> {
    object(key, top.get(key).unwrap_or(&Json::Null))
}

fn block<'a>(top: &'a Members, key: &str, keys: &[&str]) -> Result<&'a Members> {
    let members = member_object(top, key)?;
    exact_keys(key, members, keys)?;
    Ok(members)
}

fn exact_keys(name: &str, members: &Members, keys: &[&str]) -> Result<()> {
    if let Some(missing) = keys.iter().find(|key| !members.contains_key(**key)) {
        return Err(schema_error(&format!("{name} has no {missing:?}")));
    }
    match members.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(unknown) => Err(schema_error(&format!(
            "{name} has an unknown key {unknown:?}"
        ))),
        None => Ok(()),
    }
}

fn text(members: &Members, key: &str) -> Result<String> {
    match members.get(key).and_then(Json::as_str) {
        Some(text) if !text.is_empty() => Ok(text.to_string()),
        _ => Err(Error::input(format!("{key} must be a text, and not empty"))),
    }
}

fn number(members: &Members, key: &str) -> Result<f64> {
    members
        .get(key)
        .and_then(Json::as_f64)
        .ok_or_else(|| Error::input(format!("{key} must be a finite number")))
}

fn hash(members: &Members, key: &str) -> Result<String> {
    let text = members.get(key).and_then(Json::as_str).unwrap_or_default();
    check_sha256(key, text)?;
    Ok(text.to_string())
}

fn schema_error(message: &str) -> Error {
    Error::new(ErrorCode::ProvenanceReceiptSchema, message)
        .with_remedy("give the receipt exactly as the program wrote it")
}
