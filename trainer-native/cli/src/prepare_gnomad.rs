//! `genolewm prepare-gnomad`: common variants as a shard.

use crate::common::command::Status;
use crate::common::terminal::Terminal;
use crate::prepare::ShardArgs;
use genolewm_core::Result;
use genolewm_data::shards::{GnomadRules, prepare_gnomad_shard};

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
}

/// Writes the shard and prints the report.
///
/// # Errors
/// As [`prepare_gnomad_shard`].
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    let rules = GnomadRules {
        min_af: args.min_af,
        max_allele_bp: args.shard.max_allele_len,
    };
    args.shard.run(&args.release, terminal, |request, stop| {
        prepare_gnomad_shard(request, rules, stop)
    })
}
