//! Rows of scores, in every format that `score` writes.

use genolewm::format::vcf_text;
use genolewm_core::edit::EditSpec;
use genolewm_core::error::Location;
use genolewm_core::position::Position;
use genolewm_core::provenance::{Json, Receipt};
use genolewm_core::source::{VariantReader, VariantRecord, comma_separated};
use genolewm_core::text::{of_cell, visible};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::files::lines::Lines;
use genolewm_data::shards::score_rows;
use genolewm_report::output::{io_error_at, open};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;

/// One scored allele.
#[derive(Debug, Clone)]
pub struct ScoredRow {
    /// The edit that was scored, canonical where the row names it.
    pub edit: EditSpec,
    /// `1 - cos(prediction, reference state)`, where the format has it.
    pub displacement: Option<f64>,
    figures: Figures,
}

/// The figures of a row, as far as its format holds them.
#[derive(Debug, Clone)]
struct Figures {
    sigma_raw: f64,
    sigma_calibrated: f64,
    confidence: f64,
    bucket_id: String,
    /// `None` in VCF, whose numbers have 32 bits.
    low_confidence: Option<bool>,
}

impl ScoredRow {
    /// Whether its figures have the 32 bits of a VCF's.
    #[must_use]
    pub const fn is_single(&self) -> bool {
        self.figures.low_confidence.is_none()
    }

    /// Whether the receipt is this row's.
    ///
    /// # Errors
    /// `PROVENANCE.GENERIC` when it has other figures.
    pub fn check(&self, receipt: &Receipt) -> Result<()> {
        let (row, output) = (&self.figures, &receipt.output);
        let same = |ours: f64, theirs: f64| match row.low_confidence {
            None => ours as f32 == theirs as f32,
            Some(_) => ours == theirs,
        };
        let figures = [
            ("sigma_raw", row.sigma_raw, output.sigma_raw),
            (
                "sigma_calibrated",
                row.sigma_calibrated,
                output.sigma_calibrated,
            ),
            ("confidence", row.confidence, output.confidence),
        ];
        let other = figures
            .into_iter()
            .find(|(_, ours, theirs)| !same(*ours, *theirs));
        let bucket = &output.bucket_id;
        let is_marked = row
            .low_confidence
            .is_none_or(|low| low == output.low_confidence);
        let is_placed = row.bucket_id == *bucket || row.bucket_id == visible(bucket);
        let error = match other {
            None if is_marked && is_placed => return Ok(()),
            None => unmatched("the row of this receipt has another bucket or confidence")
                .with_detail("bucket of the row", &row.bucket_id)
                .with_detail("bucket of the receipt", bucket),
            Some((name, ours, theirs)) => unmatched("the row of this receipt has other figures")
                .with_detail(&format!("{name} of the row"), ours)
                .with_detail(&format!("{name} of the receipt"), theirs),
        };
        Err(error.with_detail("row", &self.edit))
    }
}

/// Rows and receipts that do not belong together.
pub fn unmatched(message: &str) -> Error {
    Error::new(ErrorCode::ProvenanceGeneric, message)
        .with_remedy("give the receipts and the scores of one run, both as they were written")
}

/// The scored alleles of a file, in its order; its format is told by its content.
///
/// # Errors
/// As [`each_row`].
pub fn read_rows(path: &Path) -> Result<Vec<ScoredRow>> {
    let mut rows = Vec::new();
    each_row(path, &mut |row| {
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

/// What a row is handed to.
type Each<'a> = &'a mut dyn FnMut(ScoredRow) -> Result<()>;

/// What a file of the name is, by its first bytes.
pub const PARQUET: &[u8] = b"PAR1";

/// Hands on the scored alleles of a file one by one, as [`read_rows`].
///
/// # Errors
/// `INPUT.GENERIC`, with the line, for what are no scores; as the readers of its format for a file that
/// is damaged or cannot be read; what `each` returns.
pub fn each_row(path: &Path, each: Each<'_>) -> Result<()> {
    let mut file = open(path)?;
    // A pipe is read once.
    let (mut head, most) = (Vec::new(), PARQUET.len() as u64);
    let mut start = file.by_ref().take(most);
    start.read_to_end(&mut head).map_err(io_error_at(path))?;
    if head == PARQUET {
        return of_parquet(path, each);
    }
    let mut lines = Lines::of(Cursor::new(head).chain(file), path)?;
    if lines.begin_with(b"##fileformat=VCF") {
        return of_vcf(VariantReader::of_lines(lines.into_reader())?, each);
    }
    let Some(first) = next_line(&mut lines)? else {
        return Ok(());
    };
    if first.starts_with(b"{") {
        of_json(path, first, lines, each)
    } else {
        of_table(&String::from_utf8_lossy(&first), lines, each)
    }
}

/// The next line that is not blank.
///
/// # Errors
/// As [`Lines::next_bytes`].
pub fn next_line(lines: &mut Lines) -> Result<Option<Vec<u8>>> {
    while let Some(line) = lines.next_bytes()? {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.trim_ascii().is_empty() {
            return Ok(Some(line.to_vec()));
        }
    }
    Ok(None)
}

fn of_json(path: &Path, first: Vec<u8>, mut lines: Lines, each: Each<'_>) -> Result<()> {
    let name = path.display().to_string();
    let mut line = first;
    loop {
        let row = Json::parse(&line, &name).map_err(|error| lines.locate(error))?;
        let row = row.as_object().and_then(|row| {
            let text = |key: &str| Some(Cow::Borrowed(row.get(key)?.as_str()?));
            let number = |key: &str| row.get(key)?.as_f64();
            let low_confidence = row.get("low_confidence").and_then(Json::as_bool)?;
            let pos = row.get("pos").and_then(Json::as_u64);
            scored_row(text, number, pos, Some(low_confidence))
        });
        each(row.ok_or_else(|| lines.locate(unreadable()))?)?;
        line = match next_line(&mut lines)? {
            Some(line) => line,
            None => return Ok(()),
        };
    }
}

/// Rows of cells between tabs, or between commas where the header has no tab.
fn of_table(header: &str, mut lines: Lines, each: Each<'_>) -> Result<()> {
    let cells = |line: &str| -> Vec<String> {
        match header.contains('\t') {
            true => line.split('\t').map(str::to_owned).collect(),
            false => comma_separated(line)
                .into_iter()
                .map(Cow::into_owned)
                .collect(),
        }
    };
    let columns = cells(header);
    while let Some(line) = next_line(&mut lines)? {
        let row = core::str::from_utf8(&line).ok().and_then(|line| {
            let texts = cells(line).into_iter();
            let texts = texts.map(|cell| of_cell(&cell).to_owned());
            of_texts(&columns.iter().map(String::as_str).zip(texts).collect())
        });
        let row = row.ok_or_else(|| lines.locate(unreadable()))?;
        row.map_or(Ok(()), &mut *each)?;
    }
    Ok(())
}

fn of_parquet(path: &Path, each: Each<'_>) -> Result<()> {
    let name = path.display().to_string();
    for (row, number) in score_rows(path)?.zip(1..) {
        let row = of_texts(&row?);
        let row = row.ok_or_else(|| unreadable().at(Location::line(&name, number)))?;
        row.map_or(Ok(()), &mut *each)?;
    }
    Ok(())
}

/// What a row of texts by column says; `Some(None)` for an allele that was not scored.
fn of_texts(row: &BTreeMap<&str, String>) -> Option<Option<ScoredRow>> {
    if row.get("status").is_some_and(|status| status != "scored") {
        return Some(None);
    }
    let text = |key: &str| {
        let cell = row.get(key).map(String::as_str);
        let cell = cell.filter(|cell| !cell.is_empty() && *cell != ".");
        cell.map(Cow::Borrowed)
    };
    let number = |key: &str| text(key)?.parse().ok();
    let pos = text("pos").and_then(|pos| pos.parse().ok());
    let low_confidence = text("low_confidence")?.parse().ok()?;
    scored_row(text, number, pos, Some(low_confidence)).map(Some)
}

fn of_vcf(mut reader: VariantReader, each: Each<'_>) -> Result<()> {
    let name = reader.name().to_owned();
    while let Some(record) = reader.next_record()? {
        for allele in 0..record.alternates.len() {
            let row = of_record(&record, allele);
            let place = || Location::line(&name, record.line);
            let row = row.ok_or_else(|| unreadable().at(place()))?;
            row.map_or(Ok(()), &mut *each)?;
        }
    }
    Ok(())
}

/// As [`of_texts`], for an allele of a VCF.
fn of_record(record: &VariantRecord, allele: usize) -> Option<Option<ScoredRow>> {
    let alternate = record.alternates.get(allele)?;
    let value = |key: &str| {
        let value = record.info(key)?.split(',').nth(allele)?;
        Some(value).filter(|value| *value != ".")
    };
    match value("GLW_STATUS") {
        Some("scored") => {}
        Some(_) => return Some(None),
        None if alternate == "." => return Some(None),
        None => return None,
    }
    let text = |key: &str| match key {
        "chrom" => Some(Cow::Borrowed(record.contig.as_str())),
        "ref" => record.reference.as_deref().map(Cow::Borrowed),
        "alt" => Some(Cow::Borrowed(alternate.as_str())),
        // No text at all is no edit.
        "scored_as" => Some(vcf_text(value("GLW_EDIT")?).unwrap_or_default().into()),
        "bucket_id" => vcf_text(value("GLW_BUCKET")?).ok().map(Cow::Owned),
        _ => None,
    };
    let number = |key: &str| {
        let field = match key {
            "sigma_raw" => "GLW_RAW",
            "sigma_calibrated" => "GLW_PCT",
            "confidence" => "GLW_CONF",
            "displacement" => "GLW_DISP",
            _ => return None,
        };
        value(field)?.parse::<f32>().ok().map(f64::from)
    };
    let pos = record.pos.map(Position::get);
    scored_row(text, number, pos, None).map(Some)
}

/// A row by its texts and numbers, whatever format they stand in; a number that is not finite is no score.
fn scored_row<'a>(
    text: impl Fn(&str) -> Option<Cow<'a, str>>,
    number: impl Fn(&str) -> Option<f64>,
    pos: Option<u64>,
    low_confidence: Option<bool>,
) -> Option<ScoredRow> {
    let number = |key: &str| number(key).map(|number| number.is_finite().then_some(number));
    Some(ScoredRow {
        edit: match text("scored_as") {
            Some(edit) => edit.parse().ok()?,
            None => edit(&text("chrom")?, pos?, &text("ref")?, &text("alt")?)?,
        },
        displacement: match number("displacement") {
            Some(finite) => Some(finite?),
            None => None,
        },
        figures: Figures {
            sigma_raw: number("sigma_raw")??,
            sigma_calibrated: number("sigma_calibrated")??,
            confidence: number("confidence")??,
            bucket_id: text("bucket_id")?.into_owned(),
            low_confidence,
        },
    })
}

fn edit(chrom: &str, pos: u64, reference: &str, alternate: &str) -> Option<EditSpec> {
    EditSpec::new(chrom, Position::new(pos).ok()?, reference, alternate).ok()
}

fn unreadable() -> Error {
    Error::input("this is not a row of scores")
        .with_remedy("give the file that `genolewm score` wrote: JSONL, TSV, CSV, Parquet or VCF")
}
