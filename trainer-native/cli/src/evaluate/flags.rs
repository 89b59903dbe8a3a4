//! The flags of `genolewm evaluate`.

use crate::common::alleles::AlleleArgs;
use crate::common::model::{GridArgs, ModelArgs};
use genolewm_core::evaluation::BootstrapOptions;
use std::path::PathBuf;

/// Measure a model on data that it never saw
///
/// Language, prediction, percentiles of common variants, ClinVar and substitutions of primates, each
/// beside its baselines. Only what --holdout names is measured; the same file must have been kept out
/// of training.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub(super) model: ModelArgs,
    /// Where windows start.
    #[command(flatten)]
    pub(super) grid: GridArgs,
    #[command(flatten)]
    pub(super) form: AlleleArgs,
    /// Table of the training sequence, which the Markov model is fitted to
    #[arg(long, value_name = "TSV")]
    pub(super) corpus: PathBuf,
    /// What was kept out of training
    #[arg(long, value_name = "BED")]
    pub(super) holdout: PathBuf,
    /// Table of the held-out sequence
    #[arg(long, value_name = "TSV")]
    pub(super) evaluation: PathBuf,
    /// Where the calibration table's variants lie: nothing there is measured
    #[arg(long, value_name = "BED")]
    pub(super) calibration: Option<PathBuf>,
    /// Held-out variants with frequencies, a VCF or a gnomAD shard, of which the common ones count;
    /// may be repeated
    #[arg(long, value_name = "FILE", requires = "common_fasta")]
    pub(super) common: Vec<PathBuf>,
    /// The reference of --common; of several, the first with a contig counts
    #[arg(long, value_name = "FASTA", requires = "common")]
    pub(super) common_fasta: Vec<PathBuf>,
    /// Of --common only variants whose whole window lies in one of these intervals
    #[arg(long, value_name = "BED", requires = "common")]
    pub(super) common_regions: Option<PathBuf>,
    /// Variants with clinical classes, a VCF or a ClinVar shard; may be repeated. Those held out are
    /// measured, the others fit the ensemble
    #[arg(
        long,
        value_name = "FILE",
        requires = "clinvar_fasta",
        requires = "annotation"
    )]
    pub(super) clinvar: Vec<PathBuf>,
    /// The reference of --clinvar: chromosomes, or pieces named ASSEMBLY_CONTIG_FIRST_LAST; of
    /// several, the first with a contig counts
    #[arg(long, value_name = "FASTA", requires = "clinvar")]
    pub(super) clinvar_fasta: Vec<PathBuf>,
    /// Alignment of human, chimpanzee, gorilla and orangutan: fixed against random substitutions
    #[arg(
        long,
        value_name = "MAF",
        requires = "primates_fasta",
        requires = "annotation"
    )]
    pub(super) primates: Option<PathBuf>,
    /// The human reference of --primates
    #[arg(long, value_name = "FASTA", requires = "primates")]
    pub(super) primates_fasta: Option<PathBuf>,
    /// Most pairs of a fixed and a random substitution that are measured, and that fit the ensemble
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub(super) primate_pairs: usize,
    /// Transcripts in chromosome coordinates, as a table of exons or GFF3; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(super) annotation: Vec<PathBuf>,
    /// Where eval_metrics.json goes
    #[arg(long, short = 'o', value_name = "JSON")]
    pub(super) output: PathBuf,
    /// Where evaluation.md and its pictures go
    #[arg(long, value_name = "DIR")]
    pub(super) report_dir: Option<PathBuf>,
    /// Windows of held-out sequence
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(super) windows: usize,
    /// Bases that the Markov model is fitted to
    #[arg(long, value_name = "BP", default_value_t = 20_000_000)]
    pub(super) markov_bp: usize,
    /// Report a model whose prediction is no closer than "nothing changes", too, instead of failing
    #[arg(long)]
    pub(super) no_gate: bool,
    /// Resamples of a bootstrap interval
    #[arg(long, value_name = "N", default_value_t = BootstrapOptions::default().resamples)]
    pub(super) resamples: usize,
}
