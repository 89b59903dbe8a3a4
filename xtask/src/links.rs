//! Links of pages: their files are there, and so are the headings that they name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Faults of the relative links of some pages below `root`.
pub(crate) fn faults(root: &Path, pages: &[PathBuf]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut known: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for page in pages {
        let text = fs::read_to_string(page).unwrap_or_default();
        let shown = page.strip_prefix(root).unwrap_or(page).display();
        let folder = page.parent().unwrap_or(root);
        for (line, target) in links(&text) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() {
                page.clone()
            } else {
                folder.join(file)
            };
            if !path.exists() {
                faults.push(format!(
                    "{shown}:{line}: no file {file}\n  help: mend the link"
                ));
                continue;
            }
            let is_page = path.extension().is_some_and(|end| end == "md");
            let headings = known.entry(path.clone()).or_insert_with(|| {
                let text = fs::read_to_string(&path).unwrap_or_default();
                anchors(&text)
            });
            if is_page && !anchor.is_empty() && !headings.iter().any(|known| known == anchor) {
                faults.push(format!(
                    "{shown}:{line}: no heading for {target}\n  help: mend the link"
                ));
            }
        }
    }
    faults
}

/// Relative links of a page, with their lines and fragments.
pub(crate) fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for rest in line.split("](").skip(1) {
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                found.push((number + 1, target));
            }
        }
    }
    found
}

/// The fragments by which the headings of a page are named, on GitHub and in the book.
fn anchors(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        let level = line.len() - line.trim_start_matches('#').len();
        let title = line[level..].strip_prefix(' ');
        let (false, 1..=6, Some(title)) = (is_code, level, title) else {
            continue;
        };
        let name = slug(title);
        let before = times.entry(name.clone()).or_default();
        found.push(match *before {
            0 => name,
            number => format!("{name}-{number}"),
        });
        *before += 1;
    }
    found
}

/// A heading in small letters, with `-` for blanks and without marks; of a link its text.
fn slug(title: &str) -> String {
    let mut plain = String::new();
    let mut rest = title.trim();
    while let Some((before, after)) = rest.split_once("](") {
        plain.push_str(before);
        rest = after.split_once(')').map_or("", |(_, behind)| behind);
    }
    plain.push_str(rest);
    let letters = plain.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || matches!(c, '-' | '_') => Some(c),
        _ => None,
    });
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_relative_links_are_followed() {
        let text = "[a](b.md#c) [d](#e)\n[f](https://example.org) ![g](h.png \"i\")";
        assert_eq!(links(text), [(1, "b.md#c"), (1, "#e"), (2, "h.png")]);
    }

    #[test]
    fn headings_have_the_names_that_links_use() {
        let text = "# What `a` is, and (b)\n```sh\n# no heading\n```\n## [Link](x.md) 1\n## Twice\n## Twice\n#none";
        assert_eq!(
            anchors(text),
            ["what-a-is-and-b", "link-1", "twice", "twice-1"]
        );
    }

    #[test]
    fn a_link_to_a_heading_that_is_gone_was_no_fault() {
        let root = tempfile::tempdir().unwrap();
        let page = root.path().join("a.md");
        let text =
            "# One\n[here](#one) [there](b.md#two) [gone](b.md#one) [none](c.md) [own](#two)";
        fs::write(&page, text).unwrap();
        fs::write(root.path().join("b.md"), "## Two\n").unwrap();
        let faults = faults(root.path(), &[page]);
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].starts_with("a.md:2: no heading for b.md#one"));
        assert!(faults[1].contains("no file c.md") && faults[2].contains("#two"));
    }
}
