//! One pass over a file of variants, as JavaScript drives it.
//!
//! The pass itself is [`Run`] of the model crate. Here its steps become JavaScript's, its answers
//! come as numbers, and what it delivers becomes rows.

use crate::annotation::Annotation;
use crate::job::{read_answers, write_job};
use crate::js_error::{JsResult, from_json, json, misuse, object};
use crate::model::Model;
use crate::rank::Rank;
use crate::reference::{ReferenceFile, SharedReference, wanted};
use crate::rows::{Row, RowSubject, ScoreSummary};
use genolewm::format::{RunNote, vcf_header, vcf_line};
use genolewm::info::ModelInfo;
use genolewm::scorer::{
    BATCH_SIZE, Candidate, Delivery, Intake, Need, Outcome, Placer, RecordOutcome, Regions, Run,
    RunStep, ScoreOptions, ScoredBy, Selection, Windows, calibrate_all,
};
use genolewm_core::edit::AlleleForm;
use genolewm_core::provenance::{Receipt, ReceiptBuilder, rfc3339_utc};
use genolewm_core::reference::Pages;
use genolewm_core::source::Whose;
use genolewm_core::{Error, Result};
use js_sys::{Reflect, Uint8Array};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const STEP: &str = r#"/** What a run needs next. */
export type Step =
  | { kind: "input" }
  | { kind: "read"; offset: number; length: number }
  | { kind: "job"; ticket: number; bytes: Uint8Array; candidates: number }
  | { kind: "wait" }
  | { kind: "again" }
  | { kind: "done" };"#;

/// How a file is scored.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Options {
    regions: Option<String>,
    samples: Vec<String>,
    all_alleles: bool,
    member: Option<String>,
    batch_size: Option<usize>,
    receipts: bool,
    annotate: bool,
    alleles: Option<String>,
    rank: Rank,
}

/// A pass over one file.
#[wasm_bindgen(js_name = Run)]
#[derive(Debug)]
pub struct FileRun {
    run: Run,
    info: Rc<ModelInfo>,
    /// The candidates of batches that are with engines.
    sent: BTreeMap<u64, Vec<Candidate>>,
    builders: BTreeMap<Arc<ScoredBy>, ReceiptBuilder>,
    receipts: bool,
    annotate: bool,
    /// Whether annotation tells what alleles do.
    effects: bool,
    /// Nothing is left to be done.
    is_done: bool,
    alleles: AlleleForm,
    options: ScoreOptions,
    pages: Pages,
    reference: SharedReference,
}

#[wasm_bindgen(js_class = Run)]
impl FileRun {
    /// A pass over the file that errors call `name`, with the options of JSON.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for options that are none, or a reference that is not open.
    #[wasm_bindgen(constructor)]
    pub fn new(
        model: &Model,
        reference: &ReferenceFile,
        name: &str,
        options: &str,
        annotation: Option<Annotation>,
    ) -> JsResult<FileRun> {
        let options: Options = from_json(options, "the options")?;
        let selection = Selection {
            regions: options.regions.as_deref().map(Regions::parse).transpose()?,
            whose: Whose::of(options.samples, options.all_alleles),
            member: options.member,
            ..Selection::default()
        };
        let intake = Intake::new(name, reference.name(), selection);
        let batch_size = options.batch_size.unwrap_or(BATCH_SIZE.get());
        let alleles = allele_form(options.alleles.as_deref())?;
        let placer = Placer::of(&model.info).of_alleles(alleles);
        let effects = annotation.is_some();
        let placer = placer.among(annotation.map(Annotation::places));
        Ok(Self {
            run: Run::new(intake, placer, batch_size),
            info: Rc::clone(&model.info),
            sent: BTreeMap::new(),
            builders: BTreeMap::new(),
            receipts: options.receipts,
            annotate: options.annotate,
            effects,
            is_done: false,
            alleles,
            options: options.rank.options()?,
            pages: reference.pages.clone(),
            reference: reference.shared()?,
        })
    }

    /// Takes the next bytes of the input.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for compressed data that is damaged.
    pub fn push(&mut self, chunk: &[u8]) -> JsResult<()> {
        Ok(self.run.intake_mut().push(chunk)?)
    }

    /// Says that the input is at its end.
    pub fn end(&mut self) {
        self.run.intake_mut().end();
    }

    /// Goes on, and says what is needed.
    ///
    /// # Errors
    /// `INPUT.*` for an input that cannot be read or belongs to another reference.
    #[wasm_bindgen(unchecked_return_type = "Step")]
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> JsResult<JsValue> {
        let next = self.run.next(&mut self.reference.borrow_mut())?;
        Ok(match next {
            RunStep::Needs(Need::Input) => step("input"),
            RunStep::Needs(Need::Reference) => {
                let want = wanted(&self.pages).ok_or_else(|| misuse("no bytes are wanted"))?;
                // The wanted range is a fresh object of ours.
                let _ = Reflect::set(&want, &"kind".into(), &"read".into());
                want
            }
            RunStep::Batch(batch) => {
                let bytes = write_job(&batch.candidates, &self.windows())?;
                let job = object([
                    ("kind", "job".into()),
                    ("ticket", (batch.ticket as f64).into()),
                    ("bytes", Uint8Array::from(bytes.as_slice()).into()),
                    ("candidates", (batch.candidates.len() as f64).into()),
                ]);
                self.sent.insert(batch.ticket, batch.candidates);
                job
            }
            RunStep::Wait => step("wait"),
            RunStep::Again => step("again"),
            RunStep::Done => {
                self.is_done = true;
                step("done")
            }
        })
    }

    /// Takes what an engine answered to a job.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` for answers that are no numbers, or too few.
    pub fn complete(
        &mut self,
        ticket: f64,
        results: &[f64],
        backend: &str,
        device: &str,
    ) -> JsResult<()> {
        let ticket = ticket as u64;
        let candidates = self.sent.get(&ticket).map_or(&[][..], Vec::as_slice);
        let answers = read_answers(results, candidates.len())?;
        let scored = calibrate_all(&self.info, &self.options, candidates, answers)?;
        let by = Arc::new(ScoredBy {
            backend: backend.to_owned(),
            device: device.to_owned(),
        });
        self.run.complete(ticket, scored, &by)?;
        self.sent.remove(&ticket);
        Ok(())
    }

    /// The rows that are finished, as a JSON array; `undefined` when there are none.
    ///
    /// # Errors
    /// `INTERNAL.*` when they cannot be written.
    #[wasm_bindgen(js_name = takeRows)]
    pub fn take_rows(&mut self) -> JsResult<Option<String>> {
        let mut rows = Vec::new();
        while let Some(delivery) = self.run.deliver() {
            match delivery {
                Delivery::Record(record) => self.record(&record, &mut rows)?,
                Delivery::Malformed { row, error } => rows.push(Row::malformed(row, &error)),
            }
        }
        (!rows.is_empty()).then(|| json(&rows)).transpose()
    }

    /// The header of the annotated VCF, as text and as bytes, once the input's was read. Lines that are
    /// not UTF-8 keep their bytes.
    #[wasm_bindgen(
        js_name = vcfHeader,
        unchecked_return_type = "{ text: string; bytes: Uint8Array } | undefined"
    )]
    #[must_use]
    pub fn vcf_header(&self) -> JsValue {
        let note = RunNote {
            command: concat!("@genolewm/runtime ", env!("CARGO_PKG_VERSION")).to_owned(),
            model_id: self.info.model_id.clone(),
            alleles: self.alleles,
            effects: self.effects,
        };
        let Some(header) = self.run.intake().header() else {
            return JsValue::UNDEFINED;
        };
        let (mut text, mut bytes) = (String::new(), Vec::new());
        for line in vcf_header(&header, &note) {
            text.extend([line.as_str(), "\n"]);
            bytes.extend_from_slice(&line.to_bytes());
            bytes.push(b'\n');
        }
        object([
            ("text", text.into()),
            ("bytes", Uint8Array::from(bytes.as_slice()).into()),
        ])
    }

    /// The accounts so far, as JSON.
    ///
    /// # Errors
    /// `INTERNAL.*` when they cannot be written.
    pub fn counts(&self) -> JsResult<String> {
        let input_bytes = self.run.progress().input_bytes;
        let model_id = &self.info.model_id;
        json(&ScoreSummary::new(self.run.tally(), input_bytes, model_id))
    }

    /// The accounts of the finished run, as JSON.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` when they do not add up.
    pub fn summary(&self) -> JsResult<String> {
        self.run.summary()?;
        self.counts()
    }

    /// What the model's figures are worth, where that must be said, and what is odd about the input, as
    /// a JSON array of sentences.
    ///
    /// # Errors
    /// `INTERNAL.*` when they cannot be written.
    pub fn warnings(&self) -> JsResult<String> {
        let mut warnings = self.options.warnings(&self.info);
        warnings.extend(self.run.intake().warnings());
        if self.is_done {
            warnings.extend(self.run.tally().agreement.warning());
        }
        json(&warnings)
    }
}

impl FileRun {
    /// Adds the rows of a record.
    fn record(&mut self, record: &RecordOutcome, rows: &mut Vec<Row>) -> Result<()> {
        let outcomes = &record.outcomes;
        let mut line = self.annotate.then(|| vcf_line(&record.record, outcomes));
        let mut receipts = match self.receipts {
            true => self.make_receipts(record)?,
            false => Vec::new(),
        }
        .into_iter();
        for (allele, outcome) in outcomes.iter().enumerate() {
            let subject = RowSubject::Allele {
                record: &record.record,
                allele,
                index: record.first_row + allele as u64,
            };
            let receipt = receipts.next().flatten();
            let row = match outcome {
                Outcome::Skipped(reason) => {
                    Row::skipped(subject, *reason, record.describe(*reason))
                }
                Outcome::Scored(scored) => Row::scored(subject, scored, receipt)?,
            };
            let carriers = self.run.intake().carriers();
            let row = row.with_zygosity(carriers.zygosity(&record.record, allele));
            rows.push(row.with_record(line.take()));
        }
        Ok(())
    }

    /// The windows that variants are read in.
    fn windows(&self) -> Windows {
        self.options.windows(&self.info.config)
    }

    /// The receipts of a record's scores.
    fn make_receipts(&mut self, record: &RecordOutcome) -> Result<Vec<Option<Receipt>>> {
        for by in &record.by {
            if !self.builders.contains_key(by) {
                let builder = by.receipts(&self.info, self.windows().noted())?;
                self.builders.insert(Arc::clone(by), builder);
            }
        }
        let known = |by: &Arc<ScoredBy>| {
            let builder = self.builders.get(by);
            builder.ok_or_else(|| Error::invariant("a device has no receipts"))
        };
        record.receipts(known, &now())
    }
}

/// The form of this name; the canonical one where none is named.
pub(crate) fn allele_form(name: Option<&str>) -> Result<AlleleForm> {
    name.map_or(Ok(AlleleForm::default()), str::parse)
}

/// The time, as receipts have it.
pub(crate) fn now() -> String {
    rfc3339_utc((js_sys::Date::now() / 1000.0) as u64)
}

fn step(kind: &str) -> JsValue {
    object([("kind", kind.into())])
}
