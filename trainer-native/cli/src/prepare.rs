//! What the commands that make shards share.

use super::Status;
use super::common::terminal::Terminal;
use genolewm_core::Result;
use genolewm_data::shards::{PrepareReport, Request};
use std::path::PathBuf;

/// What a shard is made from, and where.
#[derive(Debug, Clone, clap::Args)]
pub struct ShardArgs {
    /// The variants, plain, gzip or bgzip
    #[arg(long, value_name = "VCF")]
    input_vcf: PathBuf,
    /// The dataset's folder
    #[arg(long, short = 'o', value_name = "DIR")]
    output: PathBuf,
    /// Replace a shard that is there
    #[arg(long)]
    overwrite: bool,
}

impl ShardArgs {
    /// The request for the shard of a release.
    pub(super) fn request<'a>(&'a self, release: &'a str) -> Request<'a> {
        Request {
            input_vcf: &self.input_vcf,
            output_dir: &self.output,
            release,
            overwrite: self.overwrite,
        }
    }
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
