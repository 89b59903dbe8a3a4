//! Do receipts hold?

use crate::job::read_answers;
use crate::js_error::{JsResult, json, misuse};
use crate::model::Model;
use crate::single::Single;
use genolewm::info::ModelInfo;
use genolewm::scorer::{Candidate, ScoreOptions, ScoredBy, calibrate};
use genolewm_core::provenance::{
    InputCommitment, MODEL_FILES_DETAIL, Receipt, ReceiptBuilder, SurpriseResult, check_date,
    check_row_numbers, check_settings, rfc3339_utc, verify_receipt,
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
    json(&verdict(text, &model.info)?)
}

/// The same for one receipt and the edit that it should be of, in its window: whether it was made of
/// them and, of what an engine answered, whether the model gives its figures.
///
/// # Errors
/// As [`verify_receipts`]; `INPUT.GENERIC` for several receipts, or an edit without a window.
#[wasm_bindgen(js_name = verifyReceiptOf)]
pub fn verify_receipt_of(
    text: &[u8],
    single: &Single,
    results: Option<Vec<f64>>,
    tolerance: f64,
) -> JsResult<String> {
    let info = single.info();
    let mut verdict = verdict(text, info)?;
    let receipts = Receipt::parse_all(text, "the receipt")?;
    let [(_, receipt)] = receipts.as_slice() else {
        let message = "an input is compared with one receipt, and the file has several";
        let error = Error::input(message).with_detail("receipts", receipts.len());
        return Err(error
            .with_remedy("give the receipt of this edit by itself")
            .into());
    };
    let candidate = single.candidate()?;
    let mut checks = vec![of_input(receipt, single, &candidate)?];
    if let Some(results) = &results {
        let answer = read_answers(results, 1)?.pop();
        let answer = answer.ok_or_else(|| misuse("the answer is empty"))?;
        let options = single.options();
        let mut scored = calibrate(info, options, &candidate, answer)?;
        scored.put_in_bucket(&receipt.output.bucket_id, info, options)?;
        checks.push(of_figures(receipt, &scored.result, tolerance));
    }
    verdict.add(checks, results.is_some());
    json(&verdict)
}

/// Whether a receipt was made of this edit in this window.
fn of_input(receipt: &Receipt, single: &Single, candidate: &Candidate) -> Result<Check> {
    let noted = single.windows().noted();
    let (pooling, dtype) = (single.info().pooling(noted), single.info().dtypes());
    let commitment = InputCommitment {
        reference_window: candidate.window.sequence(),
        edit: &candidate.edit,
        pooling: &pooling,
        dtype: &dtype,
    }
    .commitment()?;
    let ok = commitment == receipt.input_commitment;
    let message = match ok {
        true => "made of this edit in this window: the input's hash agrees",
        false => "made of another edit, window or settings: the input's hash differs",
    };
    Ok(Check {
        name: "input",
        ok,
        message: message.to_owned(),
    })
}

/// Whether the model gives the receipt's figures.
fn of_figures(receipt: &Receipt, anew: &SurpriseResult, tolerance: f64) -> Check {
    let ok = anew.bucket_id == receipt.output.bucket_id && anew.is_near(&receipt.output, tolerance);
    let message = match ok {
        true => "the model gives these figures again".to_owned(),
        false => format!(
            "the model gives other figures: surprise {} and percentile {} in {}",
            anew.sigma_raw, anew.sigma_calibrated, anew.bucket_id
        ),
    };
    Check {
        name: "figures",
        ok,
        message,
    }
}

impl ReceiptVerdict {
    /// Adds what was found of the input.
    fn add(&mut self, checks: Vec<Check>, rerun: bool) {
        self.ok &= checks.iter().all(|check| check.ok);
        self.checks.extend(checks);
        self.not_checked
            .retain(|what| *what != INPUT_UNCHECKED && !(rerun && *what == FIGURES_UNCHECKED));
    }
}

fn verdict(text: &[u8], info: &ModelInfo) -> Result<ReceiptVerdict> {
    let now = rfc3339_utc((js_sys::Date::now() / 1000.0) as u64 + CLOCK_SECONDS);
    let receipts = Receipt::parse_all(text, "the receipt")?;
    // One run made all of them: the windows of the first are those of all.
    let options = match receipts.first() {
        Some((line, first)) => {
            ScoreOptions::of_receipt(first, &info.config).map_err(|error| (error, *line))
        }
        None => Ok(ScoreOptions::default()),
    };
    let (options, unfit) = match options {
        Ok(options) => (options, None),
        Err(unfit) => (ScoreOptions::default(), Some(unfit)),
    };
    let windows = options.windows(&info.config).noted();
    // Nothing of the device is compared.
    let builder = ScoredBy {
        backend: "none".to_owned(),
        device: "none".to_owned(),
    }
    .receipts(info, windows)?;
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
    faults.extend(unfit.map(|(error, line)| fault(&error, line)));
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
        0
    });
    let numbered = numbered > 0;
    let ok = faults.is_empty();
    match ok {
        true => checks.extend(passed(names_files, numbered)),
        false => checks.extend(faults),
    }
    let receipt = receipts.first().map(|(_, receipt)| receipt.to_json_line());
    let receipt = receipt.transpose()?;
    Ok(ReceiptVerdict {
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

const FIGURES_UNCHECKED: &str =
    "whether the model gives these figures: `genolewm verify --rerun` computes them again";
const INPUT_UNCHECKED: &str =
    "for which variant and window it was made: a receipt holds their hash alone";

/// What nobody may take for checked.
fn not_checked(names_files: bool, numbered: bool) -> Vec<&'static str> {
    let all = [
        (true, FIGURES_UNCHECKED),
        (true, INPUT_UNCHECKED),
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
