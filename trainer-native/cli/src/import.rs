//! `genolewm import`: consumer-array files to VCF.

use super::common::output::{Output, display_name};
use super::common::terminal::Terminal;
use super::scoring::input::open_input;
use crate::common::command::Status;
use clap::ValueEnum;
use genolewm::runtime::open_reference;
use genolewm_core::error::Location;
use genolewm_core::position::Position;
use genolewm_core::source::{ImportOptions, ReferenceAlleles, SourceFormat, convert_to_vcf};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_train::files::read_text;
use std::path::{Path, PathBuf};

/// Convert a raw-data file to VCF
///
/// Array files name no reference alleles: these come from --fasta or from --reference-alleles.
/// Nothing leaves this machine.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The raw-data file, plain or gzip; - for standard input
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// Where the VCF goes; - for standard output
    #[arg(long, short = 'o', value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Format of the input
    #[arg(long, value_enum, default_value_t)]
    format: ImportFormat,
    /// Reference FASTA of the file's genome build
    #[arg(long, value_name = "FASTA")]
    fasta: Option<PathBuf>,
    /// Reference alleles instead of --fasta: a table of contig, position and allele
    #[arg(long, value_name = "TSV", conflicts_with = "fasta")]
    reference_alleles: Option<PathBuf>,
    /// Name of the sample in the VCF
    #[arg(long, value_name = "NAME", default_value = "sample")]
    sample_id: String,
    /// Fail at rows that cannot be converted, instead of leaving them out and counting them
    #[arg(long)]
    strict: bool,
}

/// Formats of `import`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ImportFormat {
    /// By content
    #[default]
    Auto,
    /// 23andMe
    #[value(name = "23andme")]
    TwentyThreeAndMe,
    /// AncestryDNA
    Ancestry,
    /// MyHeritage
    Myheritage,
    /// Sequencing.com's JSON
    Sequencing,
}

impl ImportFormat {
    fn source(self) -> Option<SourceFormat> {
        match self {
            Self::Auto => None,
            Self::TwentyThreeAndMe => Some(SourceFormat::TwentyThreeAndMe),
            Self::Ancestry => Some(SourceFormat::AncestryDna),
            Self::Myheritage => Some(SourceFormat::MyHeritage),
            Self::Sequencing => Some(SourceFormat::SequencingJson),
        }
    }
}

/// Converts the file and tells the counts.
///
/// # Errors
/// `INPUT.*` for a file or row that cannot be converted, `RESOURCE.*` for the output.
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    let name = args.input.display().to_string();
    let (input, _) = open_input(&args.input)?;
    let options = ImportOptions {
        format: args.format.source(),
        sample_id: args.sample_id.clone(),
        skip_unsupported: !args.strict,
    };
    let mut lookup = alleles(args)?;
    let mut output = Output::create(&args.output)?;
    let summary = convert_to_vcf(input, &name, &mut output, &mut lookup, &options)?;
    output.commit()?;
    terminal.info(format_args!(
        "variants written: {}\nleft out: {} reference calls, {} no-calls, {} that a VCF cannot hold or whose reference is not known",
        summary.records_written, summary.ref_calls_skipped, summary.no_calls_skipped, summary.unsupported_skipped
    ));
    terminal.info(format_args!("output: {}", display_name(&args.output)));
    if summary.records_written == 0 {
        terminal.warn("the VCF holds no variant");
    }
    Ok(Status::Done)
}

/// Looks a reference allele up; none where it is not known.
type Lookup = Box<dyn FnMut(&str, Position) -> Result<Option<String>>>;

/// Where reference alleles come from.
fn alleles(args: &Args) -> Result<Lookup> {
    if let Some(fasta) = &args.fasta {
        let mut reference = open_reference(fasta)?;
        return Ok(Box::new(move |contig, pos| {
            let base = reference.base(contig, pos)?;
            Ok(base.filter(|base| *base != 'N').map(String::from))
        }));
    }
    if let Some(path) = &args.reference_alleles {
        let table = read_table(path)?;
        let get = move |contig: &str, pos| Ok(table.get(contig, pos).map(str::to_owned));
        return Ok(Box::new(get));
    }
    Ok(Box::new(|_, _| {
        let message = "array files name no reference alleles";
        Err(Error::new(ErrorCode::InputGeneric, message).with_remedy(
            "give the reference with --fasta, or the alleles with --reference-alleles",
        ))
    }))
}

fn read_table(path: &Path) -> Result<ReferenceAlleles> {
    let name = path.display().to_string();
    let text = read_text(path)?;
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let columns: Vec<&str> = line.split_whitespace().collect();
        let row = match columns.as_slice() {
            [contig, pos, allele, ..] => pos.parse().ok().map(|pos| (*contig, pos, *allele)),
            _ => None,
        };
        rows.push(row.ok_or_else(|| {
            Error::new(
                ErrorCode::InputGeneric,
                "a row of the table has no contig, position and allele",
            )
            .at(Location::line(&name, number))
        })?);
    }
    ReferenceAlleles::new(rows)
}
