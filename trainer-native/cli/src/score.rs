//! `genolewm score`: variants in, surprises out.

pub use super::scoring::flags::Args;

use super::common::terminal::Terminal;
use super::scoring::{batch, single};
use crate::common::command::{Context, Status};
use genolewm_core::{Error, ErrorCode, Result};

/// Scores what was asked for.
///
/// # Errors
/// `INPUT.*` for flags, variants and reference, `RESOURCE.*` for files, `DEPLOY.*`, `CONFIG.*` and
/// `PROVENANCE.*` for the model.
pub fn run(args: &Args, context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    if context.shared.no_receipt && args.output.receipt.is_some() {
        let message = "--receipt asks for what --no-receipt leaves out";
        return Err(Error::new(ErrorCode::InputGeneric, message).with_remedy("give one of them"));
    }
    if let Some(variant) = &args.variant {
        return single::run(args, variant, terminal);
    }
    let missing = |flag: &str, why: &str| {
        Error::new(ErrorCode::InputGeneric, format!("{flag} is missing")).with_remedy(why)
    };
    let vcf = args.vcf.as_deref().ok_or_else(|| {
        missing(
            "--vcf",
            "name the variants to score, or give one with --variant",
        )
    })?;
    let fasta = args.fasta.as_deref().ok_or_else(|| {
        missing(
            "--fasta",
            "name the reference on which the variants were called: it holds the bases around them",
        )
    })?;
    batch::run(args, [vcf, fasta], context, terminal)
}
