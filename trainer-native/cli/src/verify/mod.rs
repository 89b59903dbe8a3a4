//! `genolewm verify`: does a receipt hold?

mod input;
mod rows;
mod rerun;

use super::common::model::ModelArgs;
use super::common::terminal::Terminal;
use crate::common::command::Status;
use genolewm::runtime::now_and_a_day;
use genolewm_core::edit::EditSpec;
use genolewm_core::error::Location;
use genolewm_core::provenance::{
    InputCommitment, MODEL_FILES_DETAIL, Manifest, Receipt, check_date, check_row_numbers,
    verify_receipt,
};
use genolewm_core::{Error, Result};
use genolewm_train::files::read;
use input::{InputArgs, incomplete};
use rerun::Rerun;
use rows::ScoredRow;
use std::path::PathBuf;

/// Verify a receipt, or a file of receipts, against a model's manifest
///
/// Without further flags: the receipt is whole, and made by the manifest's model. With the input
/// flags: it was made for this window and edit. With --scores: each row has its receipt. With
/// --rerun: the model gives these figures, and every field is compared with a receipt made anew.
/// What was not checked is listed.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// One receipt (JSON) or many (JSON lines)
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
    /// The manifest.json of the model
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The rows that the receipts are for, JSONL or TSV: each must have its receipt
    #[arg(long, value_name = "FILE")]
    scores: Option<PathBuf>,
    /// Score again and compare every field; needs the input flags, or --scores and --fasta
    #[arg(long)]
    rerun: bool,
    /// With --rerun and --scores, the reference that was scored on
    #[arg(long, value_name = "FILE", requires_all = ["rerun", "scores"])]
    fasta: Option<PathBuf>,
    /// With --rerun, the relative distance at which figures count as equal; 0 asks for the same
    /// bits
    ///
    /// Variants that are scored in other company, or on another processor, differ in the last
    /// digits.
    #[arg(long, value_name = "X", requires = "rerun", default_value_t = 1e-5)]
    tolerance: f64,
    /// With --rerun, accept a receipt of another backend, device or program than this one, and list
    /// them as not checked
    #[arg(long, requires = "rerun")]
    other_machine: bool,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    input: InputArgs,
}

/// What is verified: receipts with their line numbers, and what they are said to be for.
struct Verified<'a> {
    name: String,
    manifest: Manifest,
    receipts: Vec<(u64, Receipt)>,
    /// Window and edit of the input flags, for the one receipt.
    input: Option<(&'a str, EditSpec)>,
    rows: Option<Vec<ScoredRow>>,
}

/// Verifies and says what was checked, and what was not.
///
/// # Errors
/// `PROVENANCE.*` for a receipt that does not hold; `INPUT.GENERIC` for input flags that are
/// incomplete.
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    if !args.tolerance.is_finite() || args.tolerance < 0.0 {
        return Err(incomplete("--tolerance is 0 or more").with_detail("tolerance", args.tolerance));
    }
    let name = args.receipt.display().to_string();
    let scores = args.scores.as_deref().map(rows::read_rows);
    let verified = Verified {
        manifest: Manifest::parse(&read(&args.manifest)?)?,
        receipts: Receipt::parse_all(&read(&args.receipt)?, &name)?,
        input: args.input.edit()?,
        rows: scores.transpose()?,
        name,
    };
    verified.check_flags(args)?;
    let numbered = verified.check_receipts(args)?;
    verified.check_rows()?;
    let rerun = match args.rerun {
        true => Some(rerun::run(args, &verified)?),
        false => None,
    };
    report(&verified, numbered, rerun.as_ref(), terminal)?;
    Ok(Status::Done)
}

impl Verified<'_> {
    fn check_flags(&self, args: &Args) -> Result<()> {
        if self.receipts.len() > 1 && self.input.is_some() {
            return Err(incomplete(
                "the input flags are for one receipt, and the file has several",
            ));
        }
        if args.rerun && self.input.is_none() && args.fasta.is_none() {
            return Err(incomplete(
                "--rerun needs --input-window and --edit-{chrom,pos,ref,alt}, or --scores and --fasta",
            ));
        }
        Ok(())
    }

    /// Each receipt by itself, and their numbers; whether they have any.
    fn check_receipts(&self, args: &Args) -> Result<bool> {
        let now = now_and_a_day()?;
        for (line, receipt) in &self.receipts {
            let checked = self.check_receipt(args, receipt);
            let checked = checked.and_then(|()| check_date(receipt, Some(&now)));
            checked.map_err(|error| self.at(*line, error))?;
        }
        check_row_numbers(&self.receipts, &self.name)
    }

    fn check_receipt(&self, args: &Args, receipt: &Receipt) -> Result<()> {
        let Some((window, edit)) = &self.input else {
            return verify_receipt(receipt, &self.manifest, None);
        };
        let (pooling, dtype) = args.input.settings(receipt)?;
        let input = InputCommitment {
            reference_window: window,
            edit,
            pooling: &pooling,
            dtype: &dtype,
        };
        verify_receipt(receipt, &self.manifest, Some(&input))
    }

    /// Each row has its receipt, and each receipt its row.
    fn check_rows(&self) -> Result<()> {
        let Some(rows) = &self.rows else {
            return Ok(());
        };
        for ((line, receipt), row) in self.receipts.iter().zip(rows) {
            row.check(receipt).map_err(|error| self.at(*line, error))?;
        }
        if rows.len() == self.receipts.len() {
            return Ok(());
        }
        Err(rows::unmatched("rows and receipts differ in number")
            .with_detail("rows", rows.len())
            .with_detail("receipts", self.receipts.len()))
    }

    /// The place of an error among many receipts.
    fn at(&self, line: u64, error: Error) -> Error {
        match self.receipts.len() {
            1 => error,
            _ => error.at(Location::line(&self.name, line)),
        }
    }
}

fn report(
    verified: &Verified<'_>,
    numbered: bool,
    rerun: Option<&Rerun>,
    terminal: &mut Terminal<'_>,
) -> Result<()> {
    let count = verified.receipts.len();
    let mut line = |what: &str, how: &str| terminal.line(format_args!("{what}: {how}"));
    line("model", "ok")?;
    line(
        "input",
        match (&verified.input, rerun) {
            (None, None) => "not checked (no input flags)",
            _ => "ok",
        },
    )?;
    line("output", "ok")?;
    line("calibration table", "ok")?;
    line(
        "row numbers",
        match numbered {
            true => "ok",
            false if count == 1 => "not checked (one receipt)",
            false => "not checked (the receipts have none)",
        },
    )?;
    line(
        "rows",
        match verified.rows {
            Some(_) => "ok",
            None => "not checked (no --scores): receipts may be missing at the end",
        },
    )?;
    match rerun {
        Some(rerun) => {
            line("rerun", "ok")?;
            for what in &rerun.unchecked {
                line("not checked", what)?;
            }
        }
        None => {
            let named =
                |(_, receipt): &(u64, Receipt)| receipt.detail(MODEL_FILES_DETAIL).is_some();
            line(
                "model files",
                match verified.receipts.iter().all(named) {
                    true => "not checked (no --rerun)",
                    false => "not checked (the receipt names none)",
                },
            )?;
            line(
                "rerun",
                "not checked (no --rerun): whether the model gives these figures",
            )?;
            line("not checked", "backend, device and program version")?;
        }
    }
    line(
        "not checked",
        "the date: that it is one, and not in the future, is all that can be known",
    )?;
    terminal.line(format_args!(
        "ok: {count} receipt{}",
        if count == 1 { "" } else { "s" }
    ))
}
