//! What the commands that make shards share.

use crate::common::command::Status;
use crate::common::terminal::Terminal;
use genolewm_core::Result;
use genolewm_core::edit::MAX_ALLELE_BP;
use genolewm_data::shards::{PrepareReport, PrepareRequest};
use genolewm_train::run::StopFlag;
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
    /// Longest reference or alternate allele that is kept, in bp
    #[arg(long, value_name = "BP", default_value_t = MAX_ALLELE_BP)]
    pub(super) max_allele_len: usize,
}

impl ShardArgs {
    /// Makes the shard of a release with `make`, and prints its report.
    pub(super) fn run(
        &self,
        release: &str,
        terminal: &mut Terminal<'_>,
        make: impl FnOnce(&PrepareRequest<'_>, &dyn Fn() -> bool) -> Result<Option<PrepareReport>>,
    ) -> Result<Status> {
        let stop = StopFlag::on_signals()?;
        let request = PrepareRequest {
            input_vcf: &self.input_vcf,
            output_dir: &self.output,
            release,
            overwrite: self.overwrite,
        };
        let Some(report) = make(&request, &|| stop.is_set())? else {
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
}
