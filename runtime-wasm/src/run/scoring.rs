//! The scoring side: batches out, answers in, rows in input order.

use super::Job;
use crate::job::{read_answers, write_job};
use crate::rows::{Counts, Place, Row};
use genolewm::format::vcf_line;
use genolewm::info::ModelInfo;
use genolewm::scorer::{
    Assembly, Batch, Candidate, InOrder, Outcome, PlacedSite, Placer, ScoreOptions, SiteOutcome,
    Tally, alleles_of, calibrate,
};
use genolewm_core::provenance::{ReceiptBuilder, ReceiptScope, RuntimeMetadata, rfc3339_utc};
use genolewm_core::reference::{BaseSource, Reference};
use genolewm_core::source::VariantRecord;
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a site is about.
#[derive(Debug)]
enum Payload {
    Record(Box<VariantRecord>),
    Malformed(Error),
}

/// A batch that was handed out.
#[derive(Debug)]
struct Sent {
    candidates: Vec<Candidate>,
    /// Bytes of the input that were read when it was handed out.
    input_bytes: u64,
    /// What answered it.
    answered_by: Option<Answerer>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Answerer {
    backend: String,
    device: String,
}

/// Batches, answers and rows of a run.
#[derive(Debug)]
pub(super) struct Scoring {
    info: Rc<ModelInfo>,
    options: ScoreOptions,
    placer: Placer,
    assembly: Assembly<Payload>,
    in_order: InOrder<Payload>,
    sent: BTreeMap<u64, Sent>,
    input_bytes: u64,
    output: Output,
}

/// What came out of a run.
#[derive(Debug)]
struct Output {
    rows: Vec<Row>,
    receipts: bool,
    annotate: bool,
    builders: BTreeMap<Answerer, ReceiptBuilder>,
    backends: BTreeMap<String, u64>,
    tally: Tally,
    sites: u64,
    next_index: u64,
    input_bytes_done: u64,
}

impl Scoring {
    pub(super) fn new(
        info: Rc<ModelInfo>,
        batch_size: usize,
        receipts: bool,
        annotate: bool,
    ) -> Self {
        let config = &info.config;
        Self {
            options: ScoreOptions {
                batch_size,
                window_bp: config.window_bp,
                ..ScoreOptions::default()
            },
            placer: Placer::new(config.window_bp, config.tile_bp),
            assembly: Assembly::new(batch_size),
            in_order: InOrder::default(),
            sent: BTreeMap::new(),
            input_bytes: 0,
            info,
            output: Output {
                rows: Vec::new(),
                receipts,
                annotate,
                builders: BTreeMap::new(),
                backends: BTreeMap::new(),
                tally: Tally::default(),
                sites: 0,
                next_index: 0,
                input_bytes_done: 0,
            },
        }
    }

    pub(super) fn model_id(&self) -> &str {
        &self.info.model_id
    }

    /// Alleles with a score so far.
    pub(super) const fn scored(&self) -> u64 {
        self.output.tally.scored
    }

    /// Notes that bytes of the input have come.
    pub(super) fn count_input(&mut self, bytes: usize) {
        self.input_bytes += bytes as u64;
    }

    /// Places a record's alleles; after an error it can be asked again.
    pub(super) fn place<S: BaseSource>(
        &mut self,
        record: &mut VariantRecord,
        reference: &mut Reference<S>,
    ) -> Result<PlacedSite> {
        let alleles = alleles_of(record, reference)?;
        PlacedSite::new(&alleles, |edit| self.placer.place(reference, edit))
    }

    /// Adds a record that was placed.
    pub(super) fn add(&mut self, placed: PlacedSite, record: VariantRecord) {
        self.assembly
            .push(placed, Payload::Record(Box::new(record)));
    }

    /// Adds a record that was not understood, in its place among the others.
    pub(super) fn add_malformed(&mut self, error: Error) {
        self.assembly
            .push(PlacedSite::without_alleles(), Payload::Malformed(error));
    }

    /// A job, if a batch is full.
    pub(super) fn full_batch(&mut self) -> Result<Option<Job>> {
        while self.assembly.is_full() {
            let batch = self.assembly.take();
            if let Some(job) = self.submit(batch)? {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    /// The job of what is left at the end of the input.
    pub(super) fn last_batch(&mut self) -> Result<Option<Job>> {
        let batch = self.assembly.take();
        if batch.is_empty() {
            return Ok(None);
        }
        self.submit(batch)
    }

    /// Whether every batch was answered.
    pub(super) fn is_idle(&self) -> bool {
        self.in_order.is_empty()
    }

    /// Takes the answers to a job.
    pub(super) fn complete(
        &mut self,
        ticket: u64,
        results: &[f64],
        backend: &str,
        device: &str,
    ) -> Result<()> {
        let Some(sent) = self.sent.get_mut(&ticket) else {
            return Err(Error::new(
                ErrorCode::InternalInvariantViolation,
                "an answer came for a batch that was not asked for",
            ));
        };
        let answers = read_answers(results, sent.candidates.len())?;
        let scores = std::mem::take(&mut sent.candidates)
            .iter()
            .zip(answers)
            .map(|(candidate, answer)| calibrate(&self.info, &self.options, candidate, answer))
            .collect::<Result<_>>()?;
        sent.answered_by = Some(Answerer {
            backend: backend.to_owned(),
            device: device.to_owned(),
        });
        self.in_order.complete(ticket, scores);
        self.flush()
    }

    /// The rows that are finished.
    pub(super) fn take_rows(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.output.rows)
    }

    /// The accounts: `read` has the records, this side the alleles.
    pub(super) fn counts(&self, read: &Tally) -> Counts {
        let tally = self.whole_tally(read);
        let output = &self.output;
        Counts::new(
            &tally,
            output.input_bytes_done,
            output.backends.clone(),
            &self.info.model_id,
        )
    }

    /// Checks that nothing went missing.
    pub(super) fn reconcile(&self, read: &Tally) -> Result<()> {
        self.whole_tally(read).reconcile(self.output.sites)
    }

    fn whole_tally(&self, read: &Tally) -> Tally {
        Tally {
            records: read.records,
            outside: read.outside,
            malformed: read.malformed,
            ..self.output.tally.clone()
        }
    }

    fn submit(&mut self, batch: Batch<Payload>) -> Result<Option<Job>> {
        let (ticket, candidates) = self.in_order.submit(batch);
        let bytes = write_job(&candidates)?;
        let job = Job {
            ticket,
            bytes,
            candidates: candidates.len(),
        };
        self.sent.insert(
            ticket,
            Sent {
                candidates,
                input_bytes: self.input_bytes,
                answered_by: None,
            },
        );
        if job.candidates == 0 {
            self.flush()?;
            return Ok(None);
        }
        Ok(Some(job))
    }

    fn flush(&mut self) -> Result<()> {
        let (sent, output, info) = (&self.sent, &mut self.output, &self.info);
        let mut last = None;
        self.in_order.flush(|ticket, site| {
            let batch = sent.get(&ticket);
            last = Some(ticket);
            output.input_bytes_done = batch.map_or(0, |batch| batch.input_bytes);
            let answered_by = batch.and_then(|batch| batch.answered_by.as_ref());
            output.take(site, answered_by, info)
        })?;
        if let Some(last) = last {
            self.sent = self.sent.split_off(&(last + 1));
        }
        Ok(())
    }
}

impl Output {
    fn take(
        &mut self,
        site: SiteOutcome<Payload>,
        answered_by: Option<&Answerer>,
        info: &ModelInfo,
    ) -> Result<()> {
        match site.payload {
            Payload::Malformed(error) => {
                let index = self.next_index();
                self.rows.push(Row::malformed(index, &error));
                Ok(())
            }
            Payload::Record(record) => {
                self.sites += 1;
                self.tally.add(&site.outcomes);
                self.record(&record, &site.outcomes, answered_by, info)
            }
        }
    }

    fn record(
        &mut self,
        record: &VariantRecord,
        outcomes: &[Outcome],
        answered_by: Option<&Answerer>,
        info: &ModelInfo,
    ) -> Result<()> {
        let mut line = self.annotate.then(|| vcf_line(record, outcomes));
        let scored_before = self.tally.scored
            - outcomes
                .iter()
                .filter(|outcome| matches!(outcome, Outcome::Scored(_)))
                .count() as u64;
        let mut row_index = scored_before;
        for (allele, outcome) in outcomes.iter().enumerate() {
            let place = Place::Allele {
                record,
                allele,
                index: self.next_index(),
            };
            let row = match outcome {
                Outcome::Skipped(reason) => Row::skipped(place, *reason),
                Outcome::Scored(scored) => {
                    row_index += 1;
                    let by = answered_by.ok_or_else(nobody)?;
                    *self.backends.entry(by.backend.clone()).or_default() += 1;
                    let receipt = if self.receipts {
                        let scope = ReceiptScope::VcfRow { row_index };
                        let builder = self.builder(by, info)?;
                        Some(scored.receipt(builder, scope, &now())?.to_json_line()?)
                    } else {
                        None
                    };
                    Row::scored(place, scored, receipt)?
                }
            };
            self.rows.push(row.with_record(line.take()));
        }
        Ok(())
    }

    /// The builder of receipts for what one device scored.
    fn builder(&mut self, by: &Answerer, info: &ModelInfo) -> Result<&ReceiptBuilder> {
        if !self.builders.contains_key(by) {
            let builder = receipt_builder(info, &by.backend, &by.device)?;
            self.builders.insert(by.clone(), builder);
        }
        self.builders.get(by).ok_or_else(nobody)
    }

    fn next_index(&mut self) -> u64 {
        self.next_index += 1;
        self.next_index - 1
    }
}

/// Makes the receipts of a model on a device.
pub(crate) fn receipt_builder(
    info: &ModelInfo,
    backend: &str,
    device: &str,
) -> Result<ReceiptBuilder> {
    let runtime = RuntimeMetadata::new(backend, device, &info.manifest);
    ReceiptBuilder::new(&info.manifest, runtime, info.pooling(), info.dtypes())
}

/// The time, as receipts have it.
pub(crate) fn now() -> String {
    rfc3339_utc((js_sys::Date::now() / 1000.0) as u64)
}

fn nobody() -> Error {
    Error::new(
        ErrorCode::InternalInvariantViolation,
        "a score has no device that made it",
    )
}
