//! One pass over a file of variants: what it reads, and what becomes of it.

use super::input::open_input;
use super::observed::{Answer, observed};
use super::progress::ScoringBar;
use super::skipped::SkippedFile;
use crate::common::output::Output;
use crate::common::terminal::Terminal;
use genolewm::runtime::{NativeReference, open_reference};
use genolewm::scorer::{
    Delivery, Intake, Outcome, Placer, RecordOutcome, Run, RunEnd, Selection, Tally, VariantFile,
    Workers, drive,
};
use genolewm_core::limits::MAX_BATCH_ALLELES;
use genolewm_core::source::{SourceLine, VariantReader};
use genolewm_core::text::visible;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_train::run::StopFlag;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Malformed records whose errors are shown.
const SHOWN_ERRORS: usize = 5;

/// What is said of an interrupted pass that keeps nothing from which it could go on.
pub const NOTHING_KEPT: &str = "interrupted: scores that were written to standard output are all that there is; \
     with --output FILE they are kept, and --resume goes on";

/// What a pass reads, and how.
#[derive(Debug)]
pub struct SessionRequest<'a> {
    /// The variants.
    pub variants: &'a Path,
    /// Their reference.
    pub fasta: &'a Path,
    /// Which of them are scored.
    pub selection: Selection,
    /// Alleles in one call of the model.
    pub batch_size: NonZeroUsize,
    /// Draw a bar.
    pub show_progress: bool,
}

/// A pass whose files are open.
#[derive(Debug)]
pub struct Session {
    started: Instant,
    input: VariantFile,
    input_bytes: Option<u64>,
    intake: Intake,
    reference: NativeReference,
    batch_size: usize,
    show_progress: bool,
    notes: Notes,
    replayed: Arc<AtomicU64>,
    known: Arc<AtomicU64>,
    /// What is said where an interrupt ends the run without order; `None` where it must not.
    last_words: Option<String>,
}

impl Session {
    /// Opens variants and reference.
    ///
    /// # Errors
    /// `INPUT.*` and `RESOURCE.*` for files that cannot be used.
    pub fn open(request: SessionRequest<'_>) -> Result<Self> {
        let started = Instant::now();
        if request.batch_size.get() > MAX_BATCH_ALLELES {
            let message = format!("a batch of more than {MAX_BATCH_ALLELES} alleles");
            return Err(Error::input(message)
                .with_detail("batch_size", request.batch_size)
                .with_remedy("leave --batch-size out: larger batches are not faster"));
        }
        let paths = [request.variants, request.fasta];
        let [name, reference_name] = paths.map(|path| path.display().to_string());
        let (reader, input_bytes) = open_input(request.variants)?;
        let mut input = VariantFile::new(reader, &name);
        let mut intake = Intake::new(&name, &reference_name, request.selection);
        input.open(&mut intake)?;
        Ok(Self {
            started,
            input,
            input_bytes,
            intake,
            reference: open_reference(request.fasta)?,
            batch_size: request.batch_size.get(),
            show_progress: request.show_progress,
            notes: Notes::default(),
            replayed: Arc::default(),
            known: Arc::default(),
            last_words: Some(format!("warning: {NOTHING_KEPT}")),
        })
    }

    /// Writes down why alleles were not scored.
    pub fn set_skipped(&mut self, skipped: Option<SkippedFile>) {
        self.notes.skipped = skipped;
    }

    /// Takes note of the journal that keeps what is scored, and of how many alleles it answers.
    pub fn set_replayed(&mut self, journal: &Path, replayed: Arc<AtomicU64>) {
        self.replayed = replayed;
        self.set_last_words(Some(&format!(
            "interrupted: all scored alleles are kept in {}; the same command with \
             --resume goes on from there",
            visible(&journal.display().to_string())
        )));
    }

    /// Takes note of how many alleles are answered from scores that are known.
    pub fn set_known(&mut self, known: Arc<AtomicU64>) {
        self.known = known;
    }

    /// What is said where an interrupt ends the run with batches in work; `None` has it wait for them.
    pub fn set_last_words(&mut self, words: Option<&str>) {
        self.last_words = words.map(|words| format!("warning: {words}"));
    }

    /// How long ago its files were opened.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The reader of the variants, for what their header says.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` for a session that is not open.
    pub fn reader(&self) -> Result<&VariantReader> {
        let reader = self.intake.reader();
        reader.ok_or_else(|| Error::new(ErrorCode::InternalInvariantViolation, "no input is open"))
    }

    /// The header of a VCF of what is read, once [`check`](Self::check) has looked at it.
    #[must_use]
    pub fn header(&self) -> Vec<SourceLine> {
        self.intake.header().unwrap_or_default()
    }

    /// Compares the first records with the reference.
    ///
    /// # Errors
    /// `INPUT.WINDOW_MISMATCH` when they belong to another one.
    pub fn check(&mut self) -> Result<()> {
        self.input.check(&mut self.intake, &mut self.reference)
    }

    /// Has `workers` answer every allele in its window, hands the records to `sink`, and closes the
    /// accounts; `None` after an interrupt.
    ///
    /// # Errors
    /// The first error of the input, the workers or `sink`; `INTERNAL.INVARIANT_VIOLATION` when the
    /// counts do not add up.
    pub fn run<A: Answer + Send>(
        self,
        placer: Placer,
        workers: &Workers<'_, A>,
        mut sink: impl FnMut(RecordOutcome<A>) -> Result<()>,
    ) -> Result<Option<Accounts>> {
        let stop = StopFlag::on_signals()?;
        let _hurry = self.last_words.as_ref().map(|words| stop.hurry(words));
        let mut bar = ScoringBar::new(self.input_bytes, self.show_progress);
        let replayed = || self.replayed.load(Ordering::Relaxed);
        let known = || self.known.load(Ordering::Relaxed);
        let (mut input, mut reference) = (self.input, self.reference);
        let mut notes = self.notes;
        let mut run = Run::new(self.intake, placer, self.batch_size);
        let end = drive(
            &mut run,
            &mut input,
            &mut reference,
            &observed(workers),
            &|| stop.is_set(),
            |delivery, progress| {
                bar.update(progress, replayed() + known());
                match delivery {
                    Delivery::Malformed { error, .. } => notes.malformed(error),
                    Delivery::Record(record) => {
                        notes.record(&record)?;
                        sink(record)
                    }
                }
            },
        );
        bar.finish();
        if end? == RunEnd::Cancelled {
            return Ok(None);
        }
        Ok(Some(Accounts {
            tally: run.summary()?.clone(),
            elapsed: self.started.elapsed(),
            before: [
                ("scored before this run was resumed", replayed()),
                ("answered from --known", known()),
            ],
            odd: odd(run.intake()),
            malformed: notes.malformed,
            skipped: notes.skipped,
            why_nothing: run.intake().why_nothing(),
        }))
    }
}

/// What is odd about an input, with the lines.
fn odd(intake: &Intake) -> Vec<String> {
    let mut odd = intake.reader().map_or_else(Vec::new, odd_lines);
    odd.extend(intake.notes().iter().cloned());
    odd
}

fn odd_lines(reader: &VariantReader) -> Vec<String> {
    let warnings = reader.warnings().into_iter().map(|warning| {
        let line = warning.line.map(|line| format!(":{line}"));
        let line = line.unwrap_or_default();
        format!("{}{line}: {}", reader.name(), warning.message)
    });
    warnings.collect()
}

/// What is noted of what was not scored.
#[derive(Debug, Default)]
struct Notes {
    skipped: Option<SkippedFile>,
    /// The first errors of malformed records.
    malformed: Vec<Error>,
}

impl Notes {
    fn record<A>(&mut self, record: &RecordOutcome<A>) -> Result<()> {
        let Some(file) = &mut self.skipped else {
            return Ok(());
        };
        let mut reasons = record.outcomes.iter().map(Outcome::reason).enumerate();
        reasons.try_for_each(|(index, reason)| {
            reason.map_or(Ok(()), |reason| file.allele(record, index, reason))
        })
    }

    fn malformed(&mut self, error: Error) -> Result<()> {
        let file = self.skipped.as_mut();
        file.map_or(Ok(()), |file| file.malformed(&error))?;
        if self.malformed.len() < SHOWN_ERRORS {
            self.malformed.push(error);
        }
        Ok(())
    }
}

/// The closed accounts of a pass.
#[derive(Debug)]
pub struct Accounts {
    /// What became of records and alleles.
    pub tally: Tally,
    /// Why nothing could be scored, if nothing was.
    pub why_nothing: Error,
    elapsed: Duration,
    /// Alleles that were not scored now, by why.
    before: [(&'static str, u64); 2],
    odd: Vec<String>,
    malformed: Vec<Error>,
    skipped: Option<SkippedFile>,
}

impl Accounts {
    /// Tells what is odd about the input, and the summary.
    pub fn tell(&self, terminal: &mut Terminal<'_>) {
        let mixed = self.tally.agreement.warning();
        let odd = self.odd.iter().chain(&mixed);
        odd.for_each(|warning| terminal.warn(warning));
        self.malformed.iter().for_each(|error| terminal.warn(error));
        let further = self.tally.malformed - self.malformed.len() as u64;
        if further > 0 {
            terminal.warn(format_args!(
                "{further} further records were not understood; --skipped FILE lists them all"
            ));
        }
        terminal.info(self.tally.summary(self.elapsed, &self.before));
    }

    /// Tells why nothing was scored of a run that may be empty, where it had something to score.
    pub fn tell_empty(&self, terminal: &mut Terminal<'_>) {
        let tally = &self.tally;
        if tally.scored == 0 && (tally.alleles > 0 || tally.malformed > 0) {
            terminal.warn(format_args!(
                "nothing could be scored ({}): {}; {}",
                tally.reasons(),
                self.why_nothing,
                self.why_nothing.advice()
            ));
        }
    }

    /// The file of alleles that were not scored, not yet committed, of a run that may have scored nothing.
    ///
    /// # Errors
    /// Why nothing was scored; the reasons are worth keeping then, files without a score are not.
    pub fn into_skipped(self, may_be_empty: bool) -> Result<Option<Output>> {
        let skipped = self.skipped.map(|file| file.output);
        if self.tally.scored > 0 || may_be_empty {
            return Ok(skipped);
        }
        skipped.map_or(Ok(()), Output::commit)?;
        let reasons = self.tally.reasons();
        Err(self.why_nothing.with_detail("skipped", reasons))
    }
}
