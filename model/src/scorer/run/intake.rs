//! Bytes of a file in, records to score out: the reading side of a run.
//!
//! The first records are read ahead and compared with the reference before any is handed on. An
//! array file is taken in whole and put in the reference's order: its rows stand in any.

mod ahead;

#[cfg(test)]
pub(super) use ahead::LOOK_AHEAD;

use super::step::{Need, Stop, is_malformed, need_of, or_broken, or_needs};
use super::tally::Tally;
use crate::scorer::ref_check::{Builds, RefCheck};
use crate::scorer::regions::Regions;
use genolewm_core::reference::{BaseSource, Reference};
use genolewm_core::source::{
    ArrayRows, Carriers, Feed, SourceLine, VariantReader, VariantRecord, Whose,
};
use genolewm_core::{Error, Result};
use std::collections::VecDeque;

/// Records whose reference allele is compared.
pub(super) const SAMPLE: u64 = 1_000;
/// Records in a row that are not selected, after which the caller has its turn.
const UNSELECTED: usize = 4 * 1_024;

/// Which records are scored.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Those whose POS lies in these; all where there are none.
    pub regions: Option<Regions>,
    /// Alleles of these people; in files without genotypes all.
    pub whose: Whose,
    /// Those that pass this; others count nowhere else.
    pub filter: Option<RecordFilter>,
    /// A malformed record is an error, instead of being counted.
    pub strict: bool,
    /// Which file of a ZIP archive is read, where it holds several.
    pub member: Option<String>,
}

/// A test of records against a number.
#[derive(Debug, Clone, Copy)]
pub struct RecordFilter {
    /// Whether a record passes.
    pub passes: fn(&VariantRecord, f64) -> bool,
    /// The number.
    pub least: f64,
}

/// A file of variants on its way in. Every step can be repeated after its need was met.
#[derive(Debug)]
pub struct Intake {
    feed: Feed,
    selection: Selection,
    reference_name: String,
    /// Bytes that were pushed.
    bytes: u64,
    /// Why no more can be.
    broken: Option<Error>,
    reader: Option<VariantReader>,
    carriers: Carriers,
    /// Bytes before which opening is not tried again: it starts anew each time.
    opens_at: u64,
    is_ended: bool,
    builds: Option<Builds>,
    /// What is odd about the selection.
    notes: Vec<String>,
    /// Names of the file's mitochondrion, and by which name each is looked up.
    renamed: Vec<(String, String)>,
    rows: ArrayRows,
    is_gathered: bool,
    /// The contigs of an array file, as lines of a VCF's header.
    contig_lines: Vec<SourceLine>,
    check: RefCheck,
    is_checked: bool,
    /// The first record that was not understood.
    first_malformed: Option<Error>,
    /// What was read ahead.
    held: VecDeque<Result<VariantRecord>>,
    held_bytes: usize,
    /// The record that the reference could not be compared with yet.
    unchecked: Option<VariantRecord>,
    pub(super) tally: Tally,
}

impl Intake {
    /// An intake of the file that errors call `name`; `reference_name` may tell the build.
    #[must_use]
    pub fn new(name: &str, reference_name: &str, selection: Selection) -> Self {
        Self {
            feed: Feed::new(name).with_member(selection.member.as_deref()),
            selection,
            reference_name: reference_name.to_owned(),
            bytes: 0,
            broken: None,
            reader: None,
            carriers: Carriers::default(),
            opens_at: 0,
            is_ended: false,
            builds: None,
            notes: Vec::new(),
            renamed: Vec::new(),
            rows: ArrayRows::default(),
            is_gathered: false,
            contig_lines: Vec::new(),
            check: RefCheck::default(),
            is_checked: false,
            first_malformed: None,
            held: VecDeque::new(),
            held_bytes: 0,
            unchecked: None,
            tally: Tally::default(),
        }
    }

    /// Takes the next bytes of the input.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` after its end.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        self.feed.push(bytes)
    }

    /// Says that the input is at its end.
    pub fn end(&mut self) {
        self.is_ended = true;
        self.feed.end();
    }

    /// Says that the input cannot be read any further: the error of the run, after what came before.
    pub fn fail(&mut self, error: Error) {
        self.broken = Some(error);
    }

    /// Bytes of the input that were pushed.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The reader, once the input is open: what its header says, and what is odd about it.
    #[must_use]
    pub const fn reader(&self) -> Option<&VariantReader> {
        self.reader.as_ref()
    }

    /// The samples whose alleles are scored, once the input is open.
    #[must_use]
    pub const fn carriers(&self) -> &Carriers {
        &self.carriers
    }

    /// Opens the input; `false` while it needs more bytes.
    ///
    /// # Errors
    /// As [`VariantReader::open`] and [`Carriers::new`].
    pub fn open(&mut self) -> Result<bool> {
        let opened = self.opened().map(drop);
        Ok(need_of(opened)?.is_none())
    }

    /// Compares the first records with the reference, and says what is needed for that.
    ///
    /// # Errors
    /// As [`open`](Self::open); `INPUT.WINDOW_MISMATCH` for variants of another reference.
    pub fn check<S: BaseSource>(&mut self, reference: &mut Reference<S>) -> Result<Option<Need>> {
        need_of(self.sample(reference))
    }

    /// What was counted so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Records that were compared with the reference.
    #[must_use]
    pub fn compared(&self) -> u64 {
        self.check.compared()
    }

    /// What is odd about the input, as sentences for people; with the likely cause, where records
    /// were read and nothing was scored.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let reader = self.reader.iter().flat_map(VariantReader::warnings);
        let mut warnings: Vec<String> = reader.map(|warning| warning.message).collect();
        warnings.extend(self.notes.iter().cloned());
        if self.tally.scored == 0 && self.tally.records > self.tally.outside {
            warnings.push(self.why_nothing().to_string());
        }
        warnings
    }

    /// What is odd about the selection, as sentences for people.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The header of a VCF of what is read: the input's own, or the contigs of an array file; `None`
    /// before it is known.
    #[must_use]
    pub fn header(&self) -> Option<Vec<SourceLine>> {
        let reader = self.reader.as_ref()?;
        if !reader.format().is_array() {
            return Some(reader.header().to_vec());
        }
        self.is_gathered.then(|| self.contig_lines.clone())
    }

    /// Bytes of the input behind what was handed on.
    pub(super) fn bytes_behind(&self) -> u64 {
        match self.rows.progress() {
            (_, 0) => self.bytes,
            (done, all) => (self.bytes as f64 * (done as f64 / all as f64)) as u64,
        }
    }

    /// Why nothing could be scored.
    #[must_use]
    pub fn why_nothing(&self) -> Error {
        if self.tally.records == 0
            && let Some(error) = &self.first_malformed
        {
            return error.clone();
        }
        self.tally.why_nothing().unwrap_or_else(|| {
            let builds = self.builds.clone().unwrap_or_default();
            self.check.why_nothing(&builds)
        })
    }

    /// The next record to be scored, or the error of one that was not understood; `None` at the end.
    pub(super) fn next<S: BaseSource>(
        &mut self,
        reference: &mut Reference<S>,
    ) -> Result<Option<Result<Box<VariantRecord>>>, Stop> {
        for _ in 0..UNSELECTED {
            if let Some(record) = self.unchecked.take() {
                let record = self.observe(record, reference)?;
                if self.check.compared() == SAMPLE {
                    self.verdict()?;
                }
                return Ok(Some(Ok(Box::new(record))));
            }
            let (read, was_held) = match self.held.pop_front() {
                Some(read) => (read.map(Some).map_err(Stop::Failed), true),
                None => (self.read(), false),
            };
            let record = match read {
                Ok(Some(record)) => record,
                Ok(None) => return Ok(None),
                Err(Stop::Failed(error)) if !self.selection.strict && is_malformed(&error) => {
                    self.tally.malformed += 1;
                    self.first_malformed.get_or_insert_with(|| error.clone());
                    return Ok(Some(Err(error)));
                }
                Err(stop) => return Err(stop),
            };
            if !self.selects(&record) {
                continue;
            }
            // The sample that was read ahead may have been all on contigs that are not there.
            if was_held || self.check.compared() >= SAMPLE {
                return Ok(Some(Ok(Box::new(record))));
            }
            self.unchecked = Some(record);
        }
        Err(Stop::Again)
    }

    /// Counts a record, and says whether it is to be scored.
    fn selects(&mut self, record: &VariantRecord) -> bool {
        let filter = self.selection.filter;
        if filter.is_some_and(|filter| !(filter.passes)(record, filter.least)) {
            self.tally.filtered += 1;
            return false;
        }
        self.tally.records += 1;
        let is_inside = self.is_inside(record);
        self.tally.outside += u64::from(!is_inside);
        is_inside
    }

    fn opened(&mut self) -> Result<&mut VariantReader, Stop> {
        match &mut self.reader {
            Some(reader) => Ok(reader),
            _ if self.bytes < self.opens_at && !self.is_ended && self.broken.is_none() => {
                Err(Stop::Needs(Need::Input))
            }
            none => {
                self.opens_at = 2 * self.bytes;
                let opened = or_needs(Need::Input, self.feed.open());
                let reader = or_broken(opened, self.broken.as_ref())?;
                self.carriers = Carriers::new(&reader, &self.selection.whose)?;
                Ok(none.insert(reader))
            }
        }
    }

    fn read(&mut self) -> Result<Option<VariantRecord>, Stop> {
        if self.is_gathered {
            return Ok(self.rows.take());
        }
        let mut record = self.read_on()?;
        if let Some(record) = &mut record
            && let Some((_, name)) = self.renamed.iter().find(|(old, _)| *old == record.contig)
        {
            record.contig.clone_from(name);
        }
        Ok(record)
    }

    /// The next record as the file has it.
    fn read_on(&mut self) -> Result<Option<VariantRecord>, Stop> {
        let read = self.opened()?.next_record();
        or_broken(or_needs(Need::Input, read), self.broken.as_ref())
    }

    fn is_inside(&self, record: &VariantRecord) -> bool {
        let regions = self.selection.regions.as_ref();
        regions.is_none_or(|regions| regions.contain(record))
    }
}
