//! Rows as JavaScript gets them: one for each allele, in JSON.

use genolewm::format::{alternate, gene, given};
use genolewm::scorer::{Scored, Tally};
use genolewm_core::edit::{SkipReason, VariantSpelling};
use genolewm_core::provenance::Receipt;
use genolewm_core::source::{SourceLine, VariantRecord, Zygosity};
use genolewm_core::{Error, Result};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The reason of a record that was not understood.
pub(crate) const MALFORMED: &str = "malformed";

/// One allele; the package's types say what each member is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    status: &'static str,
    index: u64,
    line: u64,
    contig: String,
    pos: u64,
    id: Option<String>,
    #[serde(rename = "ref")]
    reference: String,
    alt: String,
    gene: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transcript: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consequence: Option<String>,
    zygosity: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    /// Where they are not those of `record` in UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    record_bytes: Option<Vec<u8>>,
    #[serde(flatten)]
    end: End,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum End {
    Scored(Box<ScoreFigures>),
    Skipped {
        reason: &'static str,
        description: Cow<'static, str>,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ScoreFigures {
    sigma_raw: f64,
    sigma_calibrated: f64,
    displacement: f64,
    bucket_id: String,
    confidence: f64,
    low_confidence: bool,
    repeat: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scored_as: Option<String>,
    window_start: u64,
    json: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<String>,
}

impl Row {
    /// An allele with a score.
    pub(crate) fn scored(
        subject: RowSubject<'_>,
        scored: &Scored,
        receipt: Option<Receipt>,
    ) -> Result<Self> {
        let result = &scored.result;
        let row = scored.row(subject.variant()?);
        let figures = ScoreFigures {
            sigma_raw: result.sigma_raw,
            sigma_calibrated: result.sigma_calibrated,
            displacement: scored.displacement,
            bucket_id: result.bucket_id.clone(),
            confidence: result.confidence,
            low_confidence: result.low_confidence,
            repeat: scored.repeat_word(),
            window_start: scored.window.start().get(),
            json: row.to_json_line()?,
            scored_as: row.scored_as.map(|edit| edit.to_string()),
            receipt: receipt.map(|receipt| receipt.to_json_line()).transpose()?,
        };
        let row = subject.row("scored", End::Scored(Box::new(figures)));
        Ok(match &scored.effect {
            None => row,
            // Of a place outside of all transcripts, the file may name a gene.
            Some(effect) => Self {
                gene: effect.gene().map(str::to_owned).or(row.gene),
                transcript: effect.transcript().map(str::to_owned),
                consequence: Some(effect.consequence()),
                ..row
            },
        })
    }

    /// An allele without a score, and why in a sentence.
    pub(crate) fn skipped(
        subject: RowSubject<'_>,
        reason: SkipReason,
        description: Cow<'static, str>,
    ) -> Self {
        let end = End::Skipped {
            reason: reason.as_str(),
            description,
        };
        subject.row("skipped", end)
    }

    /// A record that was not understood. Its text stays out: it may hold genotypes.
    pub(crate) fn malformed(index: u64, error: &Error) -> Self {
        let end = End::Skipped {
            reason: MALFORMED,
            description: error.message().to_owned().into(),
        };
        Self {
            index,
            line: error.location().and_then(|at| at.line).unwrap_or(0),
            ..Self::nowhere("skipped", end)
        }
    }

    /// A row of which nothing is known but its end.
    fn nowhere(status: &'static str, end: End) -> Self {
        Self {
            status,
            index: 0,
            line: 0,
            contig: ".".to_owned(),
            pos: 0,
            id: None,
            reference: ".".to_owned(),
            alt: ".".to_owned(),
            gene: None,
            transcript: None,
            consequence: None,
            zygosity: None,
            record: None,
            record_bytes: None,
            end,
        }
    }

    /// Adds how many copies the person has whose alleles are scored.
    pub(crate) fn with_zygosity(mut self, zygosity: Option<Zygosity>) -> Self {
        self.zygosity = zygosity.map(Zygosity::as_str);
        self
    }

    /// Adds the annotated record, with its bytes where these are not UTF-8.
    pub(crate) fn with_record(mut self, record: Option<SourceLine>) -> Self {
        let is_latin1 = record.as_ref().filter(|line| line.is_latin1());
        self.record_bytes = is_latin1.map(|line| line.to_bytes().into_owned());
        self.record = record.map(SourceLine::into_string);
        self
    }
}

/// Which allele a row is about.
#[derive(Clone, Copy)]
pub(crate) enum RowSubject<'a> {
    /// An allele of a file.
    Allele {
        record: &'a VariantRecord,
        /// Among the record's alleles.
        allele: usize,
        /// Among the file's.
        index: u64,
    },
    /// One given by itself.
    Single(&'a VariantSpelling),
}

impl RowSubject<'_> {
    /// The variant as it was given.
    fn variant(self) -> Result<VariantSpelling> {
        match self {
            Self::Allele { record, allele, .. } => given(record, allele),
            Self::Single(variant) => Ok(variant.clone()),
        }
    }

    fn row(self, status: &'static str, end: End) -> Row {
        let nowhere = Row::nowhere(status, end);
        match self {
            Self::Allele {
                record,
                allele,
                index,
            } => Row {
                index,
                line: record.line,
                contig: record.contig.clone(),
                pos: record.pos.map_or(0, |pos| pos.get()),
                id: record.id.clone(),
                reference: record.reference.clone().unwrap_or(nowhere.reference),
                alt: alternate(record, allele).to_owned(),
                gene: gene(record).map(str::to_owned),
                ..nowhere
            },
            Self::Single(variant) => Row {
                contig: variant.chrom().to_owned(),
                pos: variant.pos().get(),
                reference: variant.reference().to_owned(),
                alt: variant.alternate().to_owned(),
                ..nowhere
            },
        }
    }
}

/// The accounts of a run.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScoreSummary {
    records: u64,
    outside: u64,
    malformed: u64,
    alleles: u64,
    scored: u64,
    skipped: u64,
    reasons: BTreeMap<&'static str, u64>,
    input_bytes_done: u64,
    backends: BTreeMap<String, u64>,
    model_id: String,
}

impl ScoreSummary {
    pub(crate) fn new(tally: &Tally, input_bytes_done: u64, model_id: &str) -> Self {
        Self {
            records: tally.records,
            outside: tally.outside,
            malformed: tally.malformed,
            alleles: tally.alleles,
            scored: tally.scored,
            skipped: tally.skipped_alleles(),
            reasons: reasons(&tally.skipped),
            input_bytes_done,
            backends: tally.backends.clone(),
            model_id: model_id.to_owned(),
        }
    }
}

/// Counts by the reasons' names.
pub(crate) fn reasons(skipped: &BTreeMap<SkipReason, u64>) -> BTreeMap<&'static str, u64> {
    skipped
        .iter()
        .map(|(reason, count)| (reason.as_str(), *count))
        .collect()
}
