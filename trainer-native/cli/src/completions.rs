//! `genolewm completions`: what a shell needs to complete commands and flags.

use crate::common::command::Status;
use crate::common::terminal::Terminal;
use clap_complete::Shell;
use genolewm_core::Result;

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(about)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script for `program`.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &Args, mut program: clap::Command, terminal: &mut Terminal<'_>) -> Result<Status> {
    // Through a buffer: the generator panics when it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "genolewm", &mut script);
    terminal.line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Status::Done)
}
