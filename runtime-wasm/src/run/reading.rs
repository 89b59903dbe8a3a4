//! The reading side: records in, sites into batches.

use super::scoring::Scoring;
use super::transact;
use genolewm::scorer::{Builds, LOOK_AHEAD, PlacedSite, RefCheck, Regions, SAMPLE, Tally};
use genolewm_core::reference::{AnyReference, Pages, Reference};
use genolewm_core::source::{Feed, VariantReader, VariantRecord, is_starved};
use genolewm_core::{Error, ErrorCode, Result};
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

/// What taking a record gave.
enum Taken {
    Record(Box<VariantRecord>, Due),
    Other(Next),
}

/// How far the reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Opening,
    /// The first records are compared with the reference and held.
    Sampling,
    Scoring,
}

/// What a record still needs of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// To be compared with it, and whatever follows.
    Check,
    /// Its windows.
    Windows,
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
    pending: Option<(VariantRecord, Due)>,
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
            Some((record, _)) => Some(record),
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
            self.pending = Some((record, Due::Check));
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
        let (mut record, mut due) = match self.pending.take() {
            Some(pending) => pending,
            None => match self.take_record(scoring)? {
                Taken::Record(record, due) => (*record, due),
                Taken::Other(next) => return Ok(next),
            },
        };
        match self.answer(&mut record, &mut due, reference, scoring) {
            Ok(placed) => {
                scoring.add(placed, record);
                Ok(Next::Added)
            }
            Err(error) => {
                self.pending = Some((record, due));
                Err(error)
            }
        }
    }

    /// The next record inside the regions, counted.
    fn take_record(&mut self, scoring: &mut Scoring) -> Result<Taken> {
        let held = self.held.pop_front();
        // The sample that was read ahead may have been all on contigs that are not there.
        let due = if held.is_none() && self.check.compared() < SAMPLE {
            Due::Check
        } else {
            Due::Windows
        };
        let record = match held.map_or_else(|| self.next_record(), |record| record.map(Some)) {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(Taken::Other(Next::End)),
            Err(error) if is_starved(&error) => return Ok(Taken::Other(Next::Starved)),
            Err(error) if error.code() == ErrorCode::InputVcfParse => {
                self.tally.malformed += 1;
                scoring.add_malformed(error);
                return Ok(Taken::Other(Next::Added));
            }
            Err(error) => return Err(error),
        };
        self.tally.records += 1;
        if !self.is_inside(&record) {
            self.tally.outside += 1;
            return Ok(Taken::Other(Next::Added));
        }
        Ok(Taken::Record(Box::new(record), due))
    }

    /// Asks the reference what is due; `due` keeps how far that went.
    fn answer(
        &mut self,
        record: &mut VariantRecord,
        due: &mut Due,
        reference: &mut Reference<AnyReference<Pages>>,
        scoring: &mut Scoring,
    ) -> Result<PlacedSite> {
        if *due == Due::Check {
            transact(&mut self.check, |check| check.observe(record, reference))?;
            if self.check.compared() == SAMPLE {
                self.check.verdict(&self.builds)?;
            }
            *due = Due::Windows;
        }
        scoring.place(record, reference)
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

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm::files::Directory;
    use genolewm::info::ModelInfo;
    use genolewm_core::reference::ReferenceOpener;
    use std::fmt::Write as _;
    use std::path::Path;
    use std::rc::Rc;

    /// Further than what is cached, and all places together are more than what is kept: every few
    /// records wait for their bytes.
    const STEP_BP: usize = 70_000;
    const PLACES: usize = 140;

    fn scoring() -> Result<Scoring> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/builtin");
        let encoder = Directory(root.join("encoder"));
        let info = ModelInfo::load(&Directory(root), &encoder)?;
        Ok(Scoring::new(Rc::new(info), 32, false, false))
    }

    /// Runs over the whole input, with the reference's bytes supplied as they are wanted.
    fn run(vcf: &str, fasta: &[u8]) -> Result<(Reading, u64)> {
        let pages = Pages::with_capacity("ref.fa", fasta.len() as u64, 4);
        let supply = |error: Error| match pages.take_wanted() {
            Some((offset, length)) => {
                let offset = offset as usize;
                pages.supply(offset as u64, &fasta[offset..offset + length])
            }
            None => Err(error),
        };
        let fai = format!("big\t{0}\t5\t{0}\t{1}\n", fasta.len() - 6, fasta.len() - 5);
        let mut opener =
            ReferenceOpener::new(pages.clone(), Some(fai.into_bytes()), None, "ref.fa");
        let source = loop {
            match opener.open() {
                Ok(source) => break source,
                Err(error) => supply(error)?,
            }
        };
        let mut reference = Reference::new(source);
        let feed = Feed::new("sites.vcf");
        feed.push(vcf.as_bytes())?;
        feed.end();
        let mut reading = Reading::new(feed, None, "ref.fa");
        let mut scoring = scoring()?;
        let mut repeated = 0;
        loop {
            match reading.advance(&mut reference, &mut scoring) {
                Ok(Next::End) => return Ok((reading, repeated)),
                Ok(_) => while scoring.full_batch()?.is_some() {},
                Err(error) => {
                    supply(error)?;
                    repeated += 1;
                }
            }
        }
    }

    /// A header, `unknown` records on a contig that is not there, then records of `letter` at every
    /// step of the reference.
    fn vcf(unknown: usize, letter: char, steps: usize) -> String {
        let mut text =
            String::from("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n");
        for pos in 1..=unknown {
            let _ = writeln!(text, "nowhere\t{pos}\t.\tA\tG\t.\t.\t.");
        }
        for step in 0..steps {
            let pos = 10_000 + step % PLACES * STEP_BP + step / PLACES;
            let _ = writeln!(text, "big\t{pos}\t.\t{letter}\tG\t.\t.\t.");
        }
        text
    }

    /// One contig, all A, on one line.
    fn fasta() -> Vec<u8> {
        let bases = vec![b'A'; 20_000 + PLACES * STEP_BP];
        [b">big\n".as_slice(), &bases, b"\n"].concat()
    }

    #[test]
    fn records_that_waited_for_the_reference_are_compared_all_the_same() -> Result<()> {
        let sample = SAMPLE as usize;
        let refused = run(&vcf(LOOK_AHEAD, 'C', sample), &fasta());
        let error = refused.expect_err("the variants are of another build");
        assert_eq!(error.code(), ErrorCode::InputWindowMismatch);
        let (reading, repeated) = run(&vcf(LOOK_AHEAD, 'A', sample), &fasta())?;
        assert!(repeated > SAMPLE / 5, "only {repeated} records waited");
        assert_eq!(reading.check.compared(), SAMPLE);
        assert_eq!(reading.tally.records, (LOOK_AHEAD + sample) as u64);
        Ok(())
    }
}
