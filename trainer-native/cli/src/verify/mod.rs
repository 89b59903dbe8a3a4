//! `genolewm verify`: does a receipt hold?

mod input;
mod flags;
mod verified;
mod rerun;
mod observed;

use super::common::terminal::Terminal;
use crate::common::command::Status;
use crate::scoring::rows::read_rows;
pub use flags::Args;
use genolewm::planning::verify_plan;
use genolewm_core::error::Location;
use genolewm_core::provenance::{MODEL_FILES_DETAIL, Manifest, Receipt};
use genolewm_core::{Error, Result};
use genolewm_train::files::{read, read_document};
use input::incomplete;
use observed::{observed, started};
use rerun::Rerun;
use std::path::Path;
use verified::Verified;

/// Verifies and says what was checked, and what was not.
///
/// # Errors
/// `PROVENANCE.*` for a receipt that does not hold; `INPUT.GENERIC` for input flags that are
/// incomplete.
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    observed(&args.receipt, || verify(args, terminal))
}

fn verify(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    if !args.tolerance.is_finite() || args.tolerance < 0.0 {
        return Err(incomplete("--tolerance is 0 or more").with_detail("tolerance", args.tolerance));
    }
    if let Some(report) = &args.plan {
        return plan(args, report, terminal);
    }
    let name = args.receipt.display().to_string();
    let scores = args.scores.as_deref().map(read_rows);
    let verified = Verified {
        manifest: read_manifest(&args.manifest)?,
        receipts: Receipt::parse_all(&read(&args.receipt)?, &name)?,
        input: args.input.edit()?,
        rows: scores.transpose()?,
        name,
    };
    started(&verified.name, &verified.manifest)?;
    verified.check_flags(args)?;
    let runs = verified.check_receipts(args)?;
    verified.check_rows()?;
    let rerun = match args.rerun {
        true => Some(rerun::run(args, &verified)?),
        false => None,
    };
    report(&verified, runs, rerun.as_ref(), terminal)?;
    Ok(Status::Done)
}

/// The receipt of a plan.
fn plan(args: &Args, report: &Path, terminal: &mut Terminal<'_>) -> Result<Status> {
    let manifest = read_manifest(&args.manifest)?;
    started(&args.receipt.display().to_string(), &manifest)?;
    let receipt = read_document(&args.receipt)?;
    verify_plan(&receipt, &read(report)?, &manifest.model_id()?)?;
    for line in [
        "model: ok",
        "report: ok",
        "not checked: whether the model gives this plan: plan again with the report's settings",
        "not checked: window and states, the date, backend, device and program version",
        "ok: 1 receipt",
    ] {
        terminal.line(line)?;
    }
    Ok(Status::Done)
}

/// The manifest at a path, whatever its name.
fn read_manifest(path: &Path) -> Result<Manifest> {
    if path.is_dir() {
        let name = path.join("manifest.json").display().to_string();
        return Err(Error::input("--manifest is a folder")
            .in_file(&name)
            .with_remedy(format!("give the manifest of the model: --manifest {name}")));
    }
    Manifest::parse(&read(path)?).map_err(|error| {
        let known = error.location().cloned().unwrap_or_default();
        error.at(Location {
            file: path.display().to_string(),
            ..known
        })
    })
}

fn report(
    verified: &Verified<'_>,
    runs: usize,
    rerun: Option<&Rerun>,
    terminal: &mut Terminal<'_>,
) -> Result<()> {
    let count = verified.receipts.len();
    let several = format!("ok, of {runs} files one after the other");
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
        match runs {
            1 => "ok",
            2.. => &several,
            0 if count == 1 => "not checked (one receipt)",
            0 => "not checked (the receipts have none)",
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
