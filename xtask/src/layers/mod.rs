//! The direction of imports. Data flows source → edit → window → state → prediction → surprise →
//! receipt, and code is read in that order, at every depth: a crate uses only crates before it, a
//! module only those of its siblings that their parent declares above it, and a heavy dependency is
//! named only where it is at home. No files use each other in a circle. TypeScript is held to the same
//! ([`scripts`]).

mod circles;
pub(crate) mod mentions;
pub(crate) mod modules;
mod scripts;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::{Verdict, command};
use modules::Modules;

/// Which crates build upon a crate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CrateSide {
    /// Any later one.
    Both,
    /// Those for browsers and edge runtimes.
    Browser,
    /// Those of the native program.
    Native,
    /// None, and it uses none itself.
    Tools,
}

/// The folders of every crate, in order: a crate may use those before it on its own side.
const CRATES: &[(&str, CrateSide)] = &[
    ("shared", CrateSide::Both),
    ("model", CrateSide::Both),
    ("runtime-wasm", CrateSide::Browser),
    ("trainer-native/report", CrateSide::Native),
    ("trainer-native/observe", CrateSide::Native),
    ("trainer-native/data", CrateSide::Native),
    ("trainer-native/train", CrateSide::Native),
    ("trainer-native/evaluate", CrateSide::Native),
    ("trainer-native/export", CrateSide::Native),
    ("trainer-native/cli", CrateSide::Native),
    ("trainer-native/network", CrateSide::Native),
    ("bench", CrateSide::Native),
    ("fuzz", CrateSide::Native),
    ("tests", CrateSide::Native),
    ("xtask", CrateSide::Tools),
];

/// Dependencies (all whose names start so) that only some places may name: crates, or modules of
/// them.
struct Home {
    dependency: &'static str,
    places: &'static [&'static str],
    why: &'static str,
}

const HOMES: &[Home] = &[
    Home {
        dependency: "noodles",
        places: &[
            "shared/src/bytes",
            "shared/src/source",
            "shared/src/reference",
            "shared/src/genome/gff",
            "trainer-native/cli",
        ],
        why: "only what reads files needs std; the rest of the core is no_std",
    },
    Home {
        dependency: "burn",
        places: &[
            "model/src/ops",
            "model/src/loss",
            "model/src/collapse",
            "trainer-native/train",
            "trainer-native/evaluate",
            "trainer-native/export",
            "trainer-native/cli",
        ],
        why: "layers are written over the trait Ops, so that every backend can run them",
    },
    Home {
        dependency: "parquet",
        places: &[
            "shared/src/calibration",
            "trainer-native/data/src/shards",
            "trainer-native/data/src/cache",
            "trainer-native/cli",
        ],
        why: "tables are read and written through shards; the program has the one of the scores",
    },
    Home {
        dependency: "prost",
        places: &["trainer-native/report", "trainer-native/export"],
        why: "messages of foreign file formats stay beside their writers",
    },
    Home {
        dependency: "tracing",
        places: &["trainer-native/observe"],
        why: "what is logged passes the redaction, which stands there with every sink",
    },
    Home {
        dependency: "ureq",
        places: &["trainer-native/network/src/web"],
        why: "one place opens connections, and every rule about them stands there",
    },
    Home {
        dependency: "rusqlite",
        places: &["trainer-native/data/src/cache"],
        why: "the index's file format stays behind WindowCache",
    },
];

/// A crate of this workspace.
struct Crate {
    folder: &'static str,
    side: CrateSide,
    name: String,
    manifest: String,
}

impl Crate {
    /// The name by which code knows it.
    fn identifier(&self) -> String {
        self.name.replace('-', "_")
    }
}

/// Checks every crate and every package at `root`.
pub(crate) fn check(root: &Path) -> Verdict {
    let mut faults = Vec::new();
    let crates = crates(root, &mut faults);
    let mut files = 0;
    for rank in 0..crates.len() {
        check_manifest(&crates, rank, &mut faults);
        match check_sources(root, &crates, rank, &mut faults) {
            Ok(count) => files += count,
            Err(fault) => faults.push(fault),
        }
    }
    if files == 0 && faults.is_empty() {
        faults.push("no source file found\n  help: run this in the repository".to_owned());
    }
    let scripts = scripts::check(root, &mut faults);
    let good = format!("{files} Rust and {scripts} TypeScript files import in one direction");
    command::verdict(faults, good)
}

/// The workspace's crates in order. A member that no rule speaks of would be free to import
/// anything.
fn crates(root: &Path, faults: &mut Vec<String>) -> Vec<Crate> {
    let workspace = fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    let members = workspace.split_once("\nmembers = [").unwrap_or_default().1;
    let members = members.split(']').next().unwrap_or_default();
    let members: Vec<_> = members.split('"').skip(1).step_by(2).collect();
    for member in &members {
        if CRATES.iter().all(|(folder, _)| folder != member) {
            faults.push(format!(
                "{member}/Cargo.toml: this crate has no layer\n  \
                 help: say in CRATES (xtask/src/layers/mod.rs) which crates it comes after"
            ));
        }
    }
    let mut found = Vec::new();
    for &(folder, side) in CRATES.iter().filter(|(folder, _)| members.contains(folder)) {
        let path = format!("{folder}/Cargo.toml");
        match fs::read_to_string(root.join(&path)) {
            Ok(manifest) => found.push(Crate {
                folder,
                side,
                name: manifest
                    .lines()
                    .find_map(|line| line.strip_prefix("name = "))
                    .map_or(String::new(), |name| name.trim_matches('"').to_owned()),
                manifest,
            }),
            Err(e) => faults.push(format!("{path}: {e}")),
        }
    }
    found
}

/// Whether a crate may use another one.
fn may_use(crates: &[Crate], rank: usize, other: usize) -> bool {
    let side = crates[other].side;
    let usable = side == CrateSide::Both || side == crates[rank].side;
    other < rank && usable && crates[rank].side != CrateSide::Tools
}

/// What to do about a crate that is used in the wrong direction.
fn allowed(crates: &[Crate], rank: usize) -> String {
    let usable = (0..rank).filter(|&other| may_use(crates, rank, other));
    let usable: Vec<_> = usable.map(|other| crates[other].name.as_str()).collect();
    if usable.is_empty() {
        let name = &crates[rank].name;
        return format!("{name} uses no other crate of the workspace; move the code down");
    }
    format!(
        "it may use {} only; move what it needs there",
        usable.join(" and ")
    )
}

/// Checks the crates of this workspace that a manifest names as dependencies.
fn check_manifest(crates: &[Crate], rank: usize, faults: &mut Vec<String>) {
    let own = &crates[rank];
    let mut in_dependencies = false;
    for (number, line) in own.manifest.lines().map(str::trim).enumerate() {
        if line.starts_with('[') {
            in_dependencies = line.contains("dependencies");
            continue;
        }
        let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
        let ours = crates
            .iter()
            .position(|other| other.name == name.trim_matches('"'));
        if let Some(other) = ours.filter(|_| in_dependencies)
            && !may_use(crates, rank, other)
        {
            faults.push(format!(
                "{}/Cargo.toml:{}: {} must not depend on {}\n  help: {}",
                own.folder,
                number + 1,
                own.name,
                crates[other].name,
                allowed(crates, rank)
            ));
        }
    }
}

/// Checks a crate's library and its programs; answers how many files they have.
fn check_sources(
    root: &Path,
    crates: &[Crate],
    rank: usize,
    faults: &mut Vec<String>,
) -> Result<usize, String> {
    let source = Path::new(crates[rank].folder).join("src");
    let mut starts = vec![source.join("lib.rs"), source.join("main.rs")];
    if let Ok(programs) = fs::read_dir(root.join(&source).join("bin")) {
        let names = programs.flatten().map(|program| program.file_name());
        starts.extend(names.map(|name| source.join("bin").join(name)));
    }
    let mut count = 0;
    for start in starts.iter().filter(|start| root.join(start).is_file()) {
        let modules = Modules::read(root, start)?;
        check_foreign(crates, rank, &modules, faults);
        check_files(&modules, faults);
        let files: BTreeSet<_> = modules.all.iter().map(|module| &module.file).collect();
        count += files.len();
    }
    Ok(count)
}

/// Checks the crates that a crate's modules name.
fn check_foreign(crates: &[Crate], rank: usize, modules: &Modules, faults: &mut Vec<String>) {
    let own = &crates[rank];
    let paths = modules.mentions.iter();
    // A single name is one only where it is imported.
    let foreign = paths.filter(|mention| mention.import || mention.path.len() > 1);
    for mention in foreign.filter(|mention| modules.resolve(mention).is_none()) {
        let file = &modules.all[mention.module].file;
        let at = format!("{}:{}", file.display(), mention.line);
        let name = &mention.path[0];
        let home = HOMES.iter().find(|home| name.starts_with(home.dependency));
        let module = file.with_extension("");
        if let Some(home) = home
            && !home.places.iter().any(|place| module.starts_with(place))
        {
            let places = home.places.join(", ");
            faults.push(format!(
                "{at}: `{name}` is named outside {places}\n  help: {}",
                home.why
            ));
        }
        let other = crates.iter().position(|other| other.identifier() == *name);
        if other.is_some_and(|other| other != rank && !may_use(crates, rank, other)) {
            let help = allowed(crates, rank);
            faults.push(format!(
                "{at}: {} must not use {name}\n  help: {help}",
                own.name
            ));
        }
    }
}

/// Checks that a file and all below it use only those siblings, and what is below them, that their
/// parent declares above it; and that no files use each other in a circle, parents and children
/// included. A parent that only hands on what a child has (`pub use`) does not use it.
fn check_files(modules: &Modules, faults: &mut Vec<String>) {
    let mut told = BTreeSet::new();
    let mut graph: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
    for mention in &modules.mentions {
        let Some(target) = modules.resolve(mention) else {
            continue;
        };
        let file = |module: usize| modules.all[module].file.as_path();
        let (user, used) = (file(mention.module), file(target));
        let from = modules.files_above(mention.module);
        let to = modules.files_above(target);
        if user != used && !(mention.handed_on && to.starts_with(&from)) {
            graph.entry(user).or_default().insert(used);
        }
        let Some(fork) = from.iter().zip(&to).position(|(from, to)| from != to) else {
            continue;
        };
        let (own, other) = (&modules.all[from[fork]].path, &modules.all[to[fork]].path);
        if to[fork] > from[fork] && told.insert((user, to[fork])) {
            faults.push(format!(
                "{}:{}: `{own}` uses `crate::{other}`, which is declared below it\n  \
                 help: move the shared part into a module above both, or, if `{other}` needs \
                 nothing of `{own}`, declare it earlier in {}",
                user.display(),
                mention.line,
                file(from[fork - 1]).display(),
            ));
        }
    }
    circles::check(&graph, faults);
}

#[cfg(test)]
mod tests;
