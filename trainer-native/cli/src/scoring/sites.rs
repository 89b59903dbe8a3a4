//! Records of the input as sites for the scorer.

use super::input::Input;
use super::place::NativeReference;
use super::skipped::SkippedFile;
use genolewm::scorer::{Builds, LOOK_AHEAD, RefCheck, Regions, SAMPLE, Site, Tally};
use genolewm_core::edit::SkipReason;
use genolewm_core::source::{AlleleOutcome, VariantRecord};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::variants::labelled;
use std::cell::RefCell;

/// Malformed records whose errors are shown.
const SHOWN_ERRORS: usize = 5;

/// What is noted of a run: by the reading side and by the writing side.
#[derive(Debug, Default)]
pub struct Account {
    /// The counts.
    pub tally: Tally,
    /// Sites that came out of the scorer.
    pub sites: u64,
    /// The first errors of malformed records.
    pub malformed: Vec<Error>,
    /// The file of skipped alleles.
    pub skipped: Option<SkippedFile>,
    /// Records without an allele as frequent as was asked for; they count nowhere else.
    pub rare: u64,
}

impl Account {
    /// Notes a site, with the reason of each allele that was skipped and not scored.
    ///
    /// # Errors
    /// When the file of skipped alleles cannot be written.
    pub fn site(
        &mut self,
        record: &VariantRecord,
        alleles: impl Iterator<Item = Option<SkipReason>>,
    ) -> Result<()> {
        self.sites += 1;
        for (index, skipped) in alleles.enumerate() {
            self.tally.allele(skipped);
            if let (Some(reason), Some(file)) = (skipped, &mut self.skipped) {
                file.allele(record, index, reason)?;
            }
        }
        Ok(())
    }

    fn malformed(&mut self, error: Error) -> Result<()> {
        self.tally.malformed += 1;
        let noted = self
            .skipped
            .as_mut()
            .map_or(Ok(()), |file| file.malformed(&error));
        if self.malformed.len() < SHOWN_ERRORS {
            self.malformed.push(error);
        }
        noted
    }
}

/// Reads records, checks a sample of them against the reference, and yields those inside the
/// regions.
#[derive(Debug)]
pub struct Sites<'a> {
    input: Input,
    reference: &'a RefCell<NativeReference>,
    account: &'a RefCell<Account>,
    regions: Option<&'a Regions>,
    builds: &'a Builds,
    check: RefCheck,
    /// Count malformed records and go on, instead of ending with their error.
    tolerant: bool,
    min_af: Option<f64>,
}

impl<'a> Sites<'a> {
    /// Sites of an input, after its first records were compared with the reference.
    ///
    /// # Errors
    /// `INPUT.WINDOW_MISMATCH` when they belong to another reference.
    pub fn open(
        mut input: Input,
        reference: &'a RefCell<NativeReference>,
        account: &'a RefCell<Account>,
        regions: Option<&'a Regions>,
        builds: &'a Builds,
        tolerant: bool,
    ) -> Result<Self> {
        let mut check = RefCheck::default();
        input.look_ahead(LOOK_AHEAD, |record| {
            if regions.is_none_or(|regions| regions.contain(record)) {
                check.observe(record, &mut reference.borrow_mut())?;
            }
            Ok(check.compared() >= SAMPLE)
        })?;
        check.verdict(builds)?;
        Ok(Self {
            input,
            reference,
            account,
            regions,
            builds,
            check,
            tolerant,
            min_af: None,
        })
    }

    /// Yields only records with an allele of this frequency or more.
    pub fn set_min_af(&mut self, min_af: Option<f64>) {
        self.min_af = min_af;
    }

    /// How the records agreed with the reference.
    #[must_use]
    pub fn check(&self) -> &RefCheck {
        &self.check
    }

    /// The input.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }

    fn next_site(&mut self) -> Result<Option<Site<VariantRecord, AlleleOutcome>>> {
        loop {
            let seen = self.input.was_seen();
            let record = match self.input.next_record() {
                Ok(Some(record)) => record,
                Ok(None) => return Ok(None),
                Err(error) if self.tolerant && error.code() == ErrorCode::InputVcfParse => {
                    self.account.borrow_mut().malformed(error)?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if self.min_af.is_some_and(|af| !has_allele(&record, af)) {
                self.account.borrow_mut().rare += 1;
                continue;
            }
            self.account.borrow_mut().tally.records += 1;
            if self
                .regions
                .is_some_and(|regions| !regions.contain(&record))
            {
                self.account.borrow_mut().tally.outside += 1;
                continue;
            }
            // The sample that was read ahead may have been all on contigs that are not there.
            if !seen && self.check.compared() < SAMPLE {
                self.check
                    .observe(&record, &mut self.reference.borrow_mut())?;
                if self.check.compared() == SAMPLE {
                    self.check.verdict(self.builds)?;
                }
            }
            return Site::of_record(record, &mut self.reference.borrow_mut()).map(Some);
        }
    }
}

/// Whether an allele of a record has this frequency or more.
fn has_allele(record: &VariantRecord, af: f64) -> bool {
    let alleles = record.alleles().into_iter().enumerate();
    alleles.into_iter().any(|(index, allele)| match allele {
        AlleleOutcome::Candidate(edit) => labelled(record, index, edit).is_at_least(af),
        AlleleOutcome::Skipped(_) => false,
    })
}

impl Iterator for Sites<'_> {
    type Item = Result<Site<VariantRecord, AlleleOutcome>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_site().transpose()
    }
}
