//! What a user hears of flags that are wrong, or that ask for help.

use super::terminal::Terminal;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use genolewm_core::{Error, ErrorCode, Result};
use std::ffi::OsString;

/// Help, the version, or what is wrong with the flags, in clap's words.
pub(crate) fn usage(error: &clap::Error, terminal: &mut Terminal<'_>) -> Result<u8> {
    let text = error.render().to_string();
    if error.use_stderr() {
        let code = ErrorCode::InputGeneric;
        let text = text
            .trim_end()
            .trim_end_matches("For more information, try '--help'.")
            .trim_end();
        let remedy = remedy_of(error)
            .unwrap_or_else(|| "--help lists the flags and what they take".to_owned());
        terminal.tell(format_args!("{text} [{code}]\n  remedy: {remedy}"));
        return Ok(code.exit_status());
    }
    terminal.line(text.trim_end())?;
    Ok(0)
}

/// What to do about a number that nothing can be done with: of threads, alleles, rows there is one at
/// least.
fn remedy_of(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let (flag, value) = (
        text(ContextKind::InvalidArg)?,
        text(ContextKind::InvalidValue)?,
    );
    let is_zero = error.kind() == ErrorKind::ValueValidation && value.parse() == Ok(0_u64);
    let flag = flag.split_whitespace().next()?;
    is_zero.then(|| format!("give {flag} a number from 1 on, or leave the flag out"))
}

/// The help or version that is asked for, whatever the configuration says; or what is wrong with a flag
/// that takes one value and was typed with two: the last wins over a configuration, but of two that were
/// typed neither may vanish.
pub(crate) fn help_or_repeated(args: &[OsString], program: &clap::Command) -> Option<clap::Error> {
    let strict = program.clone().args_override_self(false);
    let error = strict.try_get_matches_from(args).err()?;
    let (again, before) = (
        error.get(ContextKind::InvalidArg),
        error.get(ContextKind::PriorArg),
    );
    let takes_value = matches!(again, Some(ContextValue::String(arg)) if arg.contains('<'));
    let is_repeated = error.kind() == ErrorKind::ArgumentConflict && again == before;
    (is_repeated && takes_value || !error.use_stderr()).then_some(error)
}

/// Whether what was typed is at fault, and not the configuration that was added to it.
pub(crate) fn is_typed(error: &clap::Error, args: &[OsString], program: &clap::Command) -> bool {
    let typed = program.clone().try_get_matches_from(args).err();
    error.kind() == ErrorKind::MissingRequiredArgument
        || !error.use_stderr()
        || typed.is_some_and(|typed| typed.kind() == error.kind())
}

pub(crate) fn wrong_setting(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    let first = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned();
    Error::new(
        ErrorCode::ConfigGeneric,
        format!("the configuration is not accepted: {first}"),
    )
    .with_remedy(remedy_of(error).unwrap_or_else(|| {
        "correct --config or --set; `genolewm <command> --help` lists the flags and values"
            .to_owned()
    }))
}
