//! The public surface: which name of the Python package is where, row by row. Paths of Rust are looked
//! up here; the program's tests look up the flags, the npm package's its names.

mod made;
mod public;
mod table;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use table::{NOT_YET, Row};

/// The table, and the page that is made of it.
const TABLE: &str = "docs/api/mapping.tsv";
const PAGE: &str = "docs/api.md";

/// The public paths of the crates that are published.
const SNAPSHOT: &str = "docs/api/rust.txt";
const PUBLISHED: [&str; 2] = ["genolewm", "genolewm_core"];

/// What may change in any release, and is therefore not listed: these and what is behind them.
const EXPERIMENTAL: [&str; 2] = [
    "genolewm_core::experimental",
    "genolewm_core::planning::PlannerKind::TreeSearch",
];

/// Rows that have no counterpart yet, or only a part of one. It may only fall.
const STILL_MISSING: usize = 0;

/// The libraries, each after those whose items it hands on: folder, name in code.
const LIBRARIES: [(&str, &str); 10] = [
    ("shared", "genolewm_core"),
    ("model", "genolewm"),
    ("trainer-native/report", "genolewm_report"),
    ("trainer-native/observe", "genolewm_observe"),
    ("trainer-native/data", "genolewm_data"),
    ("trainer-native/train", "genolewm_train"),
    ("trainer-native/evaluate", "genolewm_evaluate"),
    ("trainer-native/export", "genolewm_export"),
    ("trainer-native/cli", "genolewm_cli"),
    ("trainer-native/network", "genolewm_network"),
];

/// Checks the table and its page; answers how many rows there are. With `write` the page is made
/// anew.
pub(crate) fn check(root: &Path, write: bool, faults: &mut Vec<String>) -> usize {
    match checked(root, write, faults) {
        Ok(rows) => rows,
        Err(fault) => {
            faults.push(fault);
            0
        }
    }
}

fn checked(root: &Path, write: bool, faults: &mut Vec<String>) -> Result<usize, String> {
    let text = fs::read_to_string(root.join(TABLE)).map_err(|e| format!("{TABLE}: {e}"))?;
    let rows = table::parse(&text).map_err(|fault| format!("{TABLE}:{fault}"))?;
    let paths = public::paths(root, &LIBRARIES)?;
    check_rows(&rows, &paths, STILL_MISSING, faults);
    check_snapshot(root, &paths, write, faults)?;
    check_pages(&rows, root, faults);
    let own = root.join("xtask/src/main.rs");
    check_own_commands(&rows, &fs::read_to_string(own).unwrap_or_default(), faults);
    let page = table::page(&rows);
    let file = root.join(PAGE);
    if write {
        fs::write(&file, &page).map_err(|e| format!("{PAGE}: {e}"))?;
    } else if fs::read_to_string(&file).unwrap_or_default() != page {
        faults.push(format!(
            "{PAGE}: it is not what {TABLE} says\n  help: cargo xtask docs --write"
        ));
    }
    Ok(rows.len())
}

fn check_rows(
    rows: &[Row<'_>],
    paths: &BTreeSet<String>,
    still_missing: usize,
    faults: &mut Vec<String>,
) {
    let mut names = BTreeSet::new();
    let mut missing = 0;
    for row in rows {
        let at = format!("{TABLE}:{}", row.line);
        if !names.insert(row.name) {
            faults.push(format!("{at}: `{}` has a row already", row.name));
        }
        let gone = row.rust.iter().filter(|path| !paths.contains(**path));
        faults.extend(gone.map(|path| {
            format!("{at}: no public `{path}`\n  help: say where it is now, or make it public")
        }));
        let not_yet = row.remark.contains(NOT_YET);
        missing += usize::from(not_yet);
        if !not_yet && !row.has_counterpart() {
            let name = row.name;
            faults.push(format!(
                "{at}: `{name}` has no counterpart\n  help: name one"
            ));
        }
    }
    if missing != still_missing {
        faults.push(format!(
            "{TABLE}: {missing} rows say \"{NOT_YET}\", not {still_missing}\n  \
             help: fewer are good: lower STILL_MISSING (xtask/src/api/mod.rs); more are not"
        ));
    }
}

/// What is published has the paths that are listed. More break nobody's program, and are listed when
/// somebody writes the list anew.
fn check_snapshot(
    root: &Path,
    paths: &BTreeSet<String>,
    write: bool,
    faults: &mut Vec<String>,
) -> Result<(), String> {
    let published = |path: &&String| {
        let library = path.split("::").next().unwrap_or_default();
        PUBLISHED.contains(&library) && !EXPERIMENTAL.iter().any(|one| path.starts_with(one))
    };
    let found: BTreeSet<&str> = paths.iter().filter(published).map(String::as_str).collect();
    let file = root.join(SNAPSHOT);
    if write {
        let mut text: String = found.iter().flat_map(|path| [path, "\n"]).collect();
        text.truncate(text.trim_end().len() + 1);
        return fs::write(&file, text).map_err(|e| format!("{SNAPSHOT}: {e}"));
    }
    let text = fs::read_to_string(&file).map_err(|e| format!("{SNAPSHOT}: {e}"))?;
    let listed: BTreeSet<&str> = text.lines().collect();
    for gone in listed.difference(&found) {
        faults.push(format!(
            "{SNAPSHOT}: `{gone}` is no longer public\n  help: keep it, deprecated, for a minor version \
             (docs/stability.md); or cargo xtask docs --write"
        ));
    }
    Ok(())
}

/// Pages that serve for a name are there.
fn check_pages(rows: &[Row<'_>], root: &Path, faults: &mut Vec<String>) {
    for row in rows {
        let pages = row
            .commands
            .iter()
            .filter(|command| command.starts_with("docs/"));
        for page in pages.filter(|page| !root.join(page).is_file()) {
            faults.push(format!("{TABLE}:{}: no page {page}", row.line));
        }
    }
}

/// Commands of this repository are in its list.
fn check_own_commands(rows: &[Row<'_>], list: &str, faults: &mut Vec<String>) {
    for row in rows {
        let own = row.commands.iter();
        for name in own.filter_map(|command| command.strip_prefix("cargo xtask ")) {
            if !list.contains(&format!("\n        \"{name}\",")) {
                faults.push(format!("{TABLE}:{}: no `cargo xtask {name}`", row.line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "name\twhat it is\tRust\tJavaScript\tcommand line\tremark\n# Part\n";

    fn faults_of(rows: &str) -> Vec<String> {
        let text = format!("{HEAD}{rows}");
        let rows = table::parse(&text).unwrap();
        let paths = ["a::b", "a::B::c"].map(str::to_owned);
        let mut faults = Vec::new();
        check_rows(&rows, &paths.into(), 0, &mut faults);
        check_own_commands(&rows, "(\n        \"docs\",", &mut faults);
        faults
    }

    #[test]
    fn every_row_has_a_counterpart_that_exists() {
        assert!(
            faults_of("x\t\ta::b, a::B::c\t-\t-\t\ny\t\t-\tY\tcargo xtask docs\t\n").is_empty()
        );
        for (rows, fault) in [
            ("x\t\ta::gone\t-\t-\t\n", "no public `a::gone`"),
            ("x\t\t-\t-\t-\t\n", "no counterpart"),
            ("x\t\t-\tX\t-\t\nx\t\t-\tX\t-\t\n", "a row already"),
            ("x\t\t-\t-\tcargo xtask gone\t\n", "no `cargo xtask gone`"),
            ("x\t\ta::b\t-\t-\tnot yet: all of it\n", "1 rows say"),
        ] {
            let faults = faults_of(rows);
            assert!(
                faults.iter().any(|found| found.contains(fault)),
                "{faults:?}"
            );
        }
        assert!(table::parse(&format!("{HEAD}x\ty\n")).is_err() && table::parse("x\n").is_err());
    }

    #[test]
    fn the_page_has_a_table_for_each_section() {
        let text = format!("{HEAD}x\ta|b\ta::b, a::c\t-\tscore --vcf\tr\n");
        let page = table::page(&table::parse(&text).unwrap());
        assert!(page.contains("\n## Part\n\n| Python |"), "{page}");
        assert!(page.ends_with("| `x` | a\\|b | `a::b`<br>`a::c` |  | `score --vcf` | r |\n"));
    }

    /// The names of this very crate's like: what is public, and only that.
    #[test]
    fn public_paths_are_those_that_a_user_can_write() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "a/src/lib.rs",
            "pub mod open; mod shut; mod all; pub use shut::{Given, hidden as shown}; pub use all::*;\n\
             macro_rules! kinds { ($name:ident: $($v:ident)+) => { pub enum $name { $($v),+ }\n\
             impl $name { pub fn list() {} } } }\nkinds!(Kind: One Two);",
        );
        write(
            "a/src/open.rs",
            "pub fn f() {} fn g() {} pub(crate) fn h() {}",
        );
        write(
            "a/src/shut.rs",
            "#[derive(Default)] pub struct Given { pub x: u8, y: u8 }\n\
             impl Given { pub fn new() {} fn own() {} }\n\
             #[cfg(test)] impl Given { pub fn tested() {} } pub fn hidden() {} pub fn kept() {}",
        );
        write(
            "a/src/all.rs",
            "pub const C: u8 = 1; pub trait T { fn t(); }",
        );
        write("b/src/lib.rs", "pub mod again { pub use a::Given; }");
        let paths = public::paths(root.path(), &[("a", "a"), ("b", "b")]).unwrap();
        for path in [
            "a::open::f",
            "a::Given",
            "a::Given::x",
            "a::Given::new",
            "a::Given::default",
            "a::shown",
            "a::C",
            "a::T::t",
            "a::Kind::One",
            "a::Kind::list",
            "b::again::Given::x",
        ] {
            assert!(paths.contains(path), "{path}: {paths:?}");
        }
        for path in [
            "a::open::g",
            "a::open::h",
            "a::shut::Given",
            "a::Given::y",
            "a::Given::own",
            "a::Given::tested",
            "a::hidden",
            "a::kept",
            "a::all::C",
        ] {
            assert!(!paths.contains(path), "{path}");
        }
    }
}
