//! `genolewm prepare-gnomad`: common variants as a shard.

use super::Status;
use super::common::terminal::Terminal;
use crate::shards::{GnomadRules, PrepareReport, Request, prepare_gnomad_shard};
use crate::train::run::StopFlag;
use genolewm_shared::Result;
use std::path::PathBuf;

/// Filter a gnomAD VCF into a Parquet shard of common variants
///
/// Writes OUTPUT/gnomad/RELEASE/variants.parquet and one line of JSON with the counts. A shard that
/// is there is kept, and its rows are counted.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// gnomAD's sites, plain, gzip or bgzip
    #[arg(long, value_name = "VCF")]
    input_vcf: PathBuf,
    /// The dataset's folder
    #[arg(long, short = 'o', value_name = "DIR")]
    output: PathBuf,
    /// The release's label
    #[arg(long, value_name = "LABEL", default_value = "v4.1")]
    release: String,
    /// Lowest frequency that is kept, 0 to 1
    #[arg(long, value_name = "AF", default_value_t = GnomadRules::default().min_af)]
    min_af: f64,
    /// Longest reference or alternate allele that is kept, in bp
    #[arg(long, value_name = "BP", default_value_t = GnomadRules::default().max_allele_bp)]
    max_allele_len: usize,
    /// Replace a shard that is there
    #[arg(long)]
    overwrite: bool,
}

/// Writes the shard and prints the report.
///
/// # Errors
/// As [`prepare_gnomad_shard`].
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    let stop = StopFlag::on_signals()?;
    let request = Request {
        input_vcf: &args.input_vcf,
        output_dir: &args.output,
        release: &args.release,
        overwrite: args.overwrite,
    };
    let rules = GnomadRules {
        min_af: args.min_af,
        max_allele_bp: args.max_allele_len,
    };
    let report = prepare_gnomad_shard(&request, rules, &|| stop.is_set())?;
    tell(report.as_ref(), terminal)
}

/// Prints the report of a shard; `None` for an interrupted run.
pub(super) fn tell(report: Option<&PrepareReport>, terminal: &mut Terminal<'_>) -> Result<Status> {
    let Some(report) = report else {
        terminal.warn("interrupted: nothing was written");
        return Ok(Status::Interrupted);
    };
    if report.already_exists {
        terminal.info("the shard is there already and was kept; --overwrite replaces it");
    } else if report.records_written == 0 {
        terminal.warn("the shard holds no variant");
    }
    terminal.line(report.to_json_line()?)?;
    Ok(Status::Done)
}
