//! The imports of TypeScript: no circle of files, and folders in order.
//!
//! Read by a scanner of our own: the crates that parse TypeScript take longer to compile than all of
//! this workspace's checks, and an import is a word and a string.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::circles;
use crate::files;

/// A folder of sources, and its own folders in order: each may import from those before it. Empty
/// where they have no order.
struct Package {
    sources: &'static str,
    order: &'static [&'static str],
}

const PACKAGES: &[Package] = &[
    // What runs anywhere, then what only some runtimes have, then one entry for each runtime.
    Package {
        sources: "npm/src",
        order: &["", "builtin", "worker", "entry"],
    },
    // Results and plots take turns: `results/store` feeds the plots that `results/results` shows.
    Package {
        sources: "web/src",
        order: &[],
    },
];

/// Checks every package that there is; answers how many files were read.
pub(super) fn check(root: &Path, faults: &mut Vec<String>) -> usize {
    let mut count = 0;
    for package in PACKAGES {
        let folder = root.join(package.sources);
        if !folder.exists() {
            continue;
        }
        match files::below(&folder, |path| {
            path.extension().is_some_and(|end| end == "ts")
        }) {
            Ok(files) => {
                check_package(root, package, &files, faults);
                count += files.len();
            }
            Err(fault) => faults.push(fault),
        }
    }
    count
}

fn check_package(root: &Path, package: &Package, files: &[PathBuf], faults: &mut Vec<String>) {
    let sources = Path::new(package.sources);
    let mut graph: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    for file in files {
        let shown = file.strip_prefix(root).unwrap_or(file);
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(e) => {
                faults.push(format!("{}: {e}", shown.display()));
                continue;
            }
        };
        for (line, import) in imports(&text) {
            let Some(target) = resolve(shown, &import, |path| root.join(path).exists()) else {
                continue;
            };
            let rank = |file: &Path| {
                let below = file.strip_prefix(sources).ok()?;
                let folder = below.parent()?.iter().next().unwrap_or_default();
                package.order.iter().position(|known| folder == *known)
            };
            if let (Some(own), Some(other)) = (rank(shown), rank(&target))
                && other > own
            {
                faults.push(format!(
                    "{}:{line}: imports `{}`, whose folder comes after its own\n  \
                     help: move what it needs into a folder before both, or, if the order is \
                     another, say so in PACKAGES (xtask/src/layers/scripts.rs)",
                    shown.display(),
                    target.display(),
                ));
            }
            graph.entry(shown.to_owned()).or_default().insert(target);
        }
    }
    circles::check(&graph, faults);
}

/// The script that an import names, if it is one of the package's.
fn resolve(from: &Path, import: &str, exists: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let script = |end| ["js", "ts"].iter().any(|known| end == *known);
    if !import.starts_with('.') || !Path::new(import).extension().is_none_or(script) {
        return None;
    }
    let mut path = PathBuf::new();
    for part in from.parent()?.join(import).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    // Compiled code is named by what it is compiled to, bundled code by what it is.
    let candidates = [path.with_extension("ts"), path.join("index.ts")];
    candidates.into_iter().find(|path| exists(path))
}

/// What a file imports, with 1-based lines: `… from "x"`, `import "x"` and `import("x")`. Workers
/// are started by a URL, which is no import.
fn imports(text: &str) -> Vec<(usize, String)> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    for (at, (line, token)) in tokens.iter().enumerate() {
        let Some(name) = token.strip_prefix('"') else {
            continue;
        };
        let before = |n: usize| at.checked_sub(n).map_or("", |at| tokens[at].1.as_str());
        if matches!(before(1), "from" | "import") || before(1) == "(" && before(2) == "import" {
            found.push((*line, name.to_owned()));
        }
    }
    found
}

/// Words, single signs, and strings as `"` and their text; comments, templates and regular
/// expressions are left out.
fn tokens(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        // Behind a value, `/` divides.
        let divides = found.last().is_some_and(|(_, last)| {
            last != "return" && (last.ends_with(word) || [")", "]"].contains(&last.as_str()))
                || last.starts_with('"')
        });
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '/' if !divides => quoted(rest, '/'),
            '"' | '\'' | '`' => quoted(rest, first),
            _ if word(first) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        match first {
            '"' | '\'' => {
                let text = token.trim_start_matches(first).trim_end_matches(first);
                found.push((line, format!("\"{text}")));
            }
            '/' | '`' if length > 1 => {}
            _ if first.is_whitespace() => {}
            _ => found.push((line, token.to_owned())),
        }
        line += token.matches('\n').count();
        rest = after;
    }
    found
}

/// The length of what stands between two of a sign, both included.
fn quoted(text: &str, sign: char) -> usize {
    let mut escaped = false;
    let mut in_class = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' if sign == '/' => in_class = true,
            ']' => in_class = false,
            // Only templates go on: what was misread ends with its line.
            '\n' if sign != '`' => return at,
            _ if c == sign && !in_class => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<(usize, String)> {
        imports(text)
    }

    #[test]
    fn every_kind_of_import_is_read() {
        let text = concat!(
            "import type { A } from \"./a.js\";\nimport {\n  b,\n} from './b.js';\nimport \"./c.css\";\n",
            "export * from \"./d.js\";\nconst e = (await import(\"./e.js\")).e;\n",
            "new Worker(new URL(\"./f.js\", import.meta.url));\n",
        );
        let expected = [
            (1, "./a.js"),
            (4, "./b.js"),
            (5, "./c.css"),
            (6, "./d.js"),
            (7, "./e.js"),
        ];
        assert_eq!(
            named(text),
            expected.map(|(line, name)| (line, name.to_owned()))
        );
    }

    #[test]
    fn comments_strings_and_expressions_say_nothing() {
        let text = concat!(
            "// import \"./a\"\n/* import \"./b\" */\nconst c = 'import \"./c\"';\n",
            "const d = `from \"./d\"`;\nconst e = x.replace(/[\"/]/g, 1) / 2;\nimport \"./f\";\n",
        );
        assert_eq!(named(text), [(6, "./f".to_owned())]);
    }
}
