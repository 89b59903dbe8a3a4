//! The only code that uses the network: `genolewm update`, which installs new releases of a model, and
//! `genolewm fetch`, which brings encoders and data sets.
//!
//! It is a program of its own, `genolewm-network`, so that the one which reads genomes has no means
//! to open a connection. Whatever comes is held to a size, a hash and a path inside its folder before it
//! gets its name.
#![forbid(unsafe_code)]

pub mod halt;
pub mod web;
pub mod staging;
pub mod transfer;
pub mod session;
pub mod release;
pub mod update;
pub mod hub;
pub mod fetch;

use clap::{CommandFactory, FromArgMatches};
use genolewm_cli::common::command::{Context, Status};
use genolewm_cli::common::terminal::Terminal;
use genolewm_cli::network::{COMMANDS, FetchArgs, UpdateArgs};
use genolewm_cli::{Cli, Program};
use genolewm_core::{Error, Result};
use genolewm_train::files::internal;
use std::process::ExitCode;

/// Runs the program on the process' arguments.
#[must_use]
pub fn main() -> ExitCode {
    // All commands are known, so that one configuration serves both programs.
    let commands = Cli::command().name("genolewm-network");
    let commands = commands.mut_subcommands(|command| {
        let ours = COMMANDS.contains(&command.get_name());
        command.hide(!ours)
    });
    genolewm_cli::main_of(&Program {
        commands,
        only: None,
        introduces_itself: false,
        run: &run,
    })
}

fn run(
    matches: &clap::ArgMatches,
    context: &Context<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let wrong = |error: clap::Error| internal(&error);
    match matches.subcommand() {
        Some(("update", matches)) => {
            let args = UpdateArgs::from_arg_matches(matches).map_err(wrong)?;
            update::run(&args, context, terminal)
        }
        Some(("fetch", matches)) => {
            let args = FetchArgs::from_arg_matches(matches).map_err(wrong)?;
            fetch::run(&args, context, terminal)
        }
        _ => Err(Error::input("this program only updates and fetches")
            .with_remedy("use `genolewm`, which does everything that needs no network")),
    }
}
