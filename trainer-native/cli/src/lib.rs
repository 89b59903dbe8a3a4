//! The command line: a table of commands, one verb a file.
//!
//! Nothing here computes a score. A command reads flags, calls the library and writes what comes
//! back, through the [`Terminal`] that it is given.
#![forbid(unsafe_code)]

pub mod builtin;
pub mod common;
pub mod cache_build;
pub mod cache_windows;
pub mod scoring;
pub mod calibrate;
pub mod carbon_baseline;
pub mod completions;
pub mod doctor;
pub mod evaluate;
pub mod eval;
pub mod eval_all;
pub mod export;
pub mod import;
pub mod network;
pub mod plan;
pub mod prepare;
pub mod prepare_clinvar;
pub mod prepare_gnomad;
pub mod rollout;
pub mod score;
pub mod train;
pub mod verify;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use common::command::{Context, Status};
use common::model::model_files;
use common::shared::Shared;
use common::terminal::{BANNER, Terminal, is_closed_pipe};
use common::usage::{help_or_repeated, is_typed, usage, wrong_setting};
use common::{config, invocation, paths};
use genolewm_core::bytes::take_oddities;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_observe::crash::guarded_program;
use genolewm_observe::{OpenRun, logged_run};
use genolewm_report::network_guard::NetworkGuard;
use genolewm_report::output::check_umask;
use genolewm_report::stop;
use genolewm_train::files;
use std::ffi::OsString;
use std::process::ExitCode;

const EXIT_STATUS_HELP: &str = "\
Exit status: 0, even where some alleles were skipped or the reader of a pipe left early; 2 input,
3 configuration, 4 resources, 5 training, 6 evaluation, 7 deployment, 8 provenance, 9 internal;
129 after a hangup, 130 after Ctrl-C, 143 after a termination. Errors have a code and a remedy.";

/// Score, calibrate, verify and train GenoLeWM models on your own machine.
///
/// A score says how much a variant surprises a model of DNA. It is a research tool and no
/// diagnostic.
#[derive(Debug, Parser)]
#[command(name = "genolewm", version, propagate_version = true, after_help = EXIT_STATUS_HELP)]
#[command(args_override_self = true, max_term_width = 100, help_template = overview())]
pub struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Score(Box<score::Args>),
    Verify(Box<verify::Args>),
    Import(import::Args),
    Calibrate(Box<calibrate::Args>),
    PrepareGnomad(prepare_gnomad::Args),
    PrepareClinvar(prepare_clinvar::Args),
    CarbonBaseline(Box<carbon_baseline::Args>),
    Train(Box<train::Args>),
    Evaluate(Box<evaluate::Args>),
    Eval(Box<eval::Args>),
    Plan(Box<plan::Args>),
    Rollout(Box<rollout::Args>),
    EvalAll(eval_all::Args),
    Export(Box<export::Args>),
    CacheWindows(Box<cache_windows::Args>),
    Update(network::UpdateArgs),
    Fetch(network::FetchArgs),
    Doctor(doctor::Args),
    Completions(completions::Args),
}

/// How the program's own help looks. Made of the definitions below it, which know nothing of it.
fn overview() -> String {
    let commands = Command::augment_subcommands(clap::Command::new("genolewm"));
    common::overview::template(&<Shared as clap::Args>::augment_args(commands))
}

/// A program of this command line.
pub struct Program<'a> {
    /// The commands that it knows.
    pub commands: clap::Command,
    /// The command of one that has only one.
    pub only: Option<&'a str>,
    /// Whether it says what it is not, and what its configuration is. One that was started by another,
    /// which did, does not.
    pub introduces_itself: bool,
    /// Runs a command, once its flags are understood.
    pub run: Run<'a>,
}

/// What runs a command.
pub type Run<'a> = &'a dyn Fn(&ArgMatches, &Context<'_>, &mut Terminal<'_>) -> Result<Status>;

impl<'a> Program<'a> {
    fn whole(only: Option<&'a str>) -> Self {
        Self {
            commands: Cli::command(),
            only,
            introduces_itself: true,
            run: &run_command,
        }
    }
}

/// Runs the program on the process' arguments. `command` is that of a binary that has only one.
#[must_use]
pub fn main(command: Option<&str>) -> ExitCode {
    main_of(&Program::whole(command))
}

/// Runs a program on the process' arguments.
#[must_use]
pub fn main_of(program: &Program<'_>) -> ExitCode {
    let ended = guarded_program(|| {
        let mut terminal = Terminal::standard();
        match stop::watch() {
            Ok(()) => run_program(std::env::args_os().collect(), program, &mut terminal),
            Err(error) => failed(&error, &mut terminal),
        }
    });
    ExitCode::from(ended.unwrap_or(ErrorCode::InternalGeneric.exit_status()))
}

/// Runs the program on the given arguments, the first of which is its name, and returns the exit
/// status.
pub fn run(args: Vec<OsString>, command: Option<&str>, terminal: &mut Terminal<'_>) -> u8 {
    run_program(args, &Program::whole(command), terminal)
}

fn run_program(args: Vec<OsString>, program: &Program<'_>, terminal: &mut Terminal<'_>) -> u8 {
    let ended = dispatch(args, program, terminal).and_then(|status| {
        terminal.flush()?;
        Ok(status)
    });
    match ended {
        Ok(status) => status,
        // The reader has what it wanted.
        Err(error) if is_closed_pipe(&error) => 0,
        Err(error) => failed(&error, terminal),
    }
}

fn run_command(
    matches: &ArgMatches,
    context: &Context<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let cli = Cli::from_arg_matches(matches).map_err(|error| files::internal(&error))?;
    cli.command.run(context, terminal)
}

fn failed(error: &Error, terminal: &mut Terminal<'_>) -> u8 {
    terminal.error(error);
    error.code().exit_status()
}

fn dispatch(args: Vec<OsString>, front: &Program<'_>, terminal: &mut Terminal<'_>) -> Result<u8> {
    let program = &front.commands;
    let commands: Vec<&str> = program
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    let args = invocation::expand(args, front.only, &commands);
    if let Some(error) = help_or_repeated(&args, program) {
        return usage(&error, terminal);
    }
    let (path, after) = invocation::find_command(&args, program);
    let package = genolewm_train::package::definition();
    let definitions = config::Definitions::of(program, &package);
    if let Some(key) = invocation::values_of(&args, &["--explain"]).pop() {
        config::explain(&key, &path, &definitions, terminal)?;
        return Ok(0);
    }
    let environment = std::env::vars_os();
    let configuration =
        config::Configuration::load(&args, environment, &path, program, &definitions)?;
    let defaults = configuration.flags()?;
    let matches = match with_defaults(&args, (after, defaults), program)? {
        Ok(matches) => matches,
        Err(error) => return usage(&error, terminal),
    };
    let shared = Shared::from_arg_matches(&matches).map_err(|error| files::internal(&error))?;
    terminal.set_level(shared.level());
    if shared.print_config || shared.print_config_tree {
        let sources = shared.print_config_tree.then_some(&args[..]);
        config::print(terminal, &configuration, program, (&matches, sources))?;
        return Ok(0);
    }
    if front.introduces_itself && !(shared.quiet && shared.no_banner) {
        terminal.tell(BANNER);
    }
    shared.refuse_gpus(&matches)?;
    check_umask()?;
    paths::check(&matches, program)?;
    let component = path.join(" ");
    let log = match front.introduces_itself && network::COMMANDS.contains(&component.as_str()) {
        true => None,
        false => shared.log.open(shared.log_level.severity(), &component)?,
    };
    let ended = logged_run(&component, || {
        if front.introduces_itself {
            configuration.announce(program, &matches, model_files, terminal)?;
        }
        let context = Context {
            shared: &shared,
            command_line: invocation::command_line(&args),
            arguments: args,
            settings: config::settings(&path, program, &matches),
        };
        match (front.run)(&matches, &context, terminal) {
            // The reader has what it wanted.
            Err(error) if is_closed_pipe(&error) => Ok(Status::Done),
            ended => ended,
        }
    });
    take_oddities().iter().for_each(|odd| terminal.warn(odd));
    if let Some(Err(error)) = log.map(OpenRun::close) {
        terminal.warn(format_args!("the log is not whole: {error}"));
    }
    Ok(match ended? {
        Status::Done => 0,
        Status::Interrupted => stop::exit_status(),
    })
}

/// What the arguments come to with a configuration's flags among them, or what is wrong with those that
/// were typed.
fn with_defaults(
    args: &[OsString],
    (after, defaults): (usize, Vec<OsString>),
    program: &clap::Command,
) -> Result<core::result::Result<ArgMatches, clap::Error>> {
    let mut full = args.to_vec();
    let configured = !defaults.is_empty();
    full.splice(after..after, defaults);
    let error = match program.clone().try_get_matches_from(&full) {
        Ok(matches) => return Ok(Ok(matches)),
        Err(error) => error,
    };
    // What is only printed may want flags that are required.
    if config::is_asked_for(args) && error.kind() == ErrorKind::MissingRequiredArgument {
        let lenient = program.clone().ignore_errors(true);
        return Ok(lenient.try_get_matches_from(full));
    }
    if configured && !is_typed(&error, args, program) {
        return Err(wrong_setting(&error));
    }
    Ok(Err(error))
}

impl Command {
    fn run(&self, context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
        // What they become would inherit the guard.
        if !matches!(self, Self::Update(_) | Self::Fetch(_)) {
            NetworkGuard::raise();
        }
        match self {
            Self::Score(args) => score::run(args, context, terminal),
            Self::Verify(args) => verify::run(args, terminal),
            Self::Import(args) => import::run(args, terminal),
            Self::Calibrate(args) => calibrate::run(args, context, terminal),
            Self::PrepareGnomad(args) => prepare_gnomad::run(args, terminal),
            Self::PrepareClinvar(args) => prepare_clinvar::run(args, terminal),
            Self::CarbonBaseline(args) => carbon_baseline::run(args, context, terminal),
            Self::Train(args) => train::run(args, context, terminal),
            Self::Evaluate(args) => evaluate::run(args, context, terminal),
            Self::Eval(args) => eval::run(args, context, terminal),
            Self::Plan(args) => plan::run(args, context, terminal),
            Self::Rollout(args) => rollout::run(args, context, terminal),
            Self::EvalAll(args) => eval_all::run(args, terminal),
            Self::Export(args) => export::run(args, context, terminal),
            Self::CacheWindows(args) => cache_windows::run(args, terminal),
            Self::Update(_) | Self::Fetch(_) => network::hand_over(context, terminal),
            Self::Doctor(args) => doctor::run(args, terminal),
            Self::Completions(args) => completions::run(args, Cli::command(), terminal),
        }
    }
}

#[cfg(test)]
mod surface_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn run_with(args: &[&str]) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut terminal = Terminal::new(&mut out, &mut err);
        let args = std::iter::once("genolewm")
            .chain(args.iter().copied())
            .map(OsString::from);
        let status = run(args.collect(), None, &mut terminal);
        drop(terminal);
        (
            status,
            String::from_utf8_lossy(&out).into_owned(),
            String::from_utf8_lossy(&err).into_owned(),
        )
    }

    #[test]
    fn every_flag_is_well_defined() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_reach_flags_and_flags_win() {
        let args = [
            "score",
            "--set",
            "score.batch_size=7",
            "--set",
            "score.strict=true",
            "--print-config",
        ];
        let (status, out, _) = run_with(&args);
        assert_eq!(status, 0);
        assert!(
            out.contains("  batch_size: 7\n") && out.contains("  strict: true\n"),
            "{out}"
        );
        let (_, out, _) = run_with(&[&args[..], &["--batch-size", "9"]].concat());
        assert!(out.contains("  batch_size: 9\n"), "{out}");
    }

    #[test]
    fn wrong_settings_are_configuration_errors() {
        let (status, _, err) =
            run_with(&["score", "--print-config", "--set", "score.batch_size=x"]);
        assert_eq!(status, 3, "{err}");
        assert!(err.contains("[CONFIG.GENERIC]"), "{err}");
        assert_eq!(run_with(&["score", "--set", "what=1"]).0, 3);
        assert_eq!(run_with(&["score", "--no-such-flag"]).0, 2);
    }

    #[test]
    fn of_a_flag_that_was_typed_twice_the_first_vanished() {
        for twice in [
            &["score", "--vcf", "a.vcf", "--vcf", "b.vcf"][..],
            &["score", "-o", "a", "--output", "b"],
            &["score", "--regions=1", "--regions=2"],
            &["evaluate", "--seed", "1", "--seed", "2"],
            &["verify", "r", "--manifest", "a", "--manifest", "b"],
        ] {
            let (status, _, err) = run_with(twice);
            assert_eq!(status, 2, "{err}");
            assert!(err.contains("cannot be used multiple times"), "{err}");
        }
        let harmless = ["score", "--strict", "--strict", "--print-config"];
        assert_eq!(run_with(&harmless).0, 0);
        let several = ["score", "--sample", "a", "--sample", "b", "--print-config"];
        let (status, out, _) = run_with(&several);
        assert!(
            status == 0 && out.contains("- a\n") && out.contains("- b\n"),
            "{out}"
        );
    }
}
