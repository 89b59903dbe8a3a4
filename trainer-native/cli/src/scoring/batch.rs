//! A file of variants.

use super::flags::Args;
use super::journal::Journal;
use super::known::{self, Known, Wanted};
use super::observed;
use super::plan::Plan;
use super::regions::read_regions;
use super::session::{Session, SessionRequest};
use super::skipped::SkippedFile;
use super::writer::{Origin, RunNote};
use crate::common::backend::on_backend;
use crate::common::command::{Context, Status};
use crate::common::model;
use crate::common::terminal::Terminal;
use genolewm::ops::NativeOps;
use genolewm::runtime::now;
use genolewm::scorer::{Outcome, RecordOutcome, Selection};
use genolewm_core::Result;
use genolewm_core::edit::SkipReason;
use genolewm_core::error::Location;
use genolewm_core::source::{SourceFormat, VariantReader, Whose};
use std::num::NonZeroUsize;
use std::path::Path;

/// Scores the variants of a file on the bases of another.
///
/// # Errors
/// As [`score::run`](crate::score::run).
pub fn run(
    args: &Args,
    files: [&Path; 2],
    context: &Context<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let plan = Plan::new(&args.output, context.shared.no_receipt)?;
    let backend = model::backend(&args.model, context)?;
    on_backend!(backend, ops => run_on(ops, args, &plan, files, context, terminal))
}

fn run_on(
    ops: impl NativeOps,
    args: &Args,
    plan: &Plan,
    [variants, fasta]: [&Path; 2],
    context: &Context<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let regions = args.regions.as_deref().map(read_regions).transpose()?;
    let mut session = Session::open(SessionRequest {
        variants,
        fasta,
        selection: Selection {
            regions: regions.clone(),
            whose: Whose::of(args.sample.clone(), args.all_alleles),
            filter: None,
            strict: args.strict,
            member: args.member.clone(),
        },
        batch_size: known::batch_size(args),
        show_progress: terminal.shows_progress() && !args.no_progress,
    })?;
    tell_source(session.reader()?, args, terminal);
    let places = args.context.open(terminal)?;
    session.check()?;
    let origin = Origin {
        format: session.reader()?.format(),
        header: session.header(),
    };
    let runtime = model::scoring(ops, &args.model, args.options(), terminal, args.no_progress)?;
    let model_id = runtime.info().model_id.clone();
    let by = runtime.scored_by();
    terminal.debug(format_args!(
        "model {model_id} on {}, ready after {:.3} s",
        by.backend,
        session.elapsed().as_secs_f64()
    ));
    let builder = runtime.receipts()?;
    let wanted = Wanted::of(plan.format(), regions.as_ref());
    let known = Known::open(args, &builder, &wanted, terminal)?;
    let resume = args.output.resume;
    let journal = Journal::beside(plan.scores_file(), resume, context, &runtime, terminal)?;
    // Those of the first attempt, so that the outputs are the same in the end.
    let (command, begun) = match &journal {
        Some(journal) => (journal.command().to_owned(), journal.begun().to_owned()),
        None => (context.command_line.clone(), now()?),
    };
    let note = RunNote {
        command,
        model_id,
        alleles: args.form.alleles,
        effects: args.context.annotation.is_some(),
    };
    let score = || -> Result<Status> {
        let mut files = plan.open(&origin, &note, &begun, &builder)?;
        let skipped = args.output.skipped.as_deref().map(SkippedFile::create);
        session.set_skipped(skipped.transpose()?);
        let mut workers = runtime.workers(args.threads.map(NonZeroUsize::get));
        if let Some(journal) = &journal {
            session.set_replayed(journal.path(), journal.replayed());
            workers = journal.over(&runtime, workers);
        }
        if let Some(known) = &known {
            session.set_known(known.found());
            workers = known.over(&runtime, workers);
        }
        let placer = runtime.placer(args.form.alleles).among(places);
        let accounts = session.run(placer, &workers, |record| {
            if args.strict {
                check_strictly(&record, variants, origin.format)?;
            }
            files.record(&record)
        })?;
        let Some(accounts) = accounts else {
            return Ok(Status::Interrupted);
        };
        accounts.tell(terminal);
        if args.output.allow_empty {
            accounts.tell_empty(terminal);
        }
        let scored = accounts.tally.scored;
        if let Some(table) = files.commit(accounts.into_skipped(args.output.allow_empty)?)? {
            terminal.line(table)?;
        }
        if let Some(path) = plan.receipts() {
            observed::receipts(path, &note.model_id, scored);
        }
        terminal.info(plan.places());
        Ok(Status::Done)
    };
    let ended = score();
    let rows = runtime.scorer().rows_run();
    terminal.debug(format_args!("encoder rows run: {rows}"));
    Journal::close(journal, &ended, terminal);
    ended
}

fn tell_source(reader: &VariantReader, args: &Args, terminal: &mut Terminal<'_>) {
    if reader.format() != SourceFormat::Vcf {
        let (title, evidence) = (reader.format().title(), reader.evidence());
        terminal.info(format_args!("format: {title} ({evidence})"));
    }
    let samples = reader.samples().len();
    if samples > 0 && args.sample.is_empty() && !args.all_alleles {
        terminal.info(format_args!(
            "genotypes: what at least one of {samples} samples carries is scored (--sample for whose, --all-alleles for all)"
        ));
    }
    terminal.debug(format_args!("compression: {}", reader.compression()));
}

/// `--strict`: the first allele without a score is an error.
fn check_strictly(record: &RecordOutcome, file: &Path, format: SourceFormat) -> Result<()> {
    let is_array = format.is_array();
    // Most rows of an array say that nothing is there, which is no fault.
    let fault = |reason: &SkipReason| {
        !(is_array && matches!(reason, SkipReason::SameAsRef | SkipReason::NoCall))
    };
    let mut reasons = record.outcomes.iter().filter_map(Outcome::reason);
    reasons.find(fault).map_or(Ok(()), |reason| {
        let place = Location::line(&file.display().to_string(), record.record.line);
        Err(record.refused(reason).at(place))
    })
}
