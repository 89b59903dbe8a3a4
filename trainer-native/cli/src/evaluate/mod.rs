//! `genolewm evaluate`: measures a model on data that it never saw.

mod references;
mod tasks;

pub(super) use references::{References, annotation};

use super::common::backend::Backend;
use super::common::model::{self, ModelArgs};
use super::common::terminal::Terminal;
use crate::common::command::{Context, Status};
use genolewm_core::Result;
use genolewm_core::evaluation::BootstrapOptions;
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_evaluate::measure::clinvar::Outcome;
use genolewm_evaluate::measure::evaluation::{
    Evaluation, SCHEMA_VERSION, percentile_plot, roc_plot,
};
use genolewm_evaluate::measure::language;
use genolewm_evaluate::measure::prediction::{Prediction, Synthetic, synthetic_items};
use genolewm_evaluate::sequence::{fit_markov, held_out_windows};
use genolewm_evaluate::states::Model;
use genolewm_evaluate::variants::Bounds;
use genolewm_report::output::write_atomically;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tasks::Task;

/// Measure a model on data that it never saw
///
/// Language, prediction, percentiles of common variants, ClinVar and substitutions of primates, each
/// beside its baselines. Only what --holdout names is measured; the same file must have been kept out
/// of training.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Table of the training sequence, which the Markov model is fitted to
    #[arg(long, value_name = "TSV")]
    corpus: PathBuf,
    /// What was kept out of training
    #[arg(long, value_name = "BED")]
    holdout: PathBuf,
    /// Table of the held-out sequence
    #[arg(long, value_name = "TSV")]
    evaluation: PathBuf,
    /// Where the calibration table's variants lie: nothing there is measured
    #[arg(long, value_name = "BED")]
    calibration: Option<PathBuf>,
    /// Held-out variants with frequencies, a VCF or a gnomAD shard, of which the common ones count;
    /// may be repeated
    #[arg(long, value_name = "FILE", requires = "common_fasta")]
    common: Vec<PathBuf>,
    /// The reference of --common; of several, the first with a contig counts
    #[arg(long, value_name = "FASTA", requires = "common")]
    common_fasta: Vec<PathBuf>,
    /// Of --common only variants whose whole window lies in one of these intervals
    #[arg(long, value_name = "BED", requires = "common")]
    common_regions: Option<PathBuf>,
    /// Variants with clinical classes, a VCF or a ClinVar shard; may be repeated. Those held out are
    /// measured, the others fit the ensemble
    #[arg(
        long,
        value_name = "FILE",
        requires = "clinvar_fasta",
        requires = "annotation"
    )]
    clinvar: Vec<PathBuf>,
    /// The reference of --clinvar: chromosomes, or pieces named ASSEMBLY_CONTIG_FIRST_LAST; of
    /// several, the first with a contig counts
    #[arg(long, value_name = "FASTA", requires = "clinvar")]
    clinvar_fasta: Vec<PathBuf>,
    /// Alignment of human, chimpanzee, gorilla and orangutan: fixed against random substitutions
    #[arg(
        long,
        value_name = "MAF",
        requires = "primates_fasta",
        requires = "annotation"
    )]
    primates: Option<PathBuf>,
    /// The human reference of --primates
    #[arg(long, value_name = "FASTA", requires = "primates")]
    primates_fasta: Option<PathBuf>,
    /// Most pairs of a fixed and a random substitution that are measured, and that fit the ensemble
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    primate_pairs: usize,
    /// Transcripts in chromosome coordinates, as a table of exons or GFF3; may be repeated
    #[arg(long, value_name = "FILE")]
    annotation: Vec<PathBuf>,
    /// Where eval_metrics.json goes
    #[arg(long, short = 'o', value_name = "JSON")]
    output: PathBuf,
    /// Where evaluation.md and its pictures go
    #[arg(long, value_name = "DIR")]
    report_dir: Option<PathBuf>,
    /// Windows of held-out sequence
    #[arg(long, value_name = "N", default_value_t = 200)]
    windows: usize,
    /// Bases that the Markov model is fitted to
    #[arg(long, value_name = "BP", default_value_t = 20_000_000)]
    markov_bp: usize,
    /// Resamples of a bootstrap interval
    #[arg(long, value_name = "N", default_value_t = BootstrapOptions::default().resamples)]
    resamples: usize,
}

/// Measures, and writes figures, report and pictures at the end.
///
/// # Errors
/// `EVAL.DATASET` for data that were not kept out of training or leave nothing to measure; those of
/// the model and the files.
pub fn run(args: &Args, context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    let seed = context.shared.seed.unwrap_or(0);
    let model = load(args)?;
    let holdout = HoldoutPolicy::read(&args.holdout)?;
    terminal.info("fitting the Markov model");
    let (chain, fitted_to_bp) = fit_markov(&args.corpus, &args.holdout, args.markov_bp, seed)?;
    let window_bp = model.bundle.info.config.window_bp;
    let windows = held_out_windows(&args.evaluation, &holdout, window_bp, args.windows, seed)?;
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
    let mut prediction = synthetic(&model, &windows, seed)?;
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
        language: Some(language),
        prediction,
        uniformity,
        clinvar: outcome.as_ref().map(|outcome| outcome.figures.clone()),
        primates,
    };
    write(args, &evaluation, percentiles.as_deref(), outcome.as_ref())?;
    terminal.line(evaluation.page().to_markdown().trim_end())?;
    terminal.info(format_args!("figures: {}", args.output.display()));
    Ok(Status::Done)
}

fn load(args: &Args) -> Result<Model> {
    let ops = Backend::cpu(&args.model.backend)?;
    let bundle = model::load(&ops, &args.model)?;
    Ok(Model { ops, bundle })
}

fn synthetic(
    model: &Model,
    windows: &[Vec<u8>],
    seed: u64,
) -> Result<BTreeMap<String, Prediction>> {
    let mut figures = BTreeMap::new();
    for (name, kind) in [
        ("synthetic_snv", Synthetic::Snv),
        ("synthetic_indel", Synthetic::Indel),
    ] {
        let measured = model.measure(&synthetic_items(windows, kind, seed)?)?;
        figures.extend(Prediction::of(&measured).map(|of| (name.to_owned(), of)));
    }
    Ok(figures)
}

fn write(
    args: &Args,
    evaluation: &Evaluation,
    percentiles: Option<&[f64]>,
    outcome: Option<&Outcome>,
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
