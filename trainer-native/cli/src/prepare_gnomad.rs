//! `genolewm prepare-gnomad`: common variants as a shard.

use super::Status;
use super::common::terminal::Terminal;
use super::prepare::{ShardArgs, tell};
use genolewm_core::Result;
use genolewm_data::shards::{GnomadRules, prepare_gnomad_shard};
use genolewm_train::run::StopFlag;

/// Filter a gnomAD VCF into a Parquet shard of common variants
///
/// Writes OUTPUT/gnomad/RELEASE/variants.parquet and one line of JSON with the counts. A shard that
/// is there is kept, and its rows are counted.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// From what and where
    #[command(flatten)]
    shard: ShardArgs,
    /// The release's label
    #[arg(long, value_name = "LABEL", default_value = "v4.1")]
    release: String,
    /// Lowest frequency that is kept, 0 to 1
    #[arg(long, value_name = "AF", default_value_t = GnomadRules::default().min_af)]
    min_af: f64,
    /// Longest reference or alternate allele that is kept, in bp
    #[arg(long, value_name = "BP", default_value_t = GnomadRules::default().max_allele_bp)]
    max_allele_len: usize,
}

/// Writes the shard and prints the report.
///
/// # Errors
/// As [`prepare_gnomad_shard`].
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    let stop = StopFlag::on_signals()?;
    let rules = GnomadRules {
        min_af: args.min_af,
        max_allele_bp: args.max_allele_len,
    };
    let report =
        prepare_gnomad_shard(&args.shard.request(&args.release), rules, &|| stop.is_set())?;
    tell(report.as_ref(), terminal)
}
