//! Every key that a configuration may have, with the flag that it stands for.

use clap::{Arg, ArgMatches, Command};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_train::keyed::keys_of;
use genolewm_train::package::unknown_key;
use std::collections::BTreeMap;

/// Shared flags that a configuration cannot set.
const TYPED_ONLY: [&str; 6] = [
    "config",
    "set",
    "print_config",
    "print_config_tree",
    "explain",
    "wandb_project",
];

/// A key's flag, and whether it is one of the Python package's configuration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Definition<'a> {
    pub(super) arg: &'a Arg,
    pub(super) is_packages: bool,
}

/// All keys, by name, and all sections.
#[derive(Debug)]
pub struct Definitions<'a> {
    keys: BTreeMap<String, Definition<'a>>,
    sections: BTreeMap<String, &'a Command>,
}

impl<'a> Definitions<'a> {
    /// The keys of the program's commands, and those of the Python package's configuration. Where both
    /// have one, it is the program's.
    #[must_use]
    pub fn of(program: &'a Command, package: &'a Command) -> Self {
        let mut all = Self {
            keys: BTreeMap::new(),
            sections: BTreeMap::new(),
        };
        for (key, arg) in shared_keys(program) {
            let is_packages = false;
            all.keys.insert(key, Definition { arg, is_packages });
        }
        all.add(program, "", false);
        all.add(package, "", true);
        all
    }

    fn add(&mut self, command: &'a Command, section: &str, is_packages: bool) {
        for (key, arg) in own_keys(command) {
            let definition = Definition { arg, is_packages };
            self.keys.entry(joined(section, &key)).or_insert(definition);
        }
        for inner in command.get_subcommands() {
            let name = joined(section, inner.get_name());
            self.add(inner, &name, is_packages);
            self.sections.entry(name).or_insert(inner);
        }
    }

    /// The flag of a key; none for a section.
    ///
    /// # Errors
    /// `CONFIG.UNKNOWN_TOP_LEVEL_KEY` or `CONFIG.GENERIC` with the nearest name for what is neither.
    pub(super) fn find(&self, key: &[String]) -> Result<Option<Definition<'a>>> {
        // A name that holds a dot is none, whatever it comes to beside others.
        let whole = key.iter().all(|name| !name.contains('.'));
        let name = key.join(".");
        if let Some(found) = self.keys.get(&name).filter(|_| whole) {
            return Ok(Some(*found));
        }
        if whole && self.sections.contains_key(&name) {
            return Ok(None);
        }
        let before = |depth: &usize| key.get(..*depth).unwrap_or_default().join(".");
        if let Some(depth) = (1..key.len()).find(|depth| self.keys.contains_key(&before(depth))) {
            let message = "this key of the configuration takes a plain value";
            return Err(Error::new(ErrorCode::ConfigGeneric, message)
                .with_detail("key", before(&depth))
                .with_remedy(format!("--explain {} says which", before(&depth))));
        }
        let known = |depth: &usize| self.sections.contains_key(&before(depth));
        let depth = (1..key.len()).rev().find(known).unwrap_or(0);
        Err(unknown_key(key, depth, &self.names(&before(&depth))))
    }

    /// The names of keys and sections in a section.
    pub(super) fn names(&self, section: &str) -> Vec<String> {
        let inside = |name: &String| {
            let (before, last) = name.rsplit_once('.').unwrap_or(("", name));
            (before == section).then(|| last.to_owned())
        };
        let keys = self.keys.keys().filter_map(inside);
        let mut names: Vec<String> = keys.collect();
        for section in self.sections.keys().filter_map(inside) {
            if !names.contains(&section) {
                names.push(section);
            }
        }
        names
    }

    /// All keys by name.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&str, Definition<'a>)> {
        self.keys.iter().map(|(key, found)| (key.as_str(), *found))
    }

    /// The command whose flags, or the heading under which the keys of a section are.
    pub(super) fn section(&self, name: &str) -> Option<&'a Command> {
        self.sections.get(name).copied()
    }
}

/// The command's own flags by their keys, without the shared ones and positional arguments.
pub(super) fn own_keys(command: &Command) -> impl Iterator<Item = (String, &Arg)> {
    keys_of(command).filter(|(_, arg)| !arg.is_global_set())
}

/// The shared flags that a configuration may set at its top level.
pub(super) fn shared_keys(program: &Command) -> impl Iterator<Item = (String, &Arg)> {
    let shared = keys_of(program).filter(|(_, arg)| arg.is_global_set());
    shared.filter(|(key, _)| !TYPED_ONLY.contains(&key.as_str()))
}

/// A name in a section.
pub(super) fn joined(section: &str, name: &str) -> String {
    if section.is_empty() {
        name.to_owned()
    } else {
        format!("{section}.{name}")
    }
}

/// The command at `path`.
pub(super) fn at<'a>(path: &[String], program: &'a Command) -> &'a Command {
    path.iter().fold(program, |command, name| {
        command.find_subcommand(name).unwrap_or(command)
    })
}

/// The command at `path`, and its own matches.
#[must_use]
pub(super) fn innermost<'a>(
    path: &[String],
    mut command: &'a Command,
    mut matches: &'a ArgMatches,
) -> (&'a Command, &'a ArgMatches) {
    for name in path {
        let found = command
            .find_subcommand(name)
            .zip(matches.subcommand_matches(name));
        let Some((inner, inner_matches)) = found else {
            break;
        };
        (command, matches) = (inner, inner_matches);
    }
    (command, matches)
}
