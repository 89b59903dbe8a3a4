//! `genolewm prepare-clinvar`: classified variants as a shard.

use crate::common::command::Status;
use crate::common::terminal::Terminal;
use crate::prepare::ShardArgs;
use genolewm_core::Result;
use genolewm_data::shards::{ClinvarRules, MissingId, prepare_clinvar_shard};

/// Normalise a ClinVar VCF into a Parquet shard
///
/// Writes OUTPUT/clinvar/RELEASE/variants.parquet and one line of JSON with the counts. A shard that
/// is there is kept, and its rows are counted.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// From what and where
    #[command(flatten)]
    shard: ShardArgs,
    /// The release's date, such as 2026-04-15, or another label
    #[arg(long, value_name = "LABEL")]
    release: String,
    /// What to do at a record without a number of ClinVar
    #[arg(long, value_enum, default_value_t)]
    missing_id: MissingId,
}

/// Writes the shard and prints the report.
///
/// # Errors
/// As [`prepare_clinvar_shard`].
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    let rules = ClinvarRules {
        max_allele_bp: args.shard.max_allele_len,
        missing_id: args.missing_id,
    };
    args.shard.run(&args.release, terminal, |request, stop| {
        prepare_clinvar_shard(request, rules, stop)
    })
}
