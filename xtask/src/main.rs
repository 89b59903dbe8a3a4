//! CI's vocabulary: the checks of this repository that cargo has no word for.
//!
//! `cargo xtask layers` holds the direction of imports, `cargo xtask size` the weight of what is
//! checked in. Each prints what is wrong, where, and what to do about it, and exits with 1.
#![forbid(unsafe_code)]

mod layers;
mod size;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What a check answers: one line to print when all is well, or every fault that it found.
type Verdict = Result<String, Vec<String>>;

/// A command: its name, what it holds, and the function that checks it below the root.
type Command = (&'static str, &'static str, fn(&Path) -> Verdict);

const COMMANDS: [Command; 2] = [
    (
        "layers",
        "imports go one way only, between crates and inside them",
        layers::check,
    ),
    (
        "size",
        "the built-in model and every tracked file stay small",
        size::check,
    ),
];

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let Some((_, _, check)) = COMMANDS.iter().find(|(known, ..)| *known == name) else {
        return usage(&name);
    };
    match check(&root()) {
        Ok(summary) => {
            say(&mut io::stdout(), &format!("{name}: {summary}"));
            ExitCode::SUCCESS
        }
        Err(faults) => {
            for fault in &faults {
                say(&mut io::stderr(), &format!("error: {fault}\n"));
            }
            say(
                &mut io::stderr(),
                &format!("{name}: {} fault(s)", faults.len()),
            );
            ExitCode::FAILURE
        }
    }
}

/// The workspace root: the folder above this crate.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

fn usage(name: &str) -> ExitCode {
    let mut text = format!("error: no such command: {name:?}\n\nusage: cargo xtask COMMAND\n");
    for (known, about, _) in COMMANDS {
        text.push_str(&format!("\n  {known:<8} {about}"));
    }
    say(&mut io::stderr(), &text);
    ExitCode::from(2)
}

/// A reader that has gone away is no reason to fail a check.
fn say(out: &mut dyn Write, text: &str) {
    let _ = writeln!(out, "{text}");
}
