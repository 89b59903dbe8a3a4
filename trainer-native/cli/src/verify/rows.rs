//! Rows of scores beside their receipts.

use genolewm_core::edit::EditSpec;
use genolewm_core::error::Location;
use genolewm_core::position::Position;
use genolewm_core::provenance::{Json, Receipt, SurpriseResult};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_train::files::read;
use std::collections::BTreeMap;
use std::path::Path;

/// One scored allele.
#[derive(Debug, Clone)]
pub(super) struct ScoredRow {
    /// The edit that was scored, canonical where the row names it.
    pub edit: EditSpec,
    /// The figures.
    pub output: SurpriseResult,
}

impl ScoredRow {
    /// Whether the receipt is this row's.
    ///
    /// # Errors
    /// `PROVENANCE.GENERIC` when it has other figures.
    pub(super) fn check(&self, receipt: &Receipt) -> Result<()> {
        if self.output == receipt.output {
            return Ok(());
        }
        Err(unmatched("the row of this receipt has other figures")
            .with_detail("row", &self.edit)
            .with_detail("sigma_raw of the row", self.output.sigma_raw)
            .with_detail("sigma_raw of the receipt", receipt.output.sigma_raw))
    }
}

/// Rows and receipts that do not belong together.
pub(super) fn unmatched(message: &str) -> Error {
    Error::new(ErrorCode::ProvenanceGeneric, message)
        .with_remedy("give the receipts and the scores of one run, both as they were written")
}

/// The scored alleles of a file, JSONL or TSV, in its order.
///
/// # Errors
/// `INPUT.GENERIC`, with the line, for what is neither; `RESOURCE.*` for a file that cannot be read.
pub(super) fn read_rows(path: &Path) -> Result<Vec<ScoredRow>> {
    let name = path.display().to_string();
    let bytes = read(path)?;
    let text = core::str::from_utf8(&bytes).map_err(|_| unreadable("not UTF-8", &name, 1))?;
    let mut lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty());
    let mut rows = Vec::new();
    if text.trim_start().starts_with('{') {
        for (number, line) in lines {
            let row = Json::parse(line.as_bytes(), &name)?;
            let row = row.as_object().and_then(of_json);
            rows.push(row.ok_or_else(|| unreadable("not a row of scores", &name, number))?);
        }
        return Ok(rows);
    }
    let header: Vec<&str> = lines
        .next()
        .map_or(Vec::new(), |(_, line)| line.split('\t').collect());
    for (number, line) in lines {
        let cells: BTreeMap<&str, &str> = header.iter().copied().zip(line.split('\t')).collect();
        if cells
            .get("status")
            .is_some_and(|status| *status != "scored")
        {
            continue;
        }
        let row = of_cells(&cells);
        rows.push(row.ok_or_else(|| unreadable("not a row of scores", &name, number))?);
    }
    Ok(rows)
}

fn of_json(row: &BTreeMap<String, Json>) -> Option<ScoredRow> {
    let text = |key: &str| row.get(key)?.as_str();
    let number = |key: &str| row.get(key)?.as_f64();
    let pos = row.get("pos").and_then(Json::as_u64);
    let low_confidence = row.get("low_confidence").and_then(Json::as_bool);
    scored_row(text, number, pos, low_confidence)
}

fn of_cells<'a>(row: &BTreeMap<&str, &'a str>) -> Option<ScoredRow> {
    let text = |key: &str| -> Option<&'a str> {
        let cell = row.get(key).copied();
        cell.filter(|cell| !cell.is_empty() && *cell != ".")
    };
    let number = |key: &str| text(key)?.parse().ok();
    let pos = text("pos").and_then(|pos| pos.parse().ok());
    let low_confidence = text("low_confidence").and_then(|low| low.parse().ok());
    scored_row(text, number, pos, low_confidence)
}

/// A row by its texts and numbers, whatever format they stand in.
fn scored_row<'a>(
    text: impl Fn(&str) -> Option<&'a str>,
    number: impl Fn(&str) -> Option<f64>,
    pos: Option<u64>,
    low_confidence: Option<bool>,
) -> Option<ScoredRow> {
    Some(ScoredRow {
        edit: match text("scored_as") {
            Some(edit) => edit.parse().ok()?,
            None => edit(text("chrom")?, pos?, text("ref")?, text("alt")?)?,
        },
        output: SurpriseResult {
            sigma_raw: number("sigma_raw")?,
            sigma_calibrated: number("sigma_calibrated")?,
            bucket_id: text("bucket_id")?.to_owned(),
            confidence: number("confidence")?,
            low_confidence: low_confidence?,
        },
    })
}

fn edit(chrom: &str, pos: u64, reference: &str, alternate: &str) -> Option<EditSpec> {
    EditSpec::new(chrom, Position::new(pos).ok()?, reference, alternate).ok()
}

fn unreadable(what: &str, name: &str, line: u64) -> Error {
    Error::input(format!("this is {what}"))
        .with_remedy("give the JSONL or TSV that `genolewm score` wrote")
        .at(Location::line(name, line))
}
