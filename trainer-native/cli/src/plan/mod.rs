//! `genolewm plan`: which edits bring a window close to a wanted state.

mod flags;
mod states;
mod window;
mod made;

pub use flags::Args;

use super::common::backend::on_backend;
use super::common::command::{Context, Status};
use super::common::model;
use super::common::output::{Output, is_stdin_or_stdout};
use super::common::terminal::Terminal;
use super::scoring::journal::can_lie_beside;
use super::scoring::observed;
use super::scoring::receipts::beside;
use genolewm::Runtime;
use genolewm::ops::NativeOps;
use genolewm::planning::{
    PLAN_BATCH, PlanEnds, PlanMode, PlanProgress, PlanReceipt, PlanReport, PlanSearch,
    PlanSettings, Reencoded, predict_round,
};
use genolewm::runtime::now;
use genolewm_core::edit::RelEdit;
use genolewm_core::limits::MAX_WINDOW_BP;
use genolewm_core::planning::{PlanningResult, check_proxy_pair, sequence_proxy};
use genolewm_core::{Error, Result};
use genolewm_observe::Metrics;
use genolewm_observe::metrics::{CEM_CALLS, CEM_ITERATION_DURATION};
use genolewm_report::python::json::{json_document, json_line};
use genolewm_train::run::{StopFlag, progress_bar};
use made::{inputs, make};
use serde_json::{Value, json};
use states::read_state;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;
use window::{PlanWindow, read_window};

const PROGRESS: &str = "{bar:28} {percent:>3} %  {pos} of {len} candidates  {msg}  {eta} left";

/// Plans, makes the best plan for real, and writes the report and its receipt.
///
/// # Errors
/// `INPUT.*` for flags, windows and states that cannot be used, and where no edit keeps to the
/// constraints; those of the model and the files.
pub fn run(args: &Args, context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    args.source.check()?;
    if args.allow_sequence_proxy && args.model.model_dir.is_none() {
        return proxy(args, context, terminal);
    }
    on_backend!(model::backend(&args.model, context)?, ops => with_model(ops, args, context, terminal))
}

/// What is read before anything is computed.
struct Read {
    window: PlanWindow,
    target: Option<String>,
    settings: PlanSettings,
    inputs: Value,
}

impl Args {
    fn read(&self, most_bp: usize, context: &Context<'_>) -> Result<Read> {
        let window = read_window(self.source.window()?, most_bp)?;
        let target = self.source.target_fasta.as_deref();
        let target = target.map(|path| read_window(path, most_bp)).transpose()?;
        let settings = self.settings(context.shared.seed.unwrap_or(0), &window.name)?;
        Ok(Read {
            target: target.map(|target| target.bases),
            settings,
            inputs: inputs(self)?,
            window,
        })
    }

    /// Where the receipt goes, if there is one.
    fn receipt_path(&self, context: &Context<'_>) -> Option<PathBuf> {
        if context.shared.no_receipt {
            return None;
        }
        let own = self.receipt.clone();
        let lies = can_lie_beside(&self.output);
        own.or_else(|| lies.then(|| beside(&self.output, ".receipt.json")))
    }
}

/// Plans with the bases themselves as states.
fn proxy(args: &Args, context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    let read = args.read(MAX_WINDOW_BP, context)?;
    let window = read.window.bases.as_str();
    let Some(target) = read
        .target
        .as_deref()
        .filter(|_| args.source.initial_state.is_none())
    else {
        return Err(
            Error::input("the sequence proxy has no other states than windows")
                .with_remedy("give --target-fasta alone, or leave --allow-sequence-proxy out"),
        );
    };
    check_proxy_pair(window, target)?;
    let ends = PlanEnds {
        initial: sequence_proxy(window, &[])?,
        target: sequence_proxy(target, &[])?,
    };
    let predict = |batch: &[&[RelEdit]]| {
        let states = batch.iter().map(|edits| sequence_proxy(window, edits));
        Ok(states.collect::<Result<Vec<_>>>()?.concat())
    };
    let threads = args.threads.map_or(1, NonZeroUsize::get);
    let search = PlanSearch::new(window, &read.settings, ends)?;
    let wanted = search.ends().target.clone();
    let started = Instant::now();
    let work = Work {
        threads,
        predict: &predict,
        make: &predict,
    };
    let Some(result) = search_all(args, &read.settings, search, &work, terminal)? else {
        return Ok(Status::Interrupted);
    };
    terminal.warn("the sequence proxy is no model: this plan is evidence of nothing");
    let report = PlanReport {
        settings: &read.settings,
        mode: PlanMode::SequenceProxy,
        inputs: read.inputs,
        result: &result,
        target: &wanted,
        reencoded: None,
        backend: "cpu",
        info: None,
    };
    let text = json_document(&report.to_json())?;
    write(&args.output, &text, None)?;
    tell(args, &report, started, terminal)
}

fn with_model(
    ops: impl NativeOps,
    args: &Args,
    context: &Context<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let receipt = args.receipt_path(context);
    let runtime = model::shown_runtime(
        ops,
        &args.model,
        terminal.shows_progress() && !args.no_progress,
    )?;
    model::tell_worth(runtime.info(), terminal);
    let read = args.read(runtime.info().config.window_bp, context)?;
    let (window, settings) = (read.window.bases.as_str(), &read.settings);
    let encoded = runtime.encode_window(window, settings.locus)?;
    let ends = ends(&runtime, args, &read, &encoded)?;
    let search = PlanSearch::new(window, settings, ends.clone())?;
    let how = settings.prediction;
    let predict = |batch: &[&[RelEdit]]| {
        pollster::block_on(
            runtime
                .scorer()
                .predict_sequences(&ends.initial, batch, how),
        )
    };
    let threads = args.threads.map(NonZeroUsize::get);
    let work = Work {
        threads: threads.unwrap_or_else(|| runtime.scorer().ops().workers()),
        predict: &predict,
        make: &|edits| {
            pollster::block_on(
                runtime
                    .scorer()
                    .encode_edited(window, edits, settings.locus),
            )
        },
    };
    let started = Instant::now();
    let Some(result) = search_all(args, settings, search, &work, terminal)? else {
        return Ok(Status::Interrupted);
    };
    let predicted = result.best_predicted_state.as_deref().unwrap_or_default();
    let state = make(&runtime, window, &result.best_edits, settings.locus)?;
    let states = [&ends.initial, &encoded, &ends.target].map(Vec::as_slice);
    let [initial, encoded, target] = states;
    let real = [initial, encoded, target, predicted];
    let by = runtime.scored_by();
    let report = PlanReport {
        settings,
        mode: PlanMode::Model,
        inputs: read.inputs,
        result: &result,
        target,
        reencoded: Some(Reencoded::new(settings.distance, real, state)?),
        backend: &by.backend,
        info: Some(runtime.info()),
    };
    let text = json_document(&report.to_json())?;
    let made = PlanReceipt {
        info: runtime.info(),
        by: &by,
        window,
        settings,
        ends: &ends,
        report: text.as_bytes(),
    };
    let line = made.to_json_line(&now()?)?;
    write(
        &args.output,
        &text,
        receipt.as_deref().map(|path| (path, line.as_str())),
    )?;
    if let Some(path) = &receipt {
        observed::receipts(path, &runtime.info().model_id, 1);
    }
    tell(args, &report, started, terminal)
}

/// The states that are given, or those of the windows.
fn ends<O: NativeOps>(
    runtime: &Runtime<O>,
    args: &Args,
    read: &Read,
    encoded: &[f32],
) -> Result<PlanEnds> {
    let given = |path: &Option<PathBuf>| path.as_deref().map(read_state).transpose();
    let initial = given(&args.source.initial_state)?;
    let target = match given(&args.source.target_state)? {
        Some(state) => state,
        None => {
            let target = read.target.as_deref().unwrap_or_default();
            runtime.encode_window(target, read.settings.locus)?
        }
    };
    let ends = PlanEnds {
        initial: initial.unwrap_or_else(|| encoded.to_vec()),
        target,
    };
    for (flag, state) in [
        ("--initial-state", &ends.initial),
        ("--target-state", &ends.target),
    ] {
        if state.len() != encoded.len() {
            let message = format!("{flag} has another width than the model's states");
            return Err(Error::input(message)
                .with_detail("found", state.len())
                .with_detail("wanted", encoded.len())
                .with_remedy("give what the encoder of the same model gave"));
        }
    }
    Ok(ends)
}

/// The states that sequences of edits lead to.
type States<'a> = dyn Fn(&[&[RelEdit]]) -> Result<Vec<f32>> + Sync + 'a;

/// What a search has done for it.
struct Work<'a> {
    threads: usize,
    /// By prediction.
    predict: &'a States<'a>,
    /// For real.
    make: &'a States<'a>,
}

/// Takes a search to its end; `None` after an interrupt.
fn search_all(
    args: &Args,
    settings: &PlanSettings,
    mut search: PlanSearch,
    work: &Work<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<Option<PlanningResult>> {
    let stop = StopFlag::on_signals()?;
    // Windows are made for real in one call of the model, and nothing is written before the end.
    let _hurry = stop.hurry("warning: interrupted: nothing was written");
    let samples = settings.search.n_samples;
    let total = (samples * settings.search.n_iterations) as u64;
    let quiet = args.no_progress || !terminal.shows_progress();
    let bar = progress_bar(total, PROGRESS, quiet);
    let mut told = |progress: PlanProgress| {
        bar.set_position((progress.rounds * samples + progress.candidates.min(samples)) as u64);
        if let Some(distance) = progress.best_distance {
            bar.set_message(format!("distance {distance:.4}"));
        }
    };
    let metrics = Metrics::of_process();
    while search.draw()? {
        let begun = Instant::now();
        let stopped = || stop.is_set();
        if !predict_round(&mut search, work.threads, work.predict, &stopped, &mut told)? {
            bar.finish_and_clear();
            return Ok(None);
        }
        if settings.reencode > 0 {
            let states = (work.make)(&search.to_reencode())?;
            search.reencoded(&states)?;
        }
        search.rank()?;
        metrics.observe(CEM_ITERATION_DURATION, begun.elapsed());
        terminal.debug(format_args!(
            "round {}: {} batches of {PLAN_BATCH}, least distance {:?}",
            search.rounds(),
            search.batches(),
            search.best_distance()
        ));
    }
    bar.finish_and_clear();
    let result = search.finish()?;
    metrics.count(
        CEM_CALLS,
        (result.n_evaluations * settings.search.horizon) as u64,
    );
    Ok(Some(result))
}

/// Completes both files before the first gets its name.
fn write(path: &Path, text: &str, receipt: Option<(&Path, &str)>) -> Result<()> {
    let mut report = Output::create(path)?;
    report.text(text)?;
    report.settle()?;
    let receipt = receipt.map(|(path, line)| {
        let mut receipt = Output::create(path)?;
        receipt.line(line)?;
        receipt.settle()?;
        Ok::<_, Error>(receipt)
    });
    let receipt = receipt.transpose()?;
    report.commit()?;
    receipt.map_or(Ok(()), Output::commit)
}

/// A line for programs on standard output, as the Python package's, and one for people.
fn tell(
    args: &Args,
    report: &PlanReport<'_>,
    started: Instant,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let (result, real) = (report.result, report.reencoded.as_ref());
    let seconds = started.elapsed().as_secs_f64();
    let calls = result.n_evaluations as f64 / seconds.max(1e-9);
    terminal.info(format_args!(
        "{} candidates in {seconds:.1} s, {calls:.0} a second; {} dropped for want of room",
        result.n_evaluations, result.dropped
    ));
    if let Some(real) = real {
        terminal.info(format_args!(
            "distance from the target: {:.4} before, {:.4} predicted, {:.4} for real; the prediction is \
             off by {:.4}",
            real.initial_distance, result.best_distance, real.distance, real.prediction_error_l2
        ));
    }
    if !is_stdin_or_stdout(&args.output) {
        terminal.line(json_line(&json!({
            "best_distance": result.best_distance,
            "evaluation_mode": report.mode.as_str(),
            "n_evaluations": result.n_evaluations,
            "output_path": args.output.to_string_lossy(),
            "real_distance": real.map(|real| real.distance),
            "stopped_reason": result.stopped_reason.as_str(),
        }))?)?;
    }
    Ok(Status::Done)
}
