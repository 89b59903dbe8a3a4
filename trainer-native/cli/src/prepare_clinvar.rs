//! `genolewm prepare-clinvar`: classified variants as a shard.

use super::Status;
use super::common::terminal::Terminal;
use super::prepare::{ShardArgs, tell};
use genolewm_core::Result;
use genolewm_data::shards::{ClinvarRules, MissingId, prepare_clinvar_shard};
use genolewm_train::run::StopFlag;

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
    /// Longest reference or alternate allele that is kept, in bp
    #[arg(long, value_name = "BP", default_value_t = ClinvarRules::default().max_allele_bp)]
    max_allele_len: usize,
    /// What to do at a record without a number of ClinVar
    #[arg(long, value_enum, default_value_t)]
    missing_id: MissingId,
}

/// Writes the shard and prints the report.
///
/// # Errors
/// As [`prepare_clinvar_shard`].
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    let stop = StopFlag::on_signals()?;
    let rules = ClinvarRules {
        max_allele_bp: args.max_allele_len,
        missing_id: args.missing_id,
    };
    let report =
        prepare_clinvar_shard(&args.shard.request(&args.release), rules, &|| stop.is_set())?;
    tell(report.as_ref(), terminal)
}
