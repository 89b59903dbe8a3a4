//! Receipts against each other: with one made anew, and with their neighbours in a file.

use super::{
    Json, MODEL_FILES_DETAIL, Receipt, ReceiptBuilder, ReceiptScope, RuntimeFiles, is_rfc3339_utc,
};
use crate::error::Location;
use crate::{Error, ErrorCode, Result};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A field that both receipts have, with two values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptDifference {
    /// Its place, for example `provenance.details.pooling_config.state_layer`.
    pub field: String,
    /// What the receipt says, as JSON.
    pub receipt: String,
    /// What the one made anew says.
    pub anew: String,
}

impl ReceiptDifference {
    /// The error that a receipt with this difference is.
    #[must_use]
    pub fn error(&self) -> Error {
        let code = match self.field.split('.').next().unwrap_or_default() {
            "model_id" | "calibration_hash" => ErrorCode::ProvenanceManifestHashMismatch,
            "output" | "output_commitment" => ErrorCode::ProvenanceOutputCommitmentMismatch,
            "runtime" | "timestamp" => ErrorCode::ProvenanceGeneric,
            _ => ErrorCode::ProvenanceInputCommitmentMismatch,
        };
        Error::new(
            code,
            format!("the receipt has another {} than one made anew", self.field),
        )
        .with_detail("field", &self.field)
        .with_detail("receipt", &self.receipt)
        .with_detail("made anew", &self.anew)
        .with_remedy("the receipt was altered, or is for another input, model or machine")
    }
}

/// A receipt beside one that was made anew for the same input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiptComparison {
    /// Fields of which both have another value.
    pub differences: Vec<ReceiptDifference>,
    /// Fields that only the receipt has: nothing to compare them with.
    pub only_in_receipt: Vec<String>,
    /// Fields that the receipt lacks.
    pub only_anew: Vec<String>,
}

/// Compares every field of two receipts, as they are written.
///
/// # Errors
/// `INPUT.GENERIC` when a figure is not finite.
pub fn compare_receipts(receipt: &Receipt, anew: &Receipt) -> Result<ReceiptComparison> {
    let [mut ours, mut fresh] = [BTreeMap::new(), BTreeMap::new()];
    flatten("", &receipt.to_json(), &mut ours)?;
    flatten("", &anew.to_json(), &mut fresh)?;
    let mut comparison = ReceiptComparison::default();
    for (field, value) in &ours {
        match fresh.get(field) {
            None => comparison.only_in_receipt.push(field.clone()),
            Some(other) if other != value => comparison.differences.push(ReceiptDifference {
                field: field.clone(),
                receipt: value.clone(),
                anew: other.clone(),
            }),
            Some(_) => {}
        }
    }
    let lacking = fresh.keys().filter(|field| !ours.contains_key(*field));
    comparison.only_anew = lacking.cloned().collect();
    Ok(comparison)
}

/// Every value that is no object, under its path.
pub(super) fn flatten(path: &str, value: &Json, into: &mut BTreeMap<String, String>) -> Result<()> {
    let Some(members) = value.as_object() else {
        into.insert(path.to_string(), value.canonical()?);
        return Ok(());
    };
    for (key, value) in members {
        let place = match path {
            "" => key.clone(),
            _ => format!("{path}.{key}"),
        };
        flatten(&place, value, into)?;
    }
    Ok(())
}

/// Checks what a receipt says of the model and its settings against those of `builder`: files,
/// layer, pooling and number formats. Returns what it does not say.
///
/// # Errors
/// `PROVENANCE.MANIFEST_HASH_MISMATCH`, naming the files, when the model has others;
/// `PROVENANCE.INPUT_COMMITMENT_MISMATCH` for other settings.
pub fn check_settings(receipt: &Receipt, builder: &ReceiptBuilder) -> Result<Vec<String>> {
    let mut unsaid = Vec::new();
    for (key, wanted) in builder.settings() {
        let Some(found) = receipt.detail(key) else {
            unsaid.push(key.clone());
            continue;
        };
        if found == wanted {
            continue;
        }
        if key == MODEL_FILES_DETAIL {
            check_files(receipt, found, wanted)?;
            continue;
        }
        return Err(ReceiptDifference {
            field: format!("provenance.details.{key}"),
            receipt: found.canonical()?,
            anew: wanted.canonical()?,
        }
        .error());
    }
    Ok(unsaid)
}

/// The files must be the same. A receipt that calls them sealed needs a seal; one that was made before
/// they were sealed claims less than is true.
fn check_files(receipt: &Receipt, found: &Json, wanted: &Json) -> Result<()> {
    let found = RuntimeFiles::from_json(found, &receipt.model_id)?;
    let wanted = RuntimeFiles::from_json(wanted, &receipt.model_id)?;
    let names = found.differences(&wanted).join(", ");
    let error = |message: String| {
        Error::new(ErrorCode::ProvenanceManifestHashMismatch, message).with_remedy(
            "give the model directory that made the receipt, with every file as it was",
        )
    };
    match names.as_str() {
        "" if found.sealed && !wanted.sealed => Err(error(
            "the receipt was made with a sealed model, and this one has no seal.json".to_string(),
        )),
        "" => Ok(()),
        names => {
            Err(error(format!("the receipt was made with another {names}"))
                .with_detail("file", names))
        }
    }
}

/// Checks that the receipts of a file are numbered 1, 2, 3 and so on, and from 1 again where those of another
/// file follow. Returns how many such files there are; 0 where they have no numbers, or there is but one receipt.
/// Files may share receipts: people have alleles in common. One whose receipts are all those of another is a copy.
///
/// # Errors
/// `PROVENANCE.GENERIC`, with the line, for one that is missing, twice there, out of order or not
/// numbered as the others are.
pub fn check_row_numbers(receipts: &[(u64, Receipt)], name: &str) -> Result<usize> {
    let number = |receipt: &Receipt| match receipt.scope() {
        Some(ReceiptScope::VcfRow { row_index }) => Some(row_index),
        _ => None,
    };
    if receipts.len() < 2
        || receipts
            .iter()
            .all(|(_, receipt)| receipt.detail("scope").is_none())
    {
        return Ok(0);
    }
    let refused = |index: usize, wanted: u64| {
        let (line, found) = receipts
            .get(index)
            .map_or((0, None), |(line, receipt)| (*line, number(receipt)));
        let message = match found {
            Some(found) if found < wanted => format!("receipt {found} is here a second time"),
            Some(_) => format!("receipt {wanted} is missing"),
            None => "this receipt has no number among others that have".to_string(),
        };
        let found = found.map_or_else(|| "none".to_string(), |found| found.to_string());
        Error::new(ErrorCode::ProvenanceGeneric, message)
            .with_detail("row_index", found)
            .with_detail("expected", wanted)
            .with_remedy("give the file of receipts as it was written, all lines in their order")
            .at(Location::line(name, line))
    };
    let (mut begun, mut last) = (Vec::new(), 0);
    for (index, (_, receipt)) in receipts.iter().enumerate() {
        last = match number(receipt) {
            Some(1) => {
                begun.push((index, last + 1));
                1
            }
            found if found == Some(last + 1) => last + 1,
            _ => return Err(refused(index, last + 1)),
        };
    }
    match copied(receipts, &begun) {
        Some((index, wanted)) => Err(refused(index, wanted)),
        None => Ok(begun.len()),
    }
}

/// The first file, by where it begins, that has the receipts of one before it, as far as both go; each with
/// the number that would have followed there.
fn copied(receipts: &[(u64, Receipt)], begun: &[(usize, u64)]) -> Option<(usize, u64)> {
    let ends = begun.iter().skip(1).map(|(index, _)| *index);
    let files = begun.iter().zip(ends.chain([receipts.len()]));
    let mut before: BTreeMap<&str, Vec<&[(u64, Receipt)]>> = BTreeMap::new();
    for (&(index, wanted), end) in files {
        let file = receipts.get(index..end)?;
        let alike = before
            .entry(&file.first()?.1.output_commitment)
            .or_default();
        let is_same = |other: &&[(u64, Receipt)]| {
            let mut pairs = file.iter().zip(other.iter());
            pairs.all(|((_, ours), (_, theirs))| ours == theirs)
        };
        if alike.iter().any(is_same) {
            return Some((index, wanted));
        }
        alike.push(file);
    }
    None
}

/// Checks that a receipt's date is one, and not after `now`, which has the same form. More cannot be
/// known of it.
///
/// # Errors
/// `PROVENANCE.GENERIC` for a date that is none or in the future.
pub fn check_date(receipt: &Receipt, now: Option<&str>) -> Result<()> {
    let date = receipt.timestamp.as_str();
    let message = match now {
        _ if !is_rfc3339_utc(date) => "the receipt's date is none",
        Some(now) if date > now => "the receipt's date lies in the future",
        _ => return Ok(()),
    };
    Err(Error::new(ErrorCode::ProvenanceGeneric, message)
        .with_detail("timestamp", date)
        .with_remedy("check the clock of this machine; else the receipt was altered"))
}
