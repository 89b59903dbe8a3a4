//! Do receipts hold?

use crate::js_error::{JsResult, json};
use genolewm_core::provenance::{Manifest, Receipt, verify_receipt};
use serde::Serialize;
use serde_json::Value;
use wasm_bindgen::prelude::*;

/// Faults that are listed.
const MOST_FAULTS: usize = 20;

#[derive(Serialize)]
struct ReceiptVerdict {
    count: usize,
    ok: bool,
    checks: Vec<Check>,
    receipt: Option<Value>,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    message: String,
}

/// Checks one receipt, or one on each line, against a manifest; a verdict as JSON.
///
/// # Errors
/// `INPUT.*` and `PROVENANCE.*` for what is no receipt or no manifest.
#[wasm_bindgen(js_name = verifyReceipts)]
pub fn verify_receipts(text: &[u8], manifest: &str) -> JsResult<String> {
    let manifest = Manifest::parse(manifest.as_bytes())?;
    let receipts = Receipt::parse_all(text, "the receipt")?;
    let mut checks = vec![Check {
        name: "layout",
        ok: true,
        message: format!("{} is well formed", counted(receipts.len())),
    }];
    let faults: Vec<Check> = receipts
        .iter()
        .filter_map(|(line, receipt)| {
            let error = verify_receipt(receipt, &manifest, None).err()?;
            Some(Check {
                name: "receipt",
                ok: false,
                message: format!("line {line}: {}", error.message()),
            })
        })
        .take(MOST_FAULTS)
        .collect();
    let ok = faults.is_empty();
    if ok {
        checks.extend(passed());
    } else {
        checks.extend(faults);
    }
    let receipt = receipts.first().map(|(_, receipt)| receipt.to_json_line());
    let receipt = receipt.transpose()?;
    json(&ReceiptVerdict {
        count: receipts.len(),
        ok,
        checks,
        receipt: receipt.and_then(|line| serde_json::from_str(&line).ok()),
    })
}

fn passed() -> [Check; 3] {
    [
        ("model", "made by this model: the manifest's hash agrees"),
        (
            "output",
            "the figures are those that were written: their hash agrees",
        ),
        (
            "calibration",
            "calibrated with this model's table: its hash agrees",
        ),
    ]
    .map(|(name, message)| Check {
        name,
        ok: true,
        message: message.to_owned(),
    })
}

fn counted(count: usize) -> String {
    match count {
        1 => "1 receipt".to_owned(),
        count => format!("{count} receipts, each"),
    }
}
