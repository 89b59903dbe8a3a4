//! The program's first help: every command among its like, on one screen.

use clap::Command;

/// Columns that the list of flags may take.
const COLUMNS: usize = 100;

/// Commands by what they are for. Those that stand in no group come last.
const GROUPS: [(&str, &[&str]); 4] = [
    (
        "Variants",
        &["score", "import", "verify", "plan", "carbon-baseline"],
    ),
    (
        "Models",
        &["train", "calibrate", "export", "update", "fetch"],
    ),
    (
        "Data",
        &["prepare-gnomad", "prepare-clinvar", "cache-windows"],
    ),
    ("Figures", &["evaluate", "eval", "eval-all", "rollout"]),
];

/// The group of all others.
const OTHERS: &str = "This program";

/// A template of clap's for the help of a program with these commands and flags. What a flag does
/// stands in the help of every command, so here are their names alone.
#[must_use]
pub fn template(program: &Command) -> String {
    let names = program.get_subcommands().map(Command::get_name);
    let width = names.map(str::len).max().unwrap_or_default();
    let mut text = "{about-with-newline}\n{usage-heading} {usage}\n\n".to_owned();
    for (title, commands) in grouped(program) {
        text.push_str(&format!("{title}:\n"));
        for command in commands {
            let about = command.get_about().map(ToString::to_string);
            let about = about.unwrap_or_default();
            text.push_str(&format!("  {:width$}  {about}\n", command.get_name()));
        }
    }
    let flags = program
        .get_arguments()
        .filter_map(|flag| flag.get_long())
        .map(|name| format!("--{name}"));
    text.push_str("\nFlags of every command, as genolewm COMMAND --help explains them:\n");
    text.push_str(&wrapped(flags));
    text.push_str("{after-help}");
    text
}

/// The commands of each group that has any, in the group's order.
fn grouped(program: &Command) -> Vec<(&'static str, Vec<&Command>)> {
    let is_grouped = |command: &&Command| {
        let mut names = GROUPS.iter().flat_map(|(_, names)| *names);
        names.any(|name| *name == command.get_name())
    };
    let others = program.get_subcommands().filter(|c| !is_grouped(c));
    let mut groups: Vec<_> = GROUPS
        .iter()
        .map(|(title, names)| {
            let known = names
                .iter()
                .filter_map(|name| program.find_subcommand(name));
            (*title, known.collect())
        })
        .collect();
    groups.push((OTHERS, others.collect()));
    groups.retain(|(_, commands): &(_, Vec<_>)| !commands.is_empty());
    groups
}

/// Words in indented lines of a screen's width.
fn wrapped(words: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    let mut column = COLUMNS;
    for word in words {
        if column + 1 + word.len() > COLUMNS {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push(' ');
            column = 1;
        }
        text.push(' ');
        text.push_str(&word);
        column += 1 + word.len();
    }
    text
}
