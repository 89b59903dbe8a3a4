//! A file of variants.

use super::annotation::Places;
use super::input::Input;
use super::plan::{Files, Plan};
use super::receipts;
use super::session::{Request, Session};
use super::skipped::SkippedFile;
use super::writer::{Format, RunNote};
use crate::common::backend::{NativeOps, on_backend};
use crate::common::command::{Context, Status};
use crate::common::model;
use crate::common::output::Output;
use crate::common::terminal::Terminal;
use crate::score::Args;
use genolewm::scorer::{Outcome, RunEnd, Tally, refused};
use genolewm_core::edit::SkipReason;
use genolewm_core::error::Location;
use genolewm_core::source::{SourceFormat, VariantRecord};
use genolewm_core::{Error, ErrorCode, Result};
use std::path::Path;
use std::time::Instant;

/// Scores a file.
///
/// # Errors
/// As [`score::run`](crate::score::run).
pub fn run(
    args: &Args,
    request: Request<'_>,
    context: &Context<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let plan = Plan::new(&args.output, context.shared.no_receipt)?;
    on_backend!(&args.model.backend, ops => run_on(ops, args, &plan, request, context, terminal))
}

fn run_on(
    ops: impl NativeOps,
    args: &Args,
    plan: &Plan,
    request: Request<'_>,
    context: &Context<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let started = Instant::now();
    let (mut session, input) = Session::open(request)?;
    tell_source(&input, terminal);
    session.set_places(Places::open(&args.context, terminal)?);
    let origin = input.origin();
    // Output that keeps every record cannot leave one out.
    let tolerant = !args.strict && plan.format() != Some(Format::Vcf);
    let mut sites = session.sites(input, tolerant)?;
    let bundle = model::load(&ops, &args.model)?;
    let (command, model_id) = (context.command_line.clone(), bundle.info.model_id.clone());
    terminal.debug(format_args!("model {model_id} on {}", ops.backend()));
    let note = RunNote { command, model_id };
    let mut files = plan.open(&origin, &note, || receipts::builder(&bundle.info, &ops))?;
    let skipped = args.output.skipped.as_deref().map(SkippedFile::create);
    session.account().borrow_mut().skipped = skipped.transpose()?;
    let strict = args.strict.then_some(Strict {
        file: request.variants,
        format: origin.format,
    });
    let scorer = session.scorer(ops, bundle);
    let show_progress = terminal.shows_progress() && !args.no_progress;
    let end = session.run(
        &scorer,
        &mut sites,
        show_progress,
        |record, outcomes, number| {
            strict
                .as_ref()
                .map_or(Ok(()), |strict| strict.check(record, outcomes))?;
            files.site(record, outcomes, number)
        },
    )?;
    if end == RunEnd::Cancelled {
        terminal.warn("interrupted: nothing was written");
        return Ok(Status::Interrupted);
    }
    tell_warnings(sites.input(), terminal);
    let mut account = session.account().take();
    account.tally.reconcile(account.sites)?;
    account
        .malformed
        .iter()
        .for_each(|error| terminal.warn(error));
    let skipped = account.skipped.take().map(SkippedFile::into_output);
    let summary = account.tally.summary(started.elapsed());
    if account.tally.scored == 0 {
        // The reasons are worth keeping; files without a score are not.
        skipped.map_or(Ok(()), Output::commit)?;
        terminal.info(summary);
        let why = nothing_scored(&account.tally);
        let why = why.unwrap_or_else(|| session.why_nothing(&sites));
        return Err(why.with_detail("skipped", account.tally.reasons()));
    }
    finish(files, skipped, terminal)?;
    terminal.info(summary);
    terminal.info(plan.places());
    terminal.debug(format_args!("encoder rows run: {}", scorer.rows_run()));
    Ok(Status::Done)
}

/// Puts the files in their places and prints the table.
fn finish(files: Files, skipped: Option<Output>, terminal: &mut Terminal<'_>) -> Result<()> {
    let table = files.commit(skipped)?;
    table.map_or(Ok(()), |table| terminal.line(table))
}

fn tell_source(input: &Input, terminal: &mut Terminal<'_>) {
    let reader = input.reader();
    if reader.format() != SourceFormat::Vcf {
        let (provider, evidence) = (reader.format().provider(), reader.evidence());
        terminal.info(format_args!("format: {provider} ({evidence})"));
    }
    terminal.debug(format_args!("compression: {}", reader.compression()));
}

fn tell_warnings(input: &Input, terminal: &mut Terminal<'_>) {
    let reader = input.reader();
    for warning in reader.warnings() {
        let line = warning
            .line
            .map_or(String::new(), |line| format!(":{line}"));
        terminal.warn(format_args!("{}{line}: {}", reader.name(), warning.message));
    }
}

/// What the counts alone explain.
fn nothing_scored(tally: &Tally) -> Option<Error> {
    if tally.records == 0 && tally.malformed == 0 {
        let error = Error::new(ErrorCode::InputGeneric, "the input has no variants");
        return Some(
            error.with_remedy("check that it is the file you meant, and that it is whole"),
        );
    }
    if tally.records > 0 && tally.records == tally.outside {
        let error = Error::new(ErrorCode::InputGeneric, "no record lies inside --regions");
        let remedy = "regions count from 1 and include both ends; those of a BED file count from 0";
        return Some(error.with_remedy(remedy));
    }
    None
}

/// `--strict`: the first allele without a score is an error.
struct Strict<'a> {
    file: &'a Path,
    format: SourceFormat,
}

impl Strict<'_> {
    fn check(&self, record: &VariantRecord, outcomes: &[Outcome]) -> Result<()> {
        let is_array = !matches!(
            self.format,
            SourceFormat::Vcf | SourceFormat::SequencingJson
        );
        for outcome in outcomes {
            let Outcome::Skipped(reason) = outcome else {
                continue;
            };
            // Most rows of an array say that nothing is there, which is no fault.
            if is_array && matches!(reason, SkipReason::SameAsRef | SkipReason::NoCall) {
                continue;
            }
            return Err(refused(*reason).at(Location::line(
                &self.file.display().to_string(),
                record.line,
            )));
        }
        Ok(())
    }
}
