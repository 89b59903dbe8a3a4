//! The table of the Python package's names against the flags that there are.

use super::Cli;
use clap::{Arg, Command, CommandFactory};

const TABLE: &str = include_str!("../../../docs/api/mapping.tsv");

/// The cell of a row that lists commands.
const COMMANDS: usize = 4;

#[test]
fn every_flag_of_the_table_is_one_of_its_command() {
    let mut program = Cli::command();
    program.build();
    let mut flags = 0;
    for (index, line) in TABLE.lines().enumerate().skip(1) {
        let cell = line.split('\t').nth(COMMANDS).unwrap_or("-");
        let written = cell.split(", ").filter(|item| *item != "-");
        let elsewhere = |item: &&str| item.starts_with("cargo xtask ") || item.starts_with("docs/");
        for item in written.filter(|item| !elsewhere(item)) {
            assert!(
                is_known(&program, item),
                "docs/api/mapping.tsv:{}: no `{item}`",
                index + 1
            );
            flags += 1;
        }
    }
    assert!(flags > 300, "{flags}");
}

#[test]
fn what_is_no_flag_is_not_taken_for_one() {
    let mut program = Cli::command();
    program.build();
    for known in [
        "score",
        "--config",
        "score --vcf",
        "verify RECEIPT",
        "train predictor --steps",
    ] {
        assert!(is_known(&program, known), "{known}");
    }
    for unknown in [
        "scores",
        "--vcf",
        "score --vfc",
        "score RECEIPT",
        "score predictor --vcf",
    ] {
        assert!(!is_known(&program, unknown), "{unknown}");
    }
}

/// Whether the words are commands, one in the other, and a flag or the name of a value of the last.
fn is_known(program: &Command, item: &str) -> bool {
    let mut command = program;
    let mut words = item.split(' ').peekable();
    while let Some(inner) = words.peek().and_then(|word| command.find_subcommand(word)) {
        command = inner;
        words.next();
    }
    let rest: Vec<&str> = words.collect();
    match rest[..] {
        [] => true,
        [word] => command.get_arguments().any(|arg| is_called(arg, word)),
        _ => false,
    }
}

/// Whether an argument is this flag, by its name or another, or takes this value by its place.
fn is_called(arg: &Arg, word: &str) -> bool {
    let Some(flag) = word.strip_prefix("--") else {
        let names = arg.get_value_names().unwrap_or_default();
        return arg.is_positional() && names.iter().any(|name| name.as_str() == word);
    };
    let aliases = arg.get_all_aliases().unwrap_or_default();
    arg.get_long() == Some(flag) || aliases.contains(&flag)
}
