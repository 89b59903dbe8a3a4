//! Every command that a page shows: it is run on the example as it stands there or, where that
//! takes what a test has not, its flags are read by the program.
//!
//! A block of `sh` runs as a whole, those of a page in order in one folder that has `examples`,
//! `models` and the program. A comment right before a block says what else is true of it:
//! `<!-- not run: WHY -->`, or `<!-- exit status: 2 -->` of its last command.
#![cfg(unix)]
// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_tests::{Dir, dir};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Pages whose commands take a test of their own.
const OWN_TEST: [&str; 5] = [
    "docs/first-hour-person.md",
    "docs/first-hour-bioinformatician.md",
    "docs/first-hour-lab.md",
    "docs/reading-a-score.md",
    "docs/model-card.md",
];

/// Pages outside of `docs`.
const MORE: [&str; 5] = [
    "README.md",
    "examples/README.md",
    "models/builtin/README.md",
    "wasm-tests/README.md",
    "web/README.md",
];

/// What is done with a block.
#[derive(Debug, PartialEq, Eq)]
enum Mark {
    /// It runs, and ends with this status.
    Runs(i32),
    /// The program reads its flags.
    Read,
}

#[derive(Debug)]
struct Block {
    line: usize,
    mark: Mark,
    code: String,
}

/// The blocks of `sh` of a page.
fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut before = "";
    while let Some((number, line)) = lines.next() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let code = lines.by_ref().map(|(_, line)| line);
            let code: Vec<&str> = code
                .take_while(|line| !line.trim_start().starts_with("```"))
                .collect();
            if language == "sh" {
                found.push(Block {
                    line: number + 1,
                    mark: mark(before).unwrap_or_else(|| panic!("{page}:{number}: {before}")),
                    code: code.join("\n"),
                });
            }
        }
        before = line;
    }
    found
}

/// What the line before a block says of it; `None` where it says nothing that is known.
fn mark(line: &str) -> Option<Mark> {
    let Some(comment) = line.strip_prefix("<!-- ") else {
        return Some(Mark::Runs(0));
    };
    let (what, value) = comment.strip_suffix(" -->")?.split_once(": ")?;
    match what {
        "not run" if value.len() > 3 => Some(Mark::Read),
        "exit status" => Some(Mark::Runs(value.parse().ok()?)),
        _ => None,
    }
}

/// Commands of a block, each on one line.
fn commands(code: &str) -> Vec<String> {
    let joined = code.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// A shell in `dir`, that finds the program by its name.
fn shell(dir: &Dir, script: &str) -> (Option<i32>, String) {
    let path = std::env::var("PATH").unwrap_or_default();
    let own = dir.path("bin").display().to_string();
    let output = Command::new("sh")
        .args(["-eu", "-c", script])
        .current_dir(dir.path(""))
        .env("PATH", format!("{own}:{path}"))
        .env("HOME", dir.path(""))
        .output()
        .expect("a shell");
    let told = [output.stdout, output.stderr].concat();
    let status = output.status.code();
    (status, String::from_utf8_lossy(&told).into_owned())
}

/// A folder as a page finds it.
fn place(dir: Dir) -> Dir {
    fs::create_dir(dir.path("bin")).expect("a folder");
    symlink(dir.program(), dir.path("bin/genolewm")).expect("a link");
    for name in ["examples", "models"] {
        symlink(Path::new(ROOT).join(name), dir.path(name)).expect("a link");
    }
    dir
}

/// Runs a page's blocks; says how many commands ran, and of how many the flags were read.
fn check(page: &str) -> (usize, usize) {
    let path = Path::new(ROOT).join(page);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
    let dir = place(dir!());
    let (mut ran, mut read) = (0, 0);
    for Block { line, mark, code } in blocks(page, &text) {
        let commands = commands(&code);
        check_own_commands(page, line, &commands);
        if let Mark::Runs(expected) = mark {
            let (status, told) = shell(&dir, &code);
            assert_eq!(status, Some(expected), "{page}:{line}\n{code}\n{told}");
            ran += commands.len();
            continue;
        }
        for command in commands.iter().filter(|line| line.starts_with("genolewm ")) {
            // Names that such pages use for the reader's own.
            let script = format!(
                "genolewm() {{ command genolewm \"$@\" --print-config; }}\n\
                 DATA=data EXONS='--exons exons'; set -- one two\n{command}"
            );
            let (status, told) = shell(&dir, &script);
            assert_eq!(status, Some(0), "{page}:{line}: {command}\n{told}");
            read += 1;
        }
    }
    (ran, read)
}

/// `cargo xtask NAME` is one of its commands.
fn check_own_commands(page: &str, line: usize, commands: &[String]) {
    let list = fs::read_to_string(Path::new(ROOT).join("xtask/src/main.rs")).expect("xtask");
    for command in commands {
        for rest in command.split("cargo xtask ").skip(1) {
            let name = rest.split_whitespace().next().unwrap_or_default();
            let known = list.contains(&format!("\n        \"{name}\",\n"));
            assert!(known, "{page}:{line}: no `cargo xtask {name}`");
        }
    }
}

/// Checks a page with commands that run.
fn check_running(page: &str) {
    assert!(OWN_TEST.contains(&page), "{page}");
    let (ran, _) = check(page);
    assert!(ran > 0, "{page}: no command runs");
}

#[test]
fn a_command_for_a_person_with_a_file_was_stale() {
    check_running("docs/first-hour-person.md");
}

#[test]
fn a_command_for_a_bioinformatician_was_stale() {
    check_running("docs/first-hour-bioinformatician.md");
}

#[test]
fn a_command_for_a_lab_was_stale() {
    check_running("docs/first-hour-lab.md");
}

#[test]
fn a_command_for_reading_a_score_was_stale() {
    check_running("docs/reading-a-score.md");
}

#[test]
fn a_command_of_the_model_card_was_stale() {
    check_running("docs/model-card.md");
}

#[test]
fn a_command_of_any_other_page_was_stale() {
    let pages = fs::read_dir(Path::new(ROOT).join("docs")).expect("pages");
    let name = |path: PathBuf| Some(format!("docs/{}", path.file_name()?.to_str()?));
    let mut pages: Vec<String> = pages
        .filter_map(|entry| name(entry.expect("an entry").path()))
        .filter(|page| page.ends_with(".md") && !OWN_TEST.contains(&page.as_str()))
        .collect();
    pages.extend(MORE.map(str::to_owned));
    let (ran, read) = pages
        .iter()
        .map(|page| check(page))
        .fold((0, 0), |sum, (ran, read)| (sum.0 + ran, sum.1 + read));
    assert!(ran + read >= 15, "{ran} run, {read} read");
}

#[test]
fn a_block_says_whether_it_runs() {
    let text = "```sh\na \\\n  b\n# c\n```\n<!-- exit status: 2 -->\n```sh\nd\n```\n\
                ```js\ne\n```\n<!-- not run: a GPU -->\n```sh\nf\n```\n";
    let found = blocks("page", text);
    let marks: Vec<&Mark> = found.iter().map(|block| &block.mark).collect();
    assert_eq!(marks, [&Mark::Runs(0), &Mark::Runs(2), &Mark::Read]);
    assert_eq!(commands(&found[0].code), ["a    b"]);
    for nothing in [
        "<!-- not run: -->",
        "<!-- ran: no -->",
        "<!-- exit status: x -->",
    ] {
        assert_eq!(mark(nothing), None, "{nothing}");
    }
}
