//! Pages and TypeScript against code: the lists of codes and reasons in `docs` and in the npm
//! package are those of the program, relative links lead to files and headings, and the book has every
//! page.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::{Verdict, api, book, cases, command, links};

/// A list that stands in code, on a page and in the package's types: between `from` and the next
/// line that is `}`, the first string of each line; on the page, the first column or any word in
/// backquotes; in TypeScript, the strings between `union` and the next `;`.
struct List {
    code: &'static str,
    from: &'static str,
    types: &'static str,
    union: &'static str,
    page: &'static str,
    /// Whether a word in backquotes on the page claims to be one of the list.
    claims: fn(&str) -> bool,
}

const LISTS: [List; 2] = [
    List {
        code: "shared/src/error.rs",
        from: "\ncodes! {",
        types: "npm/src/errors.ts",
        union: "\nexport type ErrorCode =",
        page: "docs/exit-codes.md",
        claims: |word| {
            word.contains('.')
                && word
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b"._".contains(&b))
        },
    },
    // Reasons look like other words, so the page may say more than the code.
    List {
        code: "shared/src/edit/skip.rs",
        from: "\nreasons! {",
        types: "npm/src/types/rows.ts",
        union: "\nexport type SkipReason =",
        page: "docs/formats.md",
        claims: |_| false,
    },
];

/// The limits of every reader, and the page that lists them with their values.
const LIMITS: [&str; 2] = ["shared/src/limits.rs", "docs/limits.md"];

/// Pages whose links are followed.
const PAGES: [&str; 11] = [
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "docs",
    "examples",
    "model",
    "models/builtin",
    "npm/README.md",
    "shared",
    "wasm-tests/README.md",
    "web/README.md",
];

/// The page that says where things are decided.
const ARCHITECTURE: &str = "docs/architecture.md";

/// Checks the pages below `root`.
pub(crate) fn check(root: &Path, arguments: &[String]) -> Verdict {
    let write = match arguments {
        [] => false,
        [flag] if flag == "--write" => true,
        _ => return Err(vec!["docs takes --write alone".to_owned()]),
    };
    let mut faults = Vec::new();
    let names = api::check(root, write, &mut faults);
    let mut read = |path: &str| match fs::read_to_string(root.join(path)) {
        Ok(text) => text,
        Err(e) => {
            faults.push(format!("{path}: {e}"));
            String::new()
        }
    };
    let limits = LIMITS.map(&mut read);
    let texts = LISTS.map(|list| (read(list.code), read(list.page), read(list.types)));
    let mut items = compare_limits(&limits[0], &limits[1], &mut faults);
    for (list, (code, page, types)) in LISTS.iter().zip(&texts) {
        items += compare(list, code, page, &mut faults);
        compare_union(list, code, types, &mut faults);
    }
    let mut pages = Vec::new();
    PAGES
        .iter()
        .for_each(|place| markdown(&root.join(place), &mut pages));
    faults.extend(links::faults(root, &pages));
    faults.extend(book::faults(root));
    let architecture = fs::read_to_string(root.join(ARCHITECTURE)).unwrap_or_default();
    for (line, file, item) in places(&architecture) {
        let name = item.rsplit("::").next().unwrap_or(item);
        let code = fs::read_to_string(root.join(file)).unwrap_or_default();
        let words = |c: char| !c.is_alphanumeric() && c != '_';
        if !code.split(words).any(|word| word == name) {
            faults.push(format!(
                "{ARCHITECTURE}:{line}: no {item} in {file}\n  help: say where it is now"
            ));
        }
    }
    faults.extend(cases::faults(root));
    let good = format!(
        "{items} codes, reasons and limits are documented, {names} names of the Python package mapped, \
         links of {} pages lead somewhere",
        pages.len()
    );
    command::verdict(faults, good)
}

fn compare(list: &List, code: &str, page: &str, faults: &mut Vec<String>) -> usize {
    let known = listed(code, list.from);
    let named: BTreeSet<&str> = page.split('`').skip(1).step_by(2).collect();
    if known.is_empty() {
        faults.push(format!(
            "{}: no list behind {:?}",
            list.code,
            list.from.trim()
        ));
    }
    for item in known.iter().filter(|item| !named.contains(*item)) {
        faults.push(format!(
            "{}: `{item}` is missing\n  help: {} has it; describe it",
            list.page, list.code
        ));
    }
    for item in named
        .iter()
        .filter(|item| (list.claims)(item) && !known.contains(*item))
    {
        faults.push(format!(
            "{}: there is no `{item}`\n  help: {} is the list",
            list.page, list.code
        ));
    }
    known.len()
}

/// Each limit of the code stands on the page with its value, and the page lists no other.
fn compare_limits(code: &str, page: &str, faults: &mut Vec<String>) -> usize {
    let known: BTreeSet<String> = code.lines().filter_map(limit_row).collect();
    let listed: BTreeSet<String> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| Some(line.rsplit_once(" | ")?.0.to_owned()))
        .collect();
    if known.is_empty() {
        faults.push(format!("{}: no limits", LIMITS[0]));
    }
    for row in known.symmetric_difference(&listed) {
        faults.push(format!(
            "{}: \"{row}\" is only here or only in {}\n  help: list each limit with its value",
            LIMITS[1], LIMITS[0]
        ));
    }
    known.len()
}

/// The start of the row that lists a limit: its name and value, bytes in the largest whole unit.
fn limit_row(line: &str) -> Option<String> {
    let (name, value) = line.strip_prefix("pub const ")?.split_once(": ")?;
    let value = value
        .split_once(" = ")?
        .1
        .trim_end_matches(';')
        .replace('_', "");
    let number: u64 = match value.split_once(" << ") {
        Some((factor, shift)) => factor.parse::<u64>().ok()? << shift.parse::<u32>().ok()?,
        None => value.parse().ok()?,
    };
    let units = [("MiB", 20), ("KiB", 10)];
    let unit = units
        .iter()
        .find(|(_, bits)| name.ends_with("_BYTES") && number.trailing_zeros() >= *bits);
    let value = match unit {
        Some((unit, bits)) => format!("{} {unit}", number >> bits),
        None => grouped(number),
    };
    Some(format!("| `{name}` | {value}"))
}

/// A number with commas between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Code and TypeScript have the same list.
fn compare_union(list: &List, code: &str, types: &str, faults: &mut Vec<String>) {
    let body = types.split_once(list.union).map_or("", |(_, rest)| rest);
    let body = body.split(';').next().unwrap_or_default();
    let union: BTreeSet<&str> = body.split('"').skip(1).step_by(2).collect();
    for item in listed(code, list.from).symmetric_difference(&union) {
        faults.push(format!(
            "{}: {item} is only here or only in {}\n  help: make the two lists equal",
            list.types, list.code
        ));
    }
}

/// The first string of each line of a list.
fn listed<'a>(code: &'a str, from: &str) -> BTreeSet<&'a str> {
    let body = code.split_once(from).map_or("", |(_, rest)| rest);
    let body = body.split_once("\n}").map_or("", |(list, _)| list);
    body.lines()
        .filter_map(|line| line.split('"').nth(1))
        .collect()
}

/// Rows of a table that end in a Rust file and an item of it, with their lines.
fn places(text: &str) -> Vec<(usize, &str, &str)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let cells: Vec<&str> = line
            .split('|')
            .map(|cell| cell.trim().trim_matches('`'))
            .collect();
        if let [_, _, file, item, _] = cells[..]
            && file.ends_with(".rs")
        {
            found.push((number + 1, file, item));
        }
    }
    found
}

fn markdown(place: &Path, found: &mut Vec<std::path::PathBuf>) {
    if place.is_file() {
        found.push(place.to_owned());
    } else if let Ok(entries) = fs::read_dir(place) {
        let paths = entries.flatten().map(|entry| entry.path());
        found.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "x\ncodes! {\n    A = \"A.B\",\n    C = \"C.D\", \"text\";\n}\n";

    #[test]
    fn both_directions_are_compared() {
        let mut faults = Vec::new();
        assert_eq!(compare(&LISTS[0], CODE, "`A.B` and `C.D`", &mut faults), 2);
        assert!(faults.is_empty(), "{faults:?}");
        compare(&LISTS[0], CODE, "`A.B` and `E.F`", &mut faults);
        assert_eq!(faults.len(), 2);
        assert!(faults[0].contains("`C.D` is missing") && faults[1].contains("no `E.F`"));
    }

    #[test]
    fn types_name_what_the_code_has_and_nothing_else() {
        let union = "\nexport type ErrorCode =\n  | \"A.B\"\n  | \"C.D\";\nconst x = \"E.F\";";
        let mut faults = Vec::new();
        compare_union(&LISTS[0], CODE, union, &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
        compare_union(&LISTS[0], CODE, &union.replace("C.D", "G.H"), &mut faults);
        assert_eq!(faults.len(), 2, "{faults:?}");
        compare_union(&LISTS[0], CODE, "nothing", &mut faults);
        assert_eq!(faults.len(), 4);
    }

    #[test]
    fn limits_are_listed_with_their_values() {
        let code = "pub const A_BYTES: usize = 32 << 20;\npub const B: u64 = 4_300;\n";
        let page = "| `A_BYTES` | 32 MiB | a line |\n| `B` | 4,300 | digits |\n";
        let mut faults = Vec::new();
        assert_eq!(compare_limits(code, page, &mut faults), 2);
        assert!(faults.is_empty(), "{faults:?}");
        compare_limits(code, &page.replace("32", "64"), &mut faults);
        assert_eq!(faults.len(), 2, "{faults:?}");
        compare_limits("", "", &mut faults);
        assert_eq!(faults.len(), 3);
    }

    #[test]
    fn a_list_that_moved_is_a_fault() {
        let mut faults = Vec::new();
        compare(&LISTS[0], "nothing", "", &mut faults);
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn rows_that_name_files_and_items_are_found() {
        let text = "| question | file | item |\n|---|---|---|\n| why | `a/b.rs` | `C::d` |";
        assert_eq!(places(text), [(3, "a/b.rs", "C::d")]);
    }
}
