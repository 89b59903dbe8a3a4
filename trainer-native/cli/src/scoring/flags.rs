//! The flags of `genolewm score`.

use super::annotation::AnnotationArgs;
use super::writer::{Compressed, Format};
use crate::common::alleles::AlleleArgs;
use crate::common::model::{GridArgs, ModelArgs};
use genolewm::scorer::{BATCH_SIZE, GenomicContext, ScoreOptions, ViewChoice};
use genolewm_core::Error;
use genolewm_core::context::{
    DEFAULT_MIN_BUCKET_SIZE, RegionClass, RepeatClass, classify_repeat, region_of_terms,
};
use genolewm_core::surprise::Aggregation;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Score the variants of a file, or one variant
///
/// Variants come from a VCF (plain, gzip or bgzip) or from a raw-data file of 23andMe, AncestryDNA,
/// MyHeritage, FamilyTreeDNA, Living DNA or Sequencing.com, as it is or in the ZIP archive that they
/// deliver, told apart by content. Every allele is either scored or skipped for a reason that the
/// summary counts.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Variants to score; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "variant")]
    pub vcf: Option<PathBuf>,
    /// The file inside, where --vcf is a ZIP archive with several
    #[arg(long, value_name = "NAME", requires = "vcf")]
    pub member: Option<String>,
    /// One variant to score
    #[arg(long, value_name = "CHROM:POS:REF:ALT")]
    pub variant: Option<String>,
    /// Reference FASTA, plain or bgzip; its indexes are used where they lie beside it
    #[arg(long, value_name = "FASTA")]
    pub fasta: Option<PathBuf>,
    /// Reference bases around --variant, instead of --fasta
    #[arg(
        long,
        value_name = "BASES",
        requires = "variant",
        conflicts_with = "fasta"
    )]
    pub window: Option<String>,
    /// 0-based position of the first base of --window
    #[arg(long, value_name = "N", default_value_t = 0, alias = "window-start-bp")]
    pub window_start: u64,
    /// The model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Where windows start.
    #[command(flatten)]
    pub grid: GridArgs,
    /// The form of alleles.
    #[command(flatten)]
    pub form: AlleleArgs,
    /// What is known of the variants' places.
    #[command(flatten)]
    pub context: AnnotationArgs,
    /// What is said of all of them.
    #[command(flatten)]
    pub rank: RankArgs,
    /// The files.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Score only what this sample carries; several with commas, or repeated
    /// [default: what at least one sample carries, where a VCF has genotypes]
    #[arg(long, value_name = "NAME", conflicts_with = "variant")]
    pub sample: Vec<String>,
    /// Score every allele of the file, carried or not
    #[arg(long, conflicts_with_all = ["variant", "sample"])]
    pub all_alleles: bool,
    /// Scores that this program wrote before: alleles that they hold, scored with the same model in the same
    /// window, are not scored again; repeated for several
    ///
    /// Parquet says itself which model made it; other formats need their receipts beside them, as
    /// FILE.receipts.jsonl. On the processor answers are those of a fresh run to
    /// the last digit.
    #[arg(long, value_name = "FILE", conflicts_with = "variant")]
    pub known: Vec<PathBuf>,
    /// Score only CHROM[:START-END],… or the intervals of a BED file
    #[arg(long, value_name = "REGIONS")]
    pub regions: Option<String>,
    /// Fail at the first allele that cannot be scored or record that is malformed
    #[arg(long)]
    pub strict: bool,
    /// Processor threads [default: all]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Alleles in one call of the model
    #[arg(long, value_name = "N", default_value_t = BATCH_SIZE)]
    pub batch_size: NonZeroUsize,
    /// Draw no progress bar
    #[arg(long, overrides_with = "progress")]
    pub no_progress: bool,
    /// Draw a progress bar where standard error is a terminal, as is done unless told otherwise
    #[arg(long, overrides_with = "no_progress")]
    progress: bool,
}

/// Among what variants are ranked.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Context")]
pub struct RankArgs {
    /// The region that all variants lie in: a class, or terms such as missense_variant
    #[arg(long, value_name = "TERMS", value_parser = region, conflicts_with = "annotation")]
    pub region: Option<RegionClass>,
    /// The repeat that all variants lie in: a class, or terms such as LINE/L1
    #[arg(long, value_name = "TERMS", value_parser = repeat, conflicts_with = "repeats")]
    pub repeat: Option<RepeatClass>,
    /// Background variants that a bucket needs; smaller ones give way to wider ones
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MIN_BUCKET_SIZE,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub min_bucket_size: u64,
    /// Views of a variant that are computed: all of the model's, fast (the first alone), or a list such
    /// as +0,+2,-4 [default: all]
    ///
    /// The calibration of a model is of all its views: the percentiles of others have low confidence.
    #[arg(long, value_name = "VIEWS", allow_hyphen_values = true)]
    pub views: Option<ViewChoice>,
    /// How the distances of several views become one: mean, max, median, or state_mean, the distance between the mean states [default: as the model says]
    #[arg(long, value_name = "NAME")]
    pub aggregation: Option<Aggregation>,
}

impl Args {
    /// How distances become scores.
    #[must_use]
    pub fn options(&self) -> ScoreOptions {
        ScoreOptions {
            window_stride_bp: self.grid.window_stride_bp,
            ..self.rank.options()
        }
    }
}

impl RankArgs {
    fn options(&self) -> ScoreOptions {
        ScoreOptions {
            min_bucket_size: self.min_bucket_size,
            views: self.views.unwrap_or_default(),
            aggregation: self.aggregation,
            window_stride_bp: None,
            everywhere: GenomicContext {
                region: self.region,
                repeat: self.repeat,
            },
        }
    }
}

fn region(text: &str) -> core::result::Result<RegionClass, String> {
    region_of_terms(text).map_err(|error| said(&error))
}

fn repeat(text: &str) -> core::result::Result<RepeatClass, String> {
    classify_repeat(Some(text)).map_err(|error| said(&error))
}

/// What is wrong with a flag's value: the parser of flags adds code and value.
fn said(error: &Error) -> String {
    let remedy = error.remedy().map(|remedy| format!(": {remedy}"));
    format!("{}{}", error.message(), remedy.unwrap_or_default())
}

/// Where results go.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Where the scores go; - for standard output [default: -]
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Format of the scores [default: by the name of --output, else jsonl]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// VCF output, plain or bgzip [default: by the name of --output]
    #[arg(long, short = 'O', value_enum, value_name = "TYPE")]
    pub output_type: Option<Compressed>,
    /// Where receipts go: JSONL for a file, JSON for --variant [default: OUTPUT.receipts.jsonl]
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
    /// Write the alleles that were not scored, with reasons
    #[arg(long, value_name = "FILE")]
    pub skipped: Option<PathBuf>,
    /// Write empty outputs where nothing could be scored, as of a shard without variants, instead of failing
    #[arg(long, conflicts_with = "variant")]
    pub allow_empty: bool,
    /// Go on where the same command was stopped: what it had scored is kept beside --output
    #[arg(long, conflicts_with = "variant")]
    pub resume: bool,
    /// Print a table of the N highest percentiles [default with --format table: 20]
    #[arg(long, value_name = "N")]
    pub top: Option<NonZeroUsize>,
}

const EXAMPLES: &str = "\
Examples:
    genolewm score --vcf variants.vcf.gz --fasta hg19.fa.gz --output scores.jsonl --top 20
    genolewm score --vcf in.vcf --fasta ref.fa -O z -o scored.vcf.gz --skipped skipped.tsv
    genolewm score --variant chr17:41276045:G:A --fasta hg19.fa.gz --receipt receipt.json";
