//! `genolewm evaluate`: measures a model on data that it never saw.

use super::common::backend::Backend;
use super::common::model::{self, ModelArgs};
use super::common::terminal::Terminal;
use super::scoring::place::{NativeReference, open_reference};
use super::{Context, Status};
use crate::dataset::annotation::{Annotation, read_exon_table};
use crate::dataset::bases::encode;
use crate::dataset::gff::read_gff3;
use crate::dataset::holdout::HoldoutPolicy;
use crate::dataset::local::{LocalRecord, fetch_chromosome};
use crate::dataset::markov::MarkovModel;
use crate::dataset::variants::{LabelledVariant, read_variants};
use crate::evaluate::clinvar::{self, Methods, Outcome};
use crate::evaluate::language;
use crate::evaluate::prediction::{Prediction, Synthetic, synthetic_items};
use crate::evaluate::report::{Common, Evaluation, SCHEMA_VERSION, percentile_plot, roc_plot};
use crate::evaluate::sequence::{fit_markov, held_out_windows};
use crate::evaluate::states::Model;
use crate::evaluate::uniformity::Uniformity;
use crate::evaluate::variants::{HeldOut, held_out};
use crate::output::write_atomically;
use genolewm_model::scorer::Placer;
use genolewm_shared::evaluation::BootstrapOptions;
use genolewm_shared::position::Interval;
use genolewm_shared::{ErrorCode, Result};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Measure a model on data that it never saw
///
/// Language, prediction, percentiles of common variants and ClinVar, each beside its baselines. Only
/// what --holdout names is measured; the same file must have been kept out of training.
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
    /// Held-out variants with frequencies, a VCF or a gnomAD shard, of which the common ones count
    #[arg(long, value_name = "FILE", requires = "common_fasta")]
    common: Option<PathBuf>,
    /// The reference of --common
    #[arg(long, value_name = "FASTA", requires = "common")]
    common_fasta: Option<PathBuf>,
    /// Held-out variants with clinical classes, a VCF or a ClinVar shard
    #[arg(
        long,
        value_name = "FILE",
        requires = "clinvar_fasta",
        requires = "annotation"
    )]
    clinvar: Option<PathBuf>,
    /// The reference of --clinvar: chromosomes, or pieces named ASSEMBLY_CONTIG_FIRST_LAST
    #[arg(long, value_name = "FASTA", requires = "clinvar")]
    clinvar_fasta: Option<PathBuf>,
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
    terminal.info("measuring predictions");
    let mut prediction = synthetic(&model, &windows, seed)?;
    let common = common(args, &model, &holdout, &mut prediction)?;
    if args.clinvar.is_some() {
        terminal.info("measuring ClinVar");
    }
    let outcome = clinvar(args, &model, &holdout, &chain, seed)?;
    let (uniformity, percentiles) = common.unzip();
    let evaluation = Evaluation {
        schema_version: SCHEMA_VERSION,
        generated_by: format!("genolewm evaluate {}", env!("CARGO_PKG_VERSION")),
        model_id: model.bundle.info.model_id.clone(),
        seed,
        language,
        prediction,
        uniformity,
        clinvar: outcome.as_ref().map(|outcome| outcome.figures.clone()),
    };
    write(args, &evaluation, percentiles.as_deref(), outcome.as_ref())?;
    terminal.line(evaluation.to_markdown().trim_end())?;
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
) -> Result<BTreeMap<&'static str, Prediction>> {
    let mut figures = BTreeMap::new();
    for (name, kind) in [
        ("synthetic_snv", Synthetic::Snv),
        ("synthetic_indel", Synthetic::Indel),
    ] {
        let measured = model.measure(&synthetic_items(windows, kind, seed)?)?;
        figures.extend(Prediction::of(&measured).map(|of| (name, of)));
    }
    Ok(figures)
}

/// Percentiles of the common variants; their predictions are added to the others.
fn common(
    args: &Args,
    model: &Model,
    holdout: &HoldoutPolicy,
    prediction: &mut BTreeMap<&'static str, Prediction>,
) -> Result<Option<(Common, Vec<f64>)>> {
    let (Some(vcf), Some(fasta)) = (&args.common, &args.common_fasta) else {
        return Ok(None);
    };
    let mut reference = open_reference(fasta)?;
    let held = variants(
        vcf,
        &mut reference,
        model,
        holdout,
        LabelledVariant::is_common,
    )?;
    let measured = model.measure(&held.items)?;
    prediction.extend(Prediction::of(&measured).map(|of| ("common_variants", of)));
    let percentiles: Vec<f64> = measured.iter().map(|m| m.percentile).collect();
    let figures = Common {
        uniformity: Uniformity::of(&percentiles),
        left_out: held.left_out,
    };
    Ok(Some((figures, percentiles)))
}

fn clinvar(
    args: &Args,
    model: &Model,
    holdout: &HoldoutPolicy,
    chain: &MarkovModel,
    seed: u64,
) -> Result<Option<Outcome>> {
    let (Some(vcf), Some(fasta)) = (&args.clinvar, &args.clinvar_fasta) else {
        return Ok(None);
    };
    let reference = RefCell::new(open_reference(fasta)?);
    let annotation = annotation(&args.annotation, &reference)?;
    let held = variants(
        vcf,
        &mut reference.borrow_mut(),
        model,
        holdout,
        clinvar::selected,
    )?;
    let methods = Methods {
        model,
        untrained: &load(args)?.with_random_encoder(seed),
        chain,
        annotation: &annotation,
        seed,
        bootstrap: BootstrapOptions {
            resamples: args.resamples,
            ..BootstrapOptions::default()
        },
    };
    clinvar::measure(held, &methods).map(Some)
}

/// The variants of a file that are held out and selected, placed as `score` places them.
fn variants(
    vcf: &Path,
    reference: &mut NativeReference,
    model: &Model,
    holdout: &HoldoutPolicy,
    select: impl Fn(&LabelledVariant) -> bool,
) -> Result<HeldOut> {
    let config = &model.bundle.info.config;
    let mut placer = Placer::new(config.window_bp, config.tile_bp);
    held_out(
        read_variants(vcf, ErrorCode::EvalDataset)?,
        holdout,
        select,
        &mut |edit| placer.place(reference, edit),
    )
}

/// Transcripts with the bases of the reference, by which those without a frame are given one.
pub(super) fn annotation(
    paths: &[PathBuf],
    reference: &RefCell<NativeReference>,
) -> Result<Annotation> {
    let mut transcripts = Vec::new();
    for path in paths {
        let name = path.to_string_lossy();
        let is_gff = [".gff3", ".gff", ".gff3.gz", ".gff.gz"]
            .iter()
            .any(|end| name.ends_with(end));
        transcripts.extend(if is_gff {
            read_gff3(path)?
        } else {
            read_exon_table(path)?
        });
    }
    let mut annotation = Annotation::new(transcripts);
    let contigs = reference.borrow().contigs().to_vec();
    let pieces: Vec<LocalRecord> = contigs
        .iter()
        .filter_map(|contig| LocalRecord::parse(&contig.name))
        .collect();
    let fetch = |contig: &str, span: Interval| {
        let bases = reference.borrow_mut().fetch(contig, span).ok()?;
        Some(encode(&bases))
    };
    annotation.set_bases(&|contig, span| fetch_chromosome(contig, span, &pieces, &fetch));
    Ok(annotation)
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
    file("evaluation.md", evaluation.to_markdown())?;
    percentiles.map_or(Ok(()), |percentiles| {
        file("percentiles.svg", percentile_plot(percentiles))
    })?;
    outcome.map_or(Ok(()), |outcome| file("clinvar_roc.svg", roc_plot(outcome)))
}
