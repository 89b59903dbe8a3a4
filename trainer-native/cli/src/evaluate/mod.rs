//! `genolewm evaluate`: measures a model on data that it never saw.

mod flags;
mod references;
mod tasks;

pub use flags::Args;
pub(super) use references::{References, annotation};

use super::common::backend::on_backend;
use super::common::model::{backend, measured, tell_worth};
use super::common::terminal::Terminal;
use crate::common::command::{Context, Status};
use genolewm::ops::NativeOps;
use genolewm_core::Result;
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_evaluate::measure::clinvar::ClinvarOutcome;
use genolewm_evaluate::measure::evaluation::{
    Evaluation, SCHEMA_VERSION, percentile_plot, roc_plot,
};
use genolewm_evaluate::measure::language;
use genolewm_evaluate::measure::prediction::{Prediction, SyntheticKind, synthetic_items};
use genolewm_evaluate::observed::ObservedMeasure;
use genolewm_evaluate::sequence::{fit_markov, held_out_windows};
use genolewm_evaluate::variants::Bounds;
use genolewm_report::output::write_atomically;
use std::collections::BTreeMap;
use tasks::{COMMON_VARIANTS, Task};

/// What the predictions of synthetic substitutions are called.
const SYNTHETIC_SNV: &str = "synthetic_snv";

/// Measures, and writes figures, report and pictures at the end.
///
/// # Errors
/// `EVAL.DATASET` for data that were not kept out of training or leave nothing to measure;
/// `EVAL.REGRESSION`, after all was written, for a model whose prediction is no closer than "nothing
/// changes"; those of the model and the files.
pub fn run(args: &Args, context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    let name = backend(&args.model, context)?;
    on_backend!(name, ops => run_on(ops, args, context, terminal))
}

fn run_on(
    ops: impl NativeOps + Clone,
    args: &Args,
    context: &Context<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let seed = context.shared.seed.unwrap_or(0);
    let model = measured(ops, &args.model, args.grid)?;
    tell_worth(&model.bundle.info, terminal);
    let holdout = HoldoutPolicy::read(&args.holdout)?;
    terminal.info("fitting the Markov model");
    let (chain, fitted_to_bp) = fit_markov(&args.corpus, &args.holdout, args.markov_bp, seed)?;
    let window_bp = model.bundle.info.config.window_bp;
    let windows = held_out_windows(&args.evaluation, &holdout, window_bp, args.windows, seed)?;
    let observed = ObservedMeasure::begin("evaluate", windows.len());
    terminal.info("measuring the language model");
    let language = language::measure(&model, &chain, fitted_to_bp, &windows)?;
    let calibration = args.calibration.as_deref();
    let calibration = calibration.map(HoldoutPolicy::read).transpose()?;
    let task = Task {
        args,
        model: &model,
        bounds: Bounds {
            holdout: &holdout,
            calibration: calibration.as_ref(),
        },
        seed,
    };
    terminal.info("measuring predictions");
    let mut prediction = synthetic(&task, &windows)?;
    let (uniformity, percentiles) = task.common(&mut prediction)?.unzip();
    if !args.clinvar.is_empty() || args.primates.is_some() {
        terminal.info("measuring ClinVar and primates");
    }
    let (outcome, primates) = task.harm(&chain)?;
    let evaluation = Evaluation {
        schema_version: SCHEMA_VERSION.to_owned(),
        generated_by: format!("genolewm evaluate {}", env!("CARGO_PKG_VERSION")),
        model_id: model.bundle.info.model_id.clone(),
        seed,
        alleles: args.form.alleles.to_string(),
        language: Some(language),
        prediction,
        uniformity,
        clinvar: outcome.as_ref().map(|outcome| outcome.figures.clone()),
        primates,
    };
    write(args, &evaluation, percentiles.as_deref(), outcome.as_ref())?;
    terminal.line(evaluation.page().to_markdown().trim_end())?;
    terminal.info(format_args!("figures: {}", args.output.display()));
    observed.end(None);
    match args.no_gate {
        true => Ok(Status::Done),
        false => gate(&evaluation.prediction),
    }
}

/// Lets a model pass whose prediction is closer than "nothing changes": of common variants, where there are
/// some, else of synthetic substitutions.
fn gate(prediction: &BTreeMap<String, Prediction>) -> Result<Status> {
    for edits in [COMMON_VARIANTS, SYNTHETIC_SNV] {
        if let Some(of) = prediction.get(edits) {
            of.require_closer(edits)?;
            break;
        }
    }
    Ok(Status::Done)
}

fn synthetic(
    task: &Task<'_, impl NativeOps + Clone>,
    windows: &[Vec<u8>],
) -> Result<BTreeMap<String, Prediction>> {
    let mut figures = BTreeMap::new();
    for (name, kind) in [
        (SYNTHETIC_SNV, SyntheticKind::Snv),
        ("synthetic_indel", SyntheticKind::Indel),
    ] {
        let items = synthetic_items(windows, kind, task.seed)?;
        let of = Prediction::of(&task.model.measure(&items)?, &task.bootstrap())?;
        figures.extend(of.map(|of| (name.to_owned(), of)));
    }
    Ok(figures)
}

fn write(
    args: &Args,
    evaluation: &Evaluation,
    percentiles: Option<&[f64]>,
    outcome: Option<&ClinvarOutcome>,
) -> Result<()> {
    write_atomically(&args.output, evaluation.to_json()?.as_bytes())?;
    let Some(directory) = &args.report_dir else {
        return Ok(());
    };
    let file = |name: &str, text: String| write_atomically(&directory.join(name), text.as_bytes());
    file("evaluation.md", evaluation.page().to_markdown())?;
    percentiles.map_or(Ok(()), |percentiles| {
        file("percentiles.svg", percentile_plot(percentiles))
    })?;
    outcome.map_or(Ok(()), |outcome| file("clinvar_roc.svg", roc_plot(outcome)))
}
