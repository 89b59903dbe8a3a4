//! `genolewm import`: consumer-array files to VCF.

use super::common::output::{Output, display_name};
use super::common::terminal::Terminal;
use super::scoring::input::open_input;
use crate::common::command::Status;
use clap::ValueEnum;
use genolewm::runtime::open_reference;
use genolewm::scorer::{Import, ImportRequest, Intake, Selection, VariantFile};
use genolewm_core::reference::{AlleleTable, BaseSource, Reference};
use genolewm_core::source::SourceFormat;
use genolewm_core::{Error, Result};
use genolewm_train::files::read_text;
use std::path::PathBuf;

/// Convert a raw-data file to VCF
///
/// Array files name no reference alleles: these come from --fasta or from --reference-alleles, and a
/// file that does not belong to them is refused. Nothing leaves this machine.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The raw-data file, plain, gzip or in a ZIP archive; - for standard input
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
    /// The file inside, where the input is a ZIP archive with several
    #[arg(long, value_name = "NAME")]
    member: Option<String>,
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
    /// FamilyTreeDNA
    Familytreedna,
    /// Living DNA
    Livingdna,
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
            Self::Familytreedna => Some(SourceFormat::FamilyTreeDna),
            Self::Livingdna => Some(SourceFormat::LivingDna),
            Self::Sequencing => Some(SourceFormat::SequencingJson),
        }
    }
}

/// Converts the file and tells the counts.
///
/// # Errors
/// `INPUT.*` for a file that cannot be read or belongs to another reference, or with --strict for a row
/// that cannot be converted; `RESOURCE.*` for the output.
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    if let Some(fasta) = &args.fasta {
        return convert(
            args,
            &fasta.display().to_string(),
            open_reference(fasta)?,
            terminal,
        );
    }
    let table = match &args.reference_alleles {
        Some(path) => AlleleTable::parse(&read_text(path)?, &path.display().to_string())?,
        None => AlleleTable::default(),
    };
    convert(args, "", Reference::new(table), terminal)
}

fn convert<S: BaseSource>(
    args: &Args,
    reference_name: &str,
    mut reference: Reference<S>,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let name = args.input.display().to_string();
    let selection = Selection {
        strict: args.strict,
        member: args.member.clone(),
        ..Selection::default()
    };
    let request = ImportRequest {
        sample_id: args.sample_id.clone(),
        format: args.format.source(),
        strict: args.strict,
    };
    let mut input = VariantFile::new(open_input(&args.input)?.0, &name);
    let mut import = Import::new(Intake::new(&name, reference_name, selection), request)?;
    input.open(import.intake_mut())?;
    let is_array = import
        .intake_mut()
        .reader()
        .is_some_and(|reader| reader.format().is_array());
    if is_array && reference.contigs().is_empty() {
        let message = "array files name no reference alleles";
        return Err(Error::input(message).with_remedy(
            "give the reference with --fasta, or the alleles with --reference-alleles",
        ));
    }
    let mut output = Output::create(&args.output)?;
    while let Some(need) = import.next(&mut reference)? {
        input.meet(need, import.intake_mut())?;
    }
    let (vcf, counts, warnings) = import.finish(&reference)?;
    output.line(vcf.trim_end())?;
    output.commit()?;
    warnings
        .iter()
        .take(SHOWN_WARNINGS)
        .for_each(|warning| terminal.warn(warning));
    terminal.info(format_args!(
        "variants written: {}\nleft out: {} reference calls, {} no-calls, {} that a VCF cannot hold or whose reference is not known, {} not understood",
        counts.records_written, counts.ref_calls_skipped, counts.no_calls_skipped, counts.unsupported_skipped, counts.malformed_skipped
    ));
    terminal.info(format_args!("output: {}", display_name(&args.output)));
    if counts.records_written == 0 {
        terminal.warn("the VCF holds no variant");
    }
    Ok(Status::Done)
}

/// Warnings that are shown; the counts say the rest.
const SHOWN_WARNINGS: usize = 10;
