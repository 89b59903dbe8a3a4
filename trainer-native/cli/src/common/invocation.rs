//! The name by which the program was called, and where its command stands among the arguments.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Names of the Python package's commands start with this; so may links to this program.
const PREFIXES: [&str; 2] = ["geno-lewm-", "genolewm-"];

/// Adds the command that the program's own name stands for: `geno-lewm-score …` becomes
/// `geno-lewm-score score …`. `fixed` is the command of a binary that has only one.
#[must_use]
pub fn expand(mut args: Vec<OsString>, fixed: Option<&str>, commands: &[&str]) -> Vec<OsString> {
    let named = args.first().and_then(|name| command_of(name, commands));
    if let Some(command) = fixed.or(named) {
        args.insert(1, command.into());
    }
    args
}

fn command_of<'a>(program: &OsStr, commands: &[&'a str]) -> Option<&'a str> {
    let stem = Path::new(program).file_stem()?.to_str()?;
    let command = PREFIXES
        .iter()
        .find_map(|prefix| stem.strip_prefix(prefix))?;
    commands.iter().copied().find(|known| *known == command)
}

/// The command in the arguments: its path, such as `["train", "encoder"]`, and the index of the
/// argument after it.
#[must_use]
pub fn find_command(args: &[OsString], program: &clap::Command) -> (Vec<String>, usize) {
    let (mut path, mut after, mut command) = (Vec::new(), 1, program);
    let mut args = args.iter().enumerate().skip(1);
    while let Some((index, arg)) = args.next() {
        let Some(arg) = arg.to_str() else { break };
        if takes_next(arg, program) || takes_next(arg, command) {
            args.next();
        } else if !arg.starts_with('-') {
            let Some(found) = command.find_subcommand(arg) else {
                break;
            };
            path.push(found.get_name().to_owned());
            (command, after) = (found, index + 1);
        }
    }
    (path, after)
}

/// Whether an argument is a flag of a command whose value is the next argument.
fn takes_next(arg: &str, command: &clap::Command) -> bool {
    command.get_arguments().any(|flag| {
        let long = flag.get_long().map(|long| format!("--{long}"));
        let short = flag.get_short().map(|short| format!("-{short}"));
        flag.get_action().takes_values() && [long, short].iter().flatten().any(|name| name == arg)
    })
}

/// The values of a flag, given as `--flag value`, `--flag=value` or, where it is short, `-fvalue`.
#[must_use]
pub fn values_of(args: &[OsString], names: &[&str]) -> Vec<String> {
    let mut values = Vec::new();
    let mut args = args.iter().skip(1).map(|arg| arg.to_string_lossy());
    while let Some(arg) = args.next().filter(|arg| arg != "--") {
        if names.contains(&arg.as_ref()) {
            values.extend(args.next().map(|value| value.into_owned()));
        } else if let Some((name, value)) = arg.split_once('=')
            && names.contains(&name)
        {
            values.push(value.to_owned());
        } else if let Some(value) = names.iter().find_map(|name| attached(name, &arg)) {
            values.push(value.to_owned());
        }
    }
    values
}

/// The value behind a short flag.
fn attached<'a>(name: &str, arg: &'a str) -> Option<&'a str> {
    let short = name.len() == 2 && !arg.starts_with("--");
    arg.strip_prefix(name).filter(|_| short)
}

/// Flags that change no result, and whether a value follows.
const TELL_NOTHING: [(&str, bool); 6] = [
    ("--log-dir", true),
    ("--log-format", true),
    ("--log-level", true),
    ("--redaction-strict", true),
    ("--resume", false),
    ("--run-id", true),
];

/// The arguments that may change a result as one line that a shell would take.
#[must_use]
pub fn command_line(args: &[OsString]) -> String {
    let mut told = Vec::new();
    let mut left = args.iter();
    while let Some(arg) = left.next() {
        let (name, value) = arg.to_str().map_or(("", None), |text| {
            text.split_once('=')
                .map_or((text, None), |(name, value)| (name, Some(value)))
        });
        match TELL_NOTHING.iter().find(|(flag, _)| *flag == name) {
            Some((_, true)) if value.is_none() => drop(left.next()),
            Some(_) => {}
            None => told.push(arg),
        }
    }
    let plain = |c: char| c.is_alphanumeric() || "-_=./:,@%+".contains(c);
    let quote = |arg: &OsString| {
        let text: String = arg
            .to_string_lossy()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        if !text.is_empty() && text.chars().all(plain) {
            text
        } else {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
    };
    told.into_iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::shared::Shared;
    use super::*;
    use clap::Args;

    fn args(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_name_of_the_program_chooses_the_command() {
        let commands = ["score", "train"];
        let expanded = |text, fixed| expand(args(text), fixed, &commands);
        assert_eq!(
            expanded("/usr/bin/geno-lewm-score --vcf a", None)[1],
            "score"
        );
        assert_eq!(expanded("genolewm-train.exe encoder", None)[1], "train");
        assert_eq!(expanded("anything encoder", Some("train"))[1], "train");
        assert_eq!(expanded("genolewm doctor", None)[1], "doctor");
        assert_eq!(expanded("geno-lewm-other doctor", None)[1], "doctor");
    }

    #[test]
    fn commands_are_found_between_shared_flags() {
        let inner = clap::Command::new("train").subcommand(clap::Command::new("encoder"));
        let program = Shared::augment_args(clap::Command::new("genolewm")).subcommand(inner);
        let found = find_command(
            &args("genolewm --set train --quiet train encoder --x y"),
            &program,
        );
        assert_eq!(found, (vec!["train".to_owned(), "encoder".to_owned()], 6));
    }

    #[test]
    fn values_come_in_both_spellings() {
        let found = values_of(
            &args("x --set a=1 -s b=2 --set=c=3 -sd=4 -- --set e=5"),
            &["--set", "-s"],
        );
        assert_eq!(found, ["a=1", "b=2", "c=3", "d=4"]);
    }

    #[test]
    fn command_lines_are_quoted() {
        let args = ["genolewm", "a b", "it's", "c\nd", ""].map(OsString::from);
        assert_eq!(command_line(&args), r"genolewm 'a b' 'it'\''s' 'c d' ''");
    }

    #[test]
    fn a_log_was_told_of_in_the_outputs() {
        let text = "genolewm score --log-dir a --run-id=b --resume --vcf c --log-format json";
        assert_eq!(command_line(&args(text)), "genolewm score --vcf c");
    }
}
