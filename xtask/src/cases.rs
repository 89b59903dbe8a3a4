//! The page of cases: one table, whose rows name tests that are there.

use std::fs;
use std::path::Path;

use crate::files::below;

/// The page.
const PAGE: &str = "docs/cases.md";
const HEADER: &str = "| case | how it is run | what happens | test |";

/// Where tests are.
const TESTS: [&str; 9] = [
    "model",
    "npm/test",
    "runtime-wasm",
    "shared",
    "tests",
    "trainer-native",
    "wasm-tests/lib",
    "wasm-tests/tests",
    "web/test",
];

/// What is wrong with the page below `root`.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let page = match fs::read_to_string(root.join(PAGE)) {
        Ok(page) => page,
        Err(error) => return vec![format!("{PAGE}: {error}")],
    };
    let mut tests = String::new();
    for folder in TESTS {
        let is_code = |path: &Path| {
            let ending = path.extension().unwrap_or_default();
            ["rs", "js", "mjs", "ts"].iter().any(|code| ending == *code)
        };
        match below(&root.join(folder), is_code) {
            Ok(files) => tests.extend(
                files
                    .iter()
                    .filter_map(|file| fs::read_to_string(file).ok()),
            ),
            Err(error) => return vec![error],
        }
    }
    let is_there = |name: &str| {
        let function = name.rsplit("::").next().unwrap_or(name);
        tests.contains(&format!("fn {function}(")) || tests.contains(&format!("\"{name}\""))
    };
    check(&page, |name| root.join(name).exists() || is_there(name))
}

fn check(page: &str, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    let titles = page.lines().filter(|line| line.starts_with("# ")).count();
    let headers = page.lines().filter(|line| *line == HEADER).count();
    if (titles, headers) != (1, 1) {
        faults.push(format!(
            "{PAGE}: {titles} titles and {headers} headers of tables\n  help: it has one of each"
        ));
    }
    let lines = (1..).zip(page.lines());
    let table = lines.skip_while(|(_, line)| *line != HEADER).skip(2);
    for (number, line) in table {
        let cells = cells(line);
        let [_, _, _, _, tests, ""] = cells.as_slice() else {
            faults.push(format!(
                "{PAGE}:{number}: no row of four cells\n  help: see the header"
            ));
            continue;
        };
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            faults.push(format!("{PAGE}:{number}: no test\n  help: name it"));
        }
        for name in names.iter().filter(|name| !is_there(name)) {
            faults.push(format!(
                "{PAGE}:{number}: there is no test `{name}`\n  help: name what holds the case now"
            ));
        }
    }
    faults
}

/// What stands between the bars of a row that are not in backquotes, and beyond the outer ones.
fn cells(row: &str) -> Vec<&str> {
    let mut quoted = false;
    let is_bar = |c: char| {
        quoted ^= c == '`';
        c == '|' && !quoted
    };
    row.split(is_bar).map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_left_titles_and_headers_among_the_rows() {
        let page =
            format!("# Cases\n\nWhat.\n\n{HEADER}\n|---|---|---|---|\n| a | `b|c` | d | `e` |\n");
        let is_there = |name: &str| name == "e";
        assert_eq!(check(&page, is_there), Vec::<String>::new());
        let again = format!("{page}{page}");
        assert!(check(&again, is_there).len() > 1);
        for row in [
            "| a | b | c |",
            "| a | b | c | d |",
            "| a | b | c | `f` |",
            "",
        ] {
            assert_eq!(check(&format!("{page}{row}\n"), is_there).len(), 1, "{row}");
        }
    }
}
