//! Do receipts hold?

use crate::js_error::{JsResult, json};
use crate::model::Model;
use genolewm::info::ModelInfo;
use genolewm::scorer::ScoredBy;
use genolewm_core::provenance::{
    MODEL_FILES_DETAIL, Receipt, ReceiptBuilder, check_date, check_row_numbers, check_settings,
    rfc3339_utc, verify_receipt,
};
use genolewm_core::{Error, Result};
use serde::Serialize;
use serde_json::Value;
use wasm_bindgen::prelude::*;

/// How much a clock may be off before a date counts as in the future.
const CLOCK_SECONDS: u64 = 24 * 60 * 60;
/// Faults that are listed.
const MOST_FAULTS: usize = 20;

#[derive(Serialize)]
struct ReceiptVerdict {
    count: usize,
    ok: bool,
    checks: Vec<Check>,
    #[serde(rename = "notChecked")]
    not_checked: Vec<&'static str>,
    receipt: Option<Value>,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    message: String,
}

/// Checks one receipt, or one on each line, against a loaded model; a verdict as JSON.
///
/// # Errors
/// `INPUT.*` and `PROVENANCE.*` for what is no receipt.
#[wasm_bindgen(js_name = verifyReceipts)]
pub fn verify_receipts(text: &[u8], model: &Model) -> JsResult<String> {
    let now = rfc3339_utc((js_sys::Date::now() / 1000.0) as u64 + CLOCK_SECONDS);
    let info = &model.info;
    let receipts = Receipt::parse_all(text, "the receipt")?;
    // Nothing of the device is compared.
    let builder = ScoredBy {
        backend: "none".to_owned(),
        device: "none".to_owned(),
    }
    .receipts(info)?;
    let mut checks = vec![Check {
        name: "layout",
        ok: true,
        message: format!("{} is well formed", counted(receipts.len())),
    }];
    let fault = |error: &Error, line: u64| Check {
        name: "receipt",
        ok: false,
        message: format!("line {line}: {}", error.message()),
    };
    let mut names_files = true;
    let mut faults = Vec::new();
    for (line, receipt) in &receipts {
        match check(receipt, info, &builder, &now) {
            Ok(unsaid) => names_files &= !unsaid.iter().any(|key| key == MODEL_FILES_DETAIL),
            Err(error) => faults.push(fault(&error, *line)),
        }
        if faults.len() == MOST_FAULTS {
            break;
        }
    }
    let numbered = check_row_numbers(&receipts, "the receipt").unwrap_or_else(|error| {
        let line = error.location().and_then(|place| place.line);
        faults.push(fault(&error, line.unwrap_or(1)));
        false
    });
    let ok = faults.is_empty();
    match ok {
        true => checks.extend(passed(names_files, numbered)),
        false => checks.extend(faults),
    }
    let receipt = receipts.first().map(|(_, receipt)| receipt.to_json_line());
    let receipt = receipt.transpose()?;
    json(&ReceiptVerdict {
        count: receipts.len(),
        ok,
        checks,
        not_checked: not_checked(names_files, numbered),
        receipt: receipt.and_then(|line| serde_json::from_str(&line).ok()),
    })
}

/// Checks one receipt; returns which settings it does not name.
fn check(
    receipt: &Receipt,
    info: &ModelInfo,
    builder: &ReceiptBuilder,
    now: &str,
) -> Result<Vec<String>> {
    verify_receipt(receipt, &info.manifest, None)?;
    check_date(receipt, Some(now))?;
    check_settings(receipt, builder)
}

fn passed(names_files: bool, numbered: bool) -> Vec<Check> {
    let checks = [
        (
            "model",
            true,
            "names this model: the manifest's hash agrees",
        ),
        (
            "files",
            names_files,
            "made with this model's configuration and tokenizer files: their hashes agree",
        ),
        (
            "output",
            true,
            "the figures are those that were written: their hash agrees",
        ),
        (
            "calibration",
            true,
            "names this model's calibration table: its hash agrees",
        ),
        (
            "rows",
            numbered,
            "numbered from 1 without a gap: none is missing before the last, doubled or moved",
        ),
    ];
    let said = checks.into_iter().filter(|(_, said, _)| *said);
    said.map(|(name, _, message)| Check {
        name,
        ok: true,
        message: message.to_owned(),
    })
    .collect()
}

/// What nobody may take for checked.
fn not_checked(names_files: bool, numbered: bool) -> Vec<&'static str> {
    let all = [
        (
            true,
            "whether the model gives these figures: `genolewm verify --rerun` computes them again",
        ),
        (
            true,
            "for which variant and window it was made: a receipt holds their hash alone",
        ),
        (
            true,
            "the context, its confidence, the backend and the device",
        ),
        (true, "the date, but that it is one and not in the future"),
        (
            !names_files,
            "the encoder's configuration and tokenizer: the receipt names no files",
        ),
        (numbered, "whether receipts are missing after the last one"),
    ];
    let unchecked = all.into_iter().filter(|(unchecked, _)| *unchecked);
    unchecked.map(|(_, what)| what).collect()
}

fn counted(count: usize) -> String {
    match count {
        1 => "1 receipt".to_owned(),
        count => format!("{count} receipts, each"),
    }
}
