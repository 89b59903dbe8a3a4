//! One variant.

use super::annotation::Places;
use super::place::open_reference;
use super::receipts;
use crate::common::backend::{NativeOps, on_backend};
use crate::common::command::{Context, Status};
use crate::common::model;
use crate::common::output::Output;
use crate::common::terminal::{Terminal, write_error};
use crate::score::Args;
use genolewm::bundle::Bundle;
use genolewm::info::ModelInfo;
use genolewm::scorer::{
    Candidate, Place, Placed, Placer, ScoreOptions, Scored, Scorer, given_window, refused,
};
use genolewm_core::edit::EditSpec;
use genolewm_core::provenance::ReceiptScope;
use genolewm_core::window::ExtractedWindow;
use genolewm_core::{Error, ErrorCode, Result};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Scores one variant: a row of JSON, and a receipt where one is asked for.
///
/// # Errors
/// `INPUT.*` for a variant that cannot be scored, and as [`score::run`](crate::score::run).
pub fn run(
    args: &Args,
    variant: &str,
    context: &Context<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let edit: EditSpec = variant.parse()?;
    on_backend!(&args.model.backend, ops => run_on(ops, args, edit, context, terminal))
}

fn run_on(
    ops: impl NativeOps,
    args: &Args,
    edit: EditSpec,
    context: &Context<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let bundle = model::load(&ops, &args.model)?;
    let mut places = Places::open(&args.context, terminal)?;
    let (window, place) = window(args, &edit, &bundle.info, &mut places)?;
    let receipts = receipts::builder(&bundle.info, &ops)?;
    let scored = score(ops, bundle, edit, window, |scored, info, options| {
        scored.at(place, info, options)
    })?;
    let row = scored.row().to_json_line()?;
    let mut receipt_file = None;
    if let Some(path) = args
        .output
        .receipt
        .as_deref()
        .filter(|_| !context.shared.no_receipt)
    {
        let line =
            receipts::receipt(&receipts, &scored, ReceiptScope::SingleVariant)?.to_json_line()?;
        receipt_file = Some(written(path, &line)?);
    }
    written(
        args.output.output.as_deref().unwrap_or(Path::new("-")),
        &row,
    )?
    .commit()?;
    receipt_file.map_or(Ok(()), Output::commit)?;
    terminal.debug(format_args!("displacement {}", scored.displacement));
    Ok(Status::Done)
}

/// Scores one edit in its window, among the background that `put` puts it in.
///
/// # Errors
/// As [`Scorer::score`] and `put`.
pub fn score<O: NativeOps>(
    ops: O,
    bundle: Bundle<O::Matrix>,
    edit: EditSpec,
    window: Arc<ExtractedWindow>,
    put: impl FnOnce(Scored, &ModelInfo, &ScoreOptions) -> Result<Scored>,
) -> Result<Scored> {
    let scorer = Scorer::new(ops, bundle, ScoreOptions::default());
    let scored = pollster::block_on(scorer.score(&[Candidate { edit, window }]))?;
    let scored = scored.into_iter().next().ok_or_else(|| {
        Error::new(
            ErrorCode::InternalInvariantViolation,
            "the scorer gave no result for a variant",
        )
    })?;
    put(scored, &scorer.bundle().info, scorer.options())
}

/// The window of an edit, and what is known of its place.
fn window(
    args: &Args,
    edit: &EditSpec,
    info: &ModelInfo,
    places: &mut Places,
) -> Result<(Arc<ExtractedWindow>, Place)> {
    let config = &info.config;
    if let Some(bases) = &args.window {
        let window = given_window(bases, args.window_start, edit, config.window_bp)?;
        return Ok((window, Place::default()));
    }
    let fasta = args.fasta.as_deref().ok_or_else(|| {
        Error::new(
            ErrorCode::InputGeneric,
            "a variant needs the bases around it",
        )
        .with_remedy("give --fasta FILE, or --window BASES with --window-start N")
    })?;
    let mut reference = open_reference(fasta)?;
    match Placer::new(config.window_bp, config.tile_bp).place(&mut reference, edit)? {
        Placed::Window(window) => Ok((window, places.of(edit, &mut reference)?)),
        Placed::Skipped(reason) => Err(refused(reason).with_detail("reference", fasta.display())),
    }
}

fn written(path: &Path, line: &str) -> Result<Output> {
    let mut output = Output::create(path)?;
    writeln!(output, "{line}").map_err(|error| write_error(output.name(), &error))?;
    output.settle()?;
    Ok(output)
}
