//! One variant.

use super::flags::Args;
use super::writer::Format;
use crate::common::backend::on_backend;
use crate::common::command::Status;
use crate::common::model;
use crate::common::output::Output;
use crate::common::terminal::Terminal;
use crate::scoring::observed;
use genolewm::Runtime;
use genolewm::ops::NativeOps;
use genolewm::runtime::open_reference;
use genolewm::scorer::{Scored, SharedPlaces, edit_among};
use genolewm_core::edit::VariantSpelling;
use genolewm_core::position::BpOffset;
use genolewm_core::provenance::ReceiptScope;
use genolewm_core::{Error, ErrorCode, Result};
use std::path::Path;

/// Scores one variant: a row of JSON, and a receipt where one is asked for.
///
/// # Errors
/// `INPUT.*` for a variant that cannot be scored, and as [`score::run`](crate::score::run).
pub fn run(args: &Args, variant: &str, terminal: &mut Terminal<'_>) -> Result<Status> {
    let variant: VariantSpelling = variant.parse()?;
    refuse_others(args)?;
    on_backend!(&args.model.backend, ops => run_on(ops, args, &variant, terminal))
}

/// Refuses flags that would do nothing: a variant has one row, which is JSON.
fn refuse_others(args: &Args) -> Result<()> {
    let output = &args.output;
    let format = match (output.format, &output.output) {
        (Some(format), _) => format,
        (None, Some(path)) => Format::of_name(path)?,
        (None, None) => Format::Jsonl,
    };
    let flags = [
        ("--format", format != Format::Jsonl),
        ("--output-type", output.output_type.is_some()),
        ("--skipped", output.skipped.is_some()),
        ("--top", output.top.is_some()),
        ("--regions", args.regions.is_some()),
    ];
    match flags.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((flag, _)) => Err(Error::input("one variant is written as a row of JSON")
            .with_detail("flag", flag)
            .with_remedy("leave the flag out, or give the variant in a file with --vcf")),
    }
}

fn run_on(
    ops: impl NativeOps,
    args: &Args,
    variant: &VariantSpelling,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let runtime = model::scoring(ops, &args.model, args.options(), terminal, args.no_progress)?;
    let places = args.context.open(terminal)?;
    let model_id = &runtime.info().model_id;
    let scored = observed::single(model_id, || score(&runtime, args, variant, places))?;
    let row = scored.row(variant.clone()).to_json_line()?;
    let path = args.output.receipt.as_deref();
    let receipt = path.map(|path| {
        let receipt = runtime.receipt(&scored, ReceiptScope::SingleVariant)?;
        written(path, &receipt.to_json_line()?)
    });
    let receipt = receipt.transpose()?;
    let output = args.output.output.as_deref();
    written(output.unwrap_or(Path::new("-")), &row)?.commit()?;
    receipt.map_or(Ok(()), Output::commit)?;
    path.into_iter()
        .for_each(|path| observed::receipts(path, model_id, 1));
    terminal.debug(format_args!("displacement {}", scored.displacement));
    Ok(Status::Done)
}

/// Scores a variant among the bases that were given.
fn score(
    runtime: &Runtime<impl NativeOps>,
    args: &Args,
    variant: &VariantSpelling,
    places: Option<SharedPlaces>,
) -> Result<Scored> {
    if let Some(bases) = &args.window {
        let start = args.window_start;
        let edit = edit_among(bases, start, variant, args.form.alleles)?;
        return runtime.score_in_window(&edit, bases, BpOffset(start));
    }
    let fasta = args.fasta.as_deref().ok_or_else(|| {
        Error::new(
            ErrorCode::InputGeneric,
            "a variant needs the bases around it",
        )
        .with_remedy("give --fasta FILE, or --window BASES with --window-start N")
    })?;
    let mut reference = open_reference(fasta)?;
    let mut placer = runtime.placer(args.form.alleles).among(places);
    let candidate = placer.variant(&mut reference, variant);
    let scored = candidate.and_then(|candidate| runtime.score(candidate));
    scored.map_err(|error| error.with_detail("reference", fasta.display()))
}

fn written(path: &Path, line: &str) -> Result<Output> {
    let mut output = Output::create(path)?;
    output.line(line)?;
    output.settle()?;
    Ok(output)
}
