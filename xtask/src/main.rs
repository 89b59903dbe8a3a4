//! CI's vocabulary: the checks of this repository that cargo has no word for.
//!
//! `cargo xtask layers` holds the direction of imports, `cargo xtask size` the weight of what is
//! checked in, `cargo xtask docs` what the pages say, `cargo xtask book` the site they make, `cargo xtask deny` what dependencies bring; `cargo xtask build-wasm` makes the module for
//! browsers, and `cargo xtask pack` the npm package around it; `cargo xtask test` runs every test from a fresh clone. Each prints what is wrong, where, and what to do about it, and exits with 1.
#![forbid(unsafe_code)]

mod command;
mod files;
mod deny;
mod cases;
mod links;
mod book;
mod layers;
mod api;
mod docs;
mod size;
mod wasm;
mod pack;
mod dist;
mod fuzz;
mod slowest;
mod test;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use command::Verdict;

/// A command's work below the root, with what was typed behind its name.
type Work = fn(&Path, &[String]) -> Verdict;

/// A command: its name, what it is for, and its work.
type XtaskCommand = (&'static str, &'static str, Work);

const COMMANDS: [XtaskCommand; 12] = [
    (
        "layers",
        "imports go one way only, between crates and inside them",
        |root, _| layers::check(root),
    ),
    (
        "size",
        "the built-in model and every tracked file stay small",
        |root, _| size::check(root),
    ),
    (
        "docs",
        "the pages list what the code has, and their links lead somewhere; --write makes those anew \
         that are made from tables",
        docs::check,
    ),
    (
        "book",
        "the documentation as a site, by mdBook, in target/book/site",
        |root, more| one(book::build(root, more)),
    ),
    (
        "deny",
        "licences of dependencies are allowed, and nothing that ships can open a connection",
        |root, _| deny::check(root),
    ),
    (
        "fuzz",
        "libFuzzer over every reader: TARGET..., --seconds N for each, --list",
        fuzz::run,
    ),
    (
        "build-wasm",
        "the WebAssembly module of the npm package",
        |root, more| one(wasm::build(root, more)),
    ),
    (
        "pack",
        "the npm package, with the module and the built-in model in it",
        |root, more| one(pack::run(root, more)),
    ),
    (
        "dist",
        "a release's archive for this system or the one named, with its checksum",
        |root, more| one(dist::run(root, more)),
    ),
    (
        "test",
        "every test: test-web, then test-native (arguments go to the latter's runner)",
        |root, more| one(test::all(root, more)),
    ),
    (
        "test-native",
        "unpack the vectors, build the program, run the workspace's tests (arguments go on)",
        |root, more| one(test::native(root, more)),
    ),
    (
        "test-web",
        "build module, package and page, run their tests in Chromium, Node, Deno and workerd",
        |root, more| one(test::web(root, more)),
    ),
];

/// The verdict of a command that ends at its first fault.
fn one(done: Result<String, String>) -> Verdict {
    done.map_err(|fault| vec![fault])
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let Some((_, _, work)) = COMMANDS.iter().find(|(known, ..)| *known == name) else {
        return usage(&name);
    };
    match work(&root(), &arguments) {
        Ok(summary) => {
            // A test runner has spoken for itself.
            if !summary.is_empty() {
                say(&mut io::stdout(), &format!("{name}: {summary}"));
            }
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

/// The workspace root: the folder above this crate. Cargo is asked first, since two checkouts that
/// share a target folder also share this program.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().unwrap_or(&here).to_owned()
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
