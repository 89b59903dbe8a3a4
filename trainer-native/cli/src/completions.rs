//! `genolewm completions`: what a shell needs to complete commands and flags; man pages too, for
//! those who make packages.

use crate::common::command::Status;
use crate::common::config::write_reference;
use crate::common::terminal::Terminal;
use clap_complete::Shell;
use genolewm_core::Result;
use genolewm_report::output::io_error;
use std::path::PathBuf;

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_enum, required_unless_present_any = ["man", "configuration"])]
    shell: Option<Shell>,
    /// Write man pages into this directory instead
    #[arg(long, value_name = "DIR", hide = true, conflicts_with = "shell")]
    man: Option<PathBuf>,
    /// Write the page of the configuration, its schema and every command's defaults into this directory
    /// instead
    #[arg(long, value_name = "DIR", hide = true, conflicts_with_all = ["shell", "man"])]
    configuration: Option<PathBuf>,
}

/// Prints the script for `program`, or writes its pages.
///
/// # Errors
/// When standard output or the directory cannot be written.
pub fn run(args: &Args, mut program: clap::Command, terminal: &mut Terminal<'_>) -> Result<Status> {
    let Some(shell) = args.shell else {
        if let Some(folder) = &args.configuration {
            write_reference(&program, folder)?;
        }
        if let Some(folder) = &args.man {
            clap_mangen::generate_to(program, folder)
                .map_err(|e| io_error(&folder.display().to_string(), &e))?;
        }
        return Ok(Status::Done);
    };
    // Through a buffer: the generator panics when it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, "genolewm", &mut script);
    terminal.line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Status::Done)
}
