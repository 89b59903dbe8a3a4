//! The table that says which name of the Python package is where here, and the page made of it.

use std::fmt::Write as _;

/// The columns, as the table's first line names them.
const COLUMNS: [&str; 6] = [
    "name",
    "what it is",
    "Rust",
    "JavaScript",
    "command line",
    "remark",
];

/// What the remark of a row says that has no counterpart, or not all of it.
pub(super) const NOT_YET: &str = "not yet";

/// A name of the Python package.
pub(super) struct Row<'a> {
    /// Line of the table, from 1.
    pub(super) line: usize,
    /// The heading that it stands under.
    section: &'a str,
    pub(super) name: &'a str,
    meaning: &'a str,
    /// Paths as one writes them in `use`; behind a type, its fields and functions.
    pub(super) rust: Vec<&'a str>,
    /// Names that the npm package exports; behind a dot, what they have.
    pub(super) javascript: Vec<&'a str>,
    /// Commands of the program with a flag, or of this repository; or pages.
    pub(super) commands: Vec<&'a str>,
    pub(super) remark: &'a str,
}

impl Row<'_> {
    /// Whether anything serves instead.
    pub(super) fn has_counterpart(&self) -> bool {
        let lists = [&self.rust, &self.javascript, &self.commands];
        lists.iter().any(|list| !list.is_empty())
    }
}

/// The rows of the table in their order; `Err` says which line is none.
pub(super) fn parse(text: &str) -> Result<Vec<Row<'_>>, String> {
    let mut rows = Vec::new();
    let mut section = "";
    for (index, line) in text.lines().enumerate() {
        let cells: Vec<&str> = line.split('\t').collect();
        if let Some(heading) = line.strip_prefix("# ") {
            section = heading;
        } else if index == 0 && cells != COLUMNS {
            return Err(format!("1: the columns are {}", COLUMNS.join(", ")));
        } else if index > 0 {
            let [name, meaning, rust, javascript, commands, remark] = cells[..] else {
                return Err(format!("{}: not {} cells", index + 1, COLUMNS.len()));
            };
            rows.push(Row {
                line: index + 1,
                section,
                name,
                meaning,
                rust: list(rust),
                javascript: list(javascript),
                commands: list(commands),
                remark,
            });
        }
    }
    Ok(rows)
}

/// What a cell lists; `-` is nothing.
fn list(cell: &str) -> Vec<&str> {
    cell.split(", ").filter(|item| *item != "-").collect()
}

const INTRODUCTION: &str = "\
# Where is what the Python package has?

Made from [api/mapping.tsv](api/mapping.tsv) by `cargo xtask docs --write`; change it there. Checks hold
it: a path of Rust is public (`cargo xtask docs`), a flag is one of the command's, a name of JavaScript is
exported by `@genolewm/runtime`.

Rust paths are as one writes them in `use`; behind a type stand its fields and functions. A command is one of
`genolewm`, and a flag without a command one of all.
";

/// The page, in Markdown.
pub(super) fn page(rows: &[Row<'_>]) -> String {
    let mut page = INTRODUCTION.to_owned();
    let mut section = "";
    for row in rows {
        if row.section != section {
            section = row.section;
            let head = "| Python | what it is | Rust | JavaScript | command line | remark |";
            let _ = write!(
                page,
                "\n## {section}\n\n{head}\n|---|---|---|---|---|---|\n"
            );
        }
        let cells = [
            code(&[row.name]),
            escaped(row.meaning),
            code(&row.rust),
            code(&row.javascript),
            code(&row.commands),
            escaped(row.remark),
        ];
        let _ = writeln!(page, "| {} |", cells.join(" | "));
    }
    page
}

fn code(items: &[&str]) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|item| format!("`{}`", escaped(item)))
        .collect();
    items.join("<br>")
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
