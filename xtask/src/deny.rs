//! Dependencies: each has a licence that `deny.toml` allows, and nothing that reads genomes has one that is
//! banned there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::{Verdict, command};

const LISTS: &str = "deny.toml";

/// What reads genomes, each with the features that it has at most. None may be able to open a connection;
/// only `genolewm-network`, a program of its own, may.
const OFFLINE: [(&str, &[&str]); 4] = [
    ("genolewm-core", &["--all-features"]),
    ("genolewm", &["--features=native,train,wgpu"]),
    ("genolewm-runtime-wasm", &["--all-features"]),
    ("genolewm-cli", &[]),
];
/// What may, so that a check of the others that finds nothing is known to look.
const ONLINE: &str = "genolewm-network";

/// Checks the packages of `Cargo.lock` that a build may use.
pub(crate) fn check(root: &Path) -> Verdict {
    faults(root).map_or_else(
        |fault| Err(vec![fault]),
        |(packages, faults)| {
            let good = format!("{packages} packages, none banned or without a licence");
            command::verdict(faults, good)
        },
    )
}

/// The number of packages, and what is wrong with them.
fn faults(root: &Path) -> Result<(usize, Vec<String>), String> {
    let lists = fs::read_to_string(root.join(LISTS)).map_err(|e| format!("{LISTS}: {e}"))?;
    let all = [
        "--workspace",
        "--features=genolewm-cli/cuda,genolewm-cli/gpu",
    ];
    let packages = tree(root, &all)?;
    let mut faults = unlicensed(&packages, &list(&lists, "allow")?);
    let deny = list(&lists, "deny")?;
    let needed = |package, features| {
        let selection = ["--edges=normal,build", "--package", package];
        tree(root, &[&selection[..], features].concat())
    };
    for (package, features) in OFFLINE {
        faults.extend(banned(package, &needed(package, features)?, &deny));
    }
    if banned(ONLINE, &needed(ONLINE, &[])?, &deny).is_empty() {
        faults.push(format!(
            "{ONLINE} has no client that {LISTS} bans\n  help: list the one that it uses"
        ));
    }
    Ok((packages.len(), faults))
}

/// The packages of a build for any system: names with their licences.
fn tree(root: &Path, selection: &[&str]) -> Result<BTreeSet<(String, String)>, String> {
    let fixed = ["tree", "--locked", "--target=all", "--prefix=none"];
    let format = ["--format={p}\t{l}"];
    let text = command::output("cargo", &[&fixed[..], &format, selection].concat(), root)?;
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    let package = |(package, licence): (&str, &str)| {
        let name = package.split(' ').next().unwrap_or_default();
        // A package that was listed before is marked by a star.
        (name.to_owned(), licence.trim_end_matches(" (*)").to_owned())
    };
    Ok(lines.map(package).collect())
}

/// The strings of a list of the file, which has names of their own for each.
fn list<'a>(text: &'a str, name: &str) -> Result<Vec<&'a str>, String> {
    let (_, rest) = text
        .split_once(&format!("\n{name} = ["))
        .ok_or_else(|| format!("{LISTS}: there is no list {name}"))?;
    let body = rest.split("\n]").next().unwrap_or_default();
    // An item is a text, or a table that begins with one.
    let first = |line: &'a str| line.split('#').next()?.split('"').nth(1);
    Ok(body.lines().filter_map(first).collect())
}

fn banned(shipped: &str, packages: &BTreeSet<(String, String)>, deny: &[&str]) -> Vec<String> {
    let names = packages.iter().map(|(name, _)| name.as_str());
    let found = names.filter(|name| deny.contains(name));
    let fault = |name| {
        format!(
            "{shipped} depends on {name}, which {LISTS} bans\n  help: cargo tree --package {shipped} --invert {name}"
        )
    };
    found.map(fault).collect()
}

fn unlicensed(packages: &BTreeSet<(String, String)>, allow: &[&str]) -> Vec<String> {
    let bad = packages
        .iter()
        .filter(|(_, licence)| !allowed(licence, allow));
    let fault = |(name, licence): &(String, String)| {
        format!(
            "{name} is licensed as {licence:?}\n  help: if that is acceptable, add it to {LISTS}"
        )
    };
    bad.map(fault).collect()
}

/// Whether an SPDX expression can be satisfied. Old ones have `/` for `OR`.
fn allowed(expression: &str, allow: &[&str]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let good = any(&mut words, allow);
    good && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, allow: &[&str]) -> bool {
    let mut good = every(words, allow);
    while words.next_if_eq(&"OR").is_some() {
        good |= every(words, allow);
    }
    good
}

fn every(words: &mut Words<'_>, allow: &[&str]) -> bool {
    let mut good = term(words, allow);
    while words.next_if_eq(&"AND").is_some() {
        good &= term(words, allow);
    }
    good
}

fn term(words: &mut Words<'_>, allow: &[&str]) -> bool {
    let first = words.next().unwrap_or_default();
    if first == "(" {
        return any(words, allow) & (words.next() == Some(")"));
    }
    match words.next_if_eq(&"WITH").and_then(|_| words.next()) {
        Some(exception) => allow.contains(&format!("{first} WITH {exception}").as_str()),
        None => allow.contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOW: [&str; 3] = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"];

    #[test]
    fn expressions_are_read_as_spdx_has_them() {
        for good in [
            "MIT",
            "GPL-3.0 OR MIT",
            "Unlicense/MIT",
            "MIT AND Zlib",
            "(GPL-3.0 OR MIT) AND Zlib",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        ] {
            assert!(allowed(good, &ALLOW), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "Apache-2.0",
            "Zlib AND (GPL-3.0 OR LGPL-3.0)",
            "(MIT",
            "MIT Zlib",
        ] {
            assert!(!allowed(bad, &ALLOW), "{bad}");
        }
    }

    #[test]
    fn what_is_banned_or_unlicensed_is_named() {
        let packages = [("ureq", "MIT"), ("left", "GPL-3.0"), ("right", "Zlib")];
        let packages = packages.map(|(name, licence)| (name.to_owned(), licence.to_owned()));
        let packages = BTreeSet::from(packages);
        let faults = unlicensed(&packages, &ALLOW);
        assert!(
            faults.len() == 1 && faults[0].starts_with("left is"),
            "{faults:?}"
        );
        let faults = banned("program", &packages, &["hyper", "ureq"]);
        assert!(
            faults.len() == 1 && faults[0].contains("on ureq,"),
            "{faults:?}"
        );
    }

    #[test]
    fn lists_are_found_by_name() {
        let text = "[a]\nallow = [\n  \"x\",\n  { crate = \"y\", wrappers = [\"v\", \"w\"] }, # \"z\"\n]\n";
        assert_eq!(list(text, "allow"), Ok(vec!["x", "y"]));
        assert!(list(text, "deny").is_err());
    }
}
