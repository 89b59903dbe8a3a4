//! `genolewm export`: a model in the formats of others.

use super::Status;
use super::common::model;
use super::common::terminal::Terminal;
use super::scoring::top::Table;
use crate::export::source::Source;
use crate::export::{Format, write};
use genolewm_shared::Result;
use genolewm_shared::provenance::sha256_prefixed;
use std::path::PathBuf;

/// Write a model's networks in another format
///
/// Beside the files goes export_report.json with the hash and size of each.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// What is written
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Format,
    /// Model directory [default: the built-in model]
    #[arg(long, value_name = "DIR")]
    model_dir: Option<PathBuf>,
    /// Where the files go; made if need be
    #[arg(long, value_name = "DIR")]
    output_dir: PathBuf,
    /// Replace files that are there already
    #[arg(long)]
    overwrite: bool,
}

/// Writes the files and lists them.
///
/// # Errors
/// As the model's and the directory's.
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    let files = model::model_files(args.model_dir.as_deref())?;
    let artifacts = args.format.export(&Source::read(files.as_ref())?)?;
    write(&args.output_dir, &artifacts, args.overwrite)?;
    let mut table = Table::default();
    for artifact in &artifacts {
        table.push(vec![
            args.output_dir.join(artifact.file).display().to_string(),
            format!("{} bytes", artifact.bytes.len()),
            sha256_prefixed(&artifact.bytes),
        ]);
    }
    terminal.line(table.render())?;
    Ok(Status::Done)
}
