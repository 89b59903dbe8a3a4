//! The reading side: records in, sites into batches.

use super::scoring::Scoring;
use super::transact;
use genolewm_model::scorer::{Builds, LOOK_AHEAD, RefCheck, Regions, SAMPLE, Site, Tally};
use genolewm_shared::reference::{AnyReference, Pages, Reference};
use genolewm_shared::source::{Feed, VariantReader, VariantRecord, is_starved};
use genolewm_shared::{Error, ErrorCode, Result};
use std::collections::VecDeque;

/// Text of records that is read ahead at most: lines of many samples are long.
const HELD_BYTES: usize = 16 << 20;

/// What came of one step.
pub(super) enum Next {
    /// Something was read, and there may be more.
    Added,
    /// More of the input must come first.
    Starved,
    /// All of the input is in batches.
    End,
}

/// How far the reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Opening,
    /// The first records are compared with the reference and held.
    Sampling,
    Scoring,
}

/// Reads records, compares a sample of them with the reference, and hands on those inside the
/// regions.
#[derive(Debug)]
pub(super) struct Reading {
    feed: Feed,
    regions: Option<Regions>,
    reference_name: String,
    phase: Phase,
    reader: Option<VariantReader>,
    builds: Builds,
    check: RefCheck,
    held: VecDeque<Result<VariantRecord>>,
    held_bytes: usize,
    /// The record that the reference has not answered for yet.
    pending: Option<VariantRecord>,
    tally: Tally,
}

impl Reading {
    pub(super) fn new(feed: Feed, regions: Option<Regions>, reference_name: &str) -> Self {
        Self {
            feed,
            regions,
            reference_name: reference_name.to_owned(),
            phase: Phase::Opening,
            reader: None,
            builds: Builds::default(),
            check: RefCheck::default(),
            held: VecDeque::new(),
            held_bytes: 0,
            pending: None,
            tally: Tally::default(),
        }
    }

    /// One step. After an error that the reference's missing bytes caused, the step can be repeated.
    pub(super) fn advance(
        &mut self,
        reference: &mut Reference<AnyReference<Pages>>,
        scoring: &mut Scoring,
    ) -> Result<Next> {
        match self.phase {
            Phase::Opening => self.open(reference),
            Phase::Sampling => self.sample(reference),
            Phase::Scoring => self.hand_on(reference, scoring),
        }
    }

    /// Records that were read, by what became of them before scoring.
    pub(super) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The header lines of the input, once they were read.
    pub(super) fn header(&self) -> Option<&[String]> {
        self.reader.as_ref().map(VariantReader::header)
    }

    /// What is odd; with the likely cause when `nothing` could be scored.
    pub(super) fn warnings(&self, nothing: bool) -> Vec<String> {
        let reader = self.reader.iter().flat_map(VariantReader::warnings);
        let mut warnings: Vec<String> = reader.map(|warning| warning.message).collect();
        if nothing && self.tally.records > self.tally.outside {
            warnings.push(self.check.why_nothing(&self.builds).to_string());
        }
        warnings
    }

    fn open(&mut self, reference: &Reference<AnyReference<Pages>>) -> Result<Next> {
        match self.feed.open() {
            Ok(reader) => {
                self.builds = Builds::new(reader.assembly(), reference, &self.reference_name);
                self.reader = Some(reader);
                self.phase = Phase::Sampling;
                Ok(Next::Added)
            }
            Err(error) if is_starved(&error) => Ok(Next::Starved),
            Err(error) => Err(error),
        }
    }

    fn sample(&mut self, reference: &mut Reference<AnyReference<Pages>>) -> Result<Next> {
        let enough = self.check.compared() >= SAMPLE
            || self.held.len() >= LOOK_AHEAD
            || self.held_bytes >= HELD_BYTES;
        let record = match self.pending.take() {
            Some(record) => Some(record),
            None if enough => None,
            None => match self.next_record() {
                Ok(record) => record,
                Err(error) if is_starved(&error) => return Ok(Next::Starved),
                Err(error) => {
                    let last = error.code() != ErrorCode::InputVcfParse;
                    self.held.push_back(Err(error));
                    if !last {
                        return Ok(Next::Added);
                    }
                    None
                }
            },
        };
        let Some(record) = record else {
            self.check.verdict(&self.builds)?;
            self.phase = Phase::Scoring;
            return Ok(Next::Added);
        };
        if self.is_inside(&record)
            && let Err(error) = transact(&mut self.check, |check| check.observe(&record, reference))
        {
            self.pending = Some(record);
            return Err(error);
        }
        self.held_bytes += record.raw.as_ref().map_or(0, String::len);
        self.held.push_back(Ok(record));
        Ok(Next::Added)
    }

    fn hand_on(
        &mut self,
        reference: &mut Reference<AnyReference<Pages>>,
        scoring: &mut Scoring,
    ) -> Result<Next> {
        if let Some(record) = self.pending.take() {
            return self.place(record, reference, scoring);
        }
        let seen = !self.held.is_empty();
        let record = match self.held.pop_front() {
            Some(record) => record.map(Some),
            None => self.next_record(),
        };
        let record = match record {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(Next::End),
            Err(error) if is_starved(&error) => return Ok(Next::Starved),
            Err(error) if error.code() == ErrorCode::InputVcfParse => {
                self.tally.malformed += 1;
                scoring.add_malformed(error)?;
                return Ok(Next::Added);
            }
            Err(error) => return Err(error),
        };
        self.tally.records += 1;
        if !self.is_inside(&record) {
            self.tally.outside += 1;
            return Ok(Next::Added);
        }
        // The sample that was read ahead may have been all on contigs that are not there.
        if !seen && self.check.compared() < SAMPLE {
            return self.check_late(record, reference, scoring);
        }
        self.place(record, reference, scoring)
    }

    fn check_late(
        &mut self,
        record: VariantRecord,
        reference: &mut Reference<AnyReference<Pages>>,
        scoring: &mut Scoring,
    ) -> Result<Next> {
        if let Err(error) = transact(&mut self.check, |check| check.observe(&record, reference)) {
            // Read as new when its bytes are there; it was counted once already.
            self.tally.records -= 1;
            self.held.push_front(Ok(record));
            return Err(error);
        }
        if self.check.compared() == SAMPLE {
            self.check.verdict(&self.builds)?;
        }
        self.place(record, reference, scoring)
    }

    fn place(
        &mut self,
        record: VariantRecord,
        reference: &mut Reference<AnyReference<Pages>>,
        scoring: &mut Scoring,
    ) -> Result<Next> {
        let site = Site::of_record(record.clone(), reference);
        let added = site.and_then(|site| scoring.add(site, reference));
        match added {
            Ok(()) => Ok(Next::Added),
            Err(error) => {
                self.pending = Some(record);
                Err(error)
            }
        }
    }

    fn is_inside(&self, record: &VariantRecord) -> bool {
        self.regions
            .as_ref()
            .is_none_or(|regions| regions.contain(record))
    }

    fn next_record(&mut self) -> Result<Option<VariantRecord>> {
        match &mut self.reader {
            Some(reader) => reader.next_record(),
            None => Err(Error::new(
                ErrorCode::InternalInvariantViolation,
                "records are read before the input is open",
            )),
        }
    }
}
