//! One pass over a file of variants: reading, checking, scoring and accounting.

use super::annotation::Places;
use super::input::Input;
use super::place::{NativeReference, open_reference};
use super::progress::Progress;
use super::regions::read_regions;
use super::sites::{Account, Sites};
use crate::common::backend::NativeOps;
use genolewm::bundle::Bundle;
use genolewm::scorer::{
    Builds, Candidate, Outcome, Place, PlacedSite, Placer, Regions, RunEnd, ScoreOptions, Scorer,
    Site, SiteOutcome,
};
use genolewm_core::edit::EditSpec;
use genolewm_core::position::Interval;
use genolewm_core::source::VariantRecord;
use genolewm_core::{Error, Result};
use genolewm_train::run::StopFlag;
use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::Ordering;

/// What a pass reads, and how.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The variants.
    pub variants: &'a Path,
    /// Their reference.
    pub fasta: &'a Path,
    /// `--regions`.
    pub regions: Option<&'a str>,
    /// Batches in work at once; as many as the backend likes when `None`.
    pub threads: Option<NonZeroUsize>,
    /// Alleles in one call of the model.
    pub batch_size: NonZeroUsize,
}

/// The reference and the accounts of a pass.
#[derive(Debug)]
pub struct Session<'a> {
    request: Request<'a>,
    reference: RefCell<NativeReference>,
    regions: Option<Regions>,
    builds: Builds,
    account: RefCell<Account>,
    places: RefCell<Places>,
}

impl<'a> Session<'a> {
    /// Opens reference and variants.
    ///
    /// # Errors
    /// `INPUT.*` and `RESOURCE.*` for files that cannot be used.
    pub fn open(request: Request<'a>) -> Result<(Self, Input)> {
        let regions = request.regions.map(read_regions).transpose()?;
        let input = Input::open(request.variants)?;
        let reference = open_reference(request.fasta)?;
        let name = request.fasta.display().to_string();
        let session = Self {
            request,
            regions,
            builds: Builds::new(input.reader().assembly(), &reference, &name),
            reference: RefCell::new(reference),
            account: RefCell::new(Account::default()),
            places: RefCell::new(Places::default()),
        };
        Ok((session, input))
    }

    /// Scores count among the background of their places from now on.
    pub fn set_places(&mut self, places: Places) {
        self.places = RefCell::new(places);
    }

    /// The sites of the input, after a sample of them was compared with the reference. `tolerant`
    /// counts malformed records instead of failing.
    ///
    /// # Errors
    /// `INPUT.WINDOW_MISMATCH` when they belong to another reference.
    pub fn sites(&self, input: Input, tolerant: bool) -> Result<Sites<'_>> {
        let regions = self.regions.as_ref();
        Sites::open(
            input,
            &self.reference,
            &self.account,
            regions,
            &self.builds,
            tolerant,
        )
    }

    /// What has been counted.
    #[must_use]
    pub fn account(&self) -> &RefCell<Account> {
        &self.account
    }

    /// A scorer as the request asks for.
    #[must_use]
    pub fn scorer<O: NativeOps>(&self, ops: O, bundle: Bundle<O::Matrix>) -> Scorer<O> {
        let threads = self.request.threads.map(NonZeroUsize::get);
        let options = ScoreOptions {
            batch_size: self.request.batch_size.get(),
            threads: threads.unwrap_or_else(|| ops.workers()),
            window_bp: bundle.info.config.window_bp,
            ..ScoreOptions::default()
        };
        Scorer::new(ops, bundle, options)
    }

    /// Scores every site and hands it, with its number from 1, to `sink`.
    ///
    /// # Errors
    /// The first error of the input, the model or `sink`.
    pub fn run<O: NativeOps>(
        &self,
        scorer: &Scorer<O>,
        sites: &mut Sites<'_>,
        show_progress: bool,
        mut sink: impl FnMut(&VariantRecord, &[Outcome], u64) -> Result<()>,
    ) -> Result<RunEnd> {
        let stop = StopFlag::on_signals()?;
        let progress = Progress::new(sites.input().bytes(), show_progress);
        let bytes_read = sites.input().bytes_read();
        let config = &scorer.bundle().info.config;
        let mut placer = Placer::new(config.window_bp, config.tile_bp);
        let mut take = |SiteOutcome { payload, outcomes }: SiteOutcome<VariantRecord>| {
            let mut account = self.account.borrow_mut();
            account.site(&payload, outcomes.iter().map(Outcome::reason))?;
            let outcomes = self.places.borrow_mut().put_all(
                outcomes,
                &mut self.reference.borrow_mut(),
                &scorer.bundle().info,
                scorer.options(),
            )?;
            progress.update(bytes_read.load(Ordering::Relaxed), account.tally.scored);
            sink(&payload, &outcomes, account.sites)
        };
        let end = scorer.run(
            sites,
            |edit| placer.place(&mut self.reference.borrow_mut(), edit),
            &|| stop.is_set(),
            &mut take,
        );
        progress.finish();
        end
    }

    /// Cuts the window of every allele, as `placer` says, and hands them on in batches.
    ///
    /// # Errors
    /// The first error of the input, the reference or `sink`.
    pub fn windows(
        &self,
        sites: &mut Sites<'_>,
        placer: &mut Placer,
        show_progress: bool,
        mut sink: impl FnMut(&[Candidate]) -> Result<()>,
    ) -> Result<RunEnd> {
        let stop = StopFlag::on_signals()?;
        let progress = Progress::new(sites.input().bytes(), show_progress);
        let bytes_read = sites.input().bytes_read();
        let mut batch = Vec::new();
        loop {
            let site = sites.next().transpose()?;
            let last = site.is_none();
            if let Some(Site { payload, alleles }) = site {
                let place = |edit: &EditSpec| placer.place(&mut self.reference.borrow_mut(), edit);
                let mut placed = PlacedSite::new(&alleles, place)?;
                batch.append(&mut placed.candidates);
                let slots = placed.slots.into_iter();
                self.account.borrow_mut().site(&payload, slots)?;
            }
            if stop.is_set() {
                progress.finish();
                return Ok(RunEnd::Cancelled);
            }
            if last || batch.len() >= self.request.batch_size.get() {
                sink(&batch)?;
                batch.clear();
                let scored = self.account.borrow().tally.scored;
                progress.update(bytes_read.load(Ordering::Relaxed), scored);
            }
            if last {
                progress.finish();
                return Ok(RunEnd::Finished);
            }
        }
    }

    /// What is known of an edit's place.
    ///
    /// # Errors
    /// As [`Places::of`].
    pub fn place(&self, edit: &EditSpec) -> Result<Place> {
        let mut places = self.places.borrow_mut();
        places.of(edit, &mut self.reference.borrow_mut())
    }

    /// Whether a span lies wholly inside one of the regions; without regions everything does.
    #[must_use]
    pub fn regions_hold(&self, contig: &str, span: Interval) -> bool {
        let regions = self.regions.as_ref();
        regions.is_none_or(|regions| regions.hold(contig, span))
    }

    /// Why nothing could be scored.
    #[must_use]
    pub fn why_nothing(&self, sites: &Sites<'_>) -> Error {
        sites.check().why_nothing(&self.builds)
    }
}
