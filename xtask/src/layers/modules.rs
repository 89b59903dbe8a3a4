//! The modules of one crate, read from its root file on in order of declaration, and what a path
//! written in one of them leads to.

use std::fs;
use std::path::{Path, PathBuf};

use syn::Item;

use super::mentions::{Leaf, Mention, Mentions, leaves, only_tests};

/// A module: a file, or a block inside of one.
pub(super) struct Module {
    /// Its path below the crate's root, empty for the root itself.
    pub(super) path: String,
    /// Its file, from the repository's root.
    pub(super) file: PathBuf,
    /// The module that declares it.
    parent: Option<usize>,
    /// What can be named in it.
    names: Vec<(String, Name)>,
    /// Paths whose names it takes over all at once.
    globs: Vec<Vec<String>>,
}

enum Name {
    Child(usize),
    Item,
    Import(Vec<String>),
}

/// All modules below one root. A module's index is its rank: parents come before children, and
/// siblings stand in order of declaration.
pub(super) struct Modules {
    pub(super) all: Vec<Module>,
    /// What they name, tests apart.
    pub(super) mentions: Vec<Mention>,
}

/// Imports lead to imports; more than so many are a circle.
const MAX_IMPORTS: usize = 32;

impl Modules {
    /// Reads the file `start` below `repository` and every file that it declares.
    ///
    /// # Errors
    /// A file that is missing or no Rust.
    pub(super) fn read(repository: &Path, start: &Path) -> Result<Self, String> {
        let mut modules = Self {
            all: Vec::new(),
            mentions: Vec::new(),
        };
        let folder = start.parent().unwrap_or(start);
        modules.read_file(repository, start.to_owned(), folder, None, String::new())?;
        Ok(modules)
    }

    fn read_file(
        &mut self,
        repository: &Path,
        file: PathBuf,
        folder: &Path,
        parent: Option<usize>,
        path: String,
    ) -> Result<usize, String> {
        let shown = file.display();
        let text =
            fs::read_to_string(repository.join(&file)).map_err(|e| format!("{shown}: {e}"))?;
        let parsed = syn::parse_file(&text)
            .map_err(|e| format!("{shown}:{}: {e}", e.span().start().line))?;
        let module = self.add(path, file, parent);
        self.declare(repository, module, folder, &parsed.items)?;
        Ok(module)
    }

    fn add(&mut self, path: String, file: PathBuf, parent: Option<usize>) -> usize {
        self.all.push(Module {
            path,
            file,
            parent,
            names: Vec::new(),
            globs: Vec::new(),
        });
        self.all.len() - 1
    }

    /// Takes in what a module holds; files of its children lie in `folder`.
    fn declare(
        &mut self,
        repository: &Path,
        module: usize,
        folder: &Path,
        items: &[Item],
    ) -> Result<(), String> {
        for item in items {
            match item {
                Item::Mod(child) if !only_tests(&child.attrs) => {
                    let name = child.ident.to_string();
                    let path = match self.all[module].path.as_str() {
                        "" => name.clone(),
                        path => format!("{path}::{name}"),
                    };
                    let below = folder.join(&name);
                    let index = if let Some((_, items)) = &child.content {
                        let index = self.add(path, self.all[module].file.clone(), Some(module));
                        self.declare(repository, index, &below, items)?;
                        index
                    } else {
                        let flat = folder.join(format!("{name}.rs"));
                        let file = match repository.join(&flat).exists() {
                            true => flat,
                            false => below.join("mod.rs"),
                        };
                        self.read_file(repository, file, &below, Some(module), path)?
                    };
                    self.all[module].names.push((name, Name::Child(index)));
                }
                Item::Use(import) if !only_tests(&import.attrs) => {
                    for Leaf { path, bound } in leaves(&import.tree) {
                        let path = path.iter().map(ToString::to_string).collect();
                        match bound {
                            None => self.all[module].globs.push(path),
                            Some(name) => self.all[module]
                                .names
                                .push((name.to_string(), Name::Import(path))),
                        }
                    }
                }
                _ => {
                    let name = item_name(item).map(|name| (name.to_string(), Name::Item));
                    self.all[module].names.extend(name);
                }
            }
            Mentions::read(module, item, &mut self.mentions);
        }
        Ok(())
    }

    /// The module that holds what a path names, or nothing where it leads out of the crate.
    pub(super) fn resolve(&self, mention: &Mention) -> Option<usize> {
        let found = self.follow(mention.module, &mention.path, mention.import, 0)?;
        Some(found.0)
    }

    /// Where a path leads: to a module or, with `false`, to what stands in one.
    fn follow(
        &self,
        from: usize,
        path: &[String],
        import: bool,
        depth: usize,
    ) -> Option<(usize, bool)> {
        let mut at = from;
        let mut names = path.iter().enumerate().peekable();
        while let Some((_, name)) = names.peek() {
            match name.as_str() {
                "crate" => at = 0,
                "self" => {}
                "super" => at = self.all[at].parent?,
                _ => break,
            }
            names.next();
        }
        for (position, name) in names {
            let last = position + 1 == path.len();
            match self.step(at, name, !last || import, depth) {
                Some((module, true)) => at = module,
                None if position == 0 => return None,
                None => return Some((at, false)),
                found => return found,
            }
        }
        Some((at, true))
    }

    /// Where a name leads that stands in a module; `modules` says whether it may be that of a child.
    fn step(&self, at: usize, name: &str, modules: bool, depth: usize) -> Option<(usize, bool)> {
        if depth > MAX_IMPORTS {
            return None;
        }
        let named = self.all[at].names.iter().filter(|(known, _)| known == name);
        let mut found = None;
        for (_, what) in named {
            match what {
                Name::Child(child) if modules => return Some((*child, true)),
                Name::Child(_) => {}
                Name::Item => found = Some((at, false)),
                Name::Import(path) => {
                    let target = self.follow(at, path, true, depth + 1);
                    found = found.or(target).or(Some((at, false)));
                }
            }
        }
        let mut globs = self.all[at].globs.iter();
        found.or_else(|| {
            globs.find_map(|glob| match self.follow(at, glob, true, depth + 1)? {
                (module, true) if module != at => self.step(module, name, modules, depth + 1),
                _ => None,
            })
        })
    }

    /// The files that lead to a module, the crate's root first; blocks belong to the file around
    /// them.
    pub(super) fn files_above(&self, module: usize) -> Vec<usize> {
        let mut chain = Vec::new();
        let mut at = Some(module);
        while let Some(module) = at {
            at = self.all[module].parent;
            if at.is_none_or(|parent| self.all[parent].file != self.all[module].file) {
                chain.push(module);
            }
        }
        chain.reverse();
        chain
    }
}

fn item_name(item: &Item) -> Option<&syn::Ident> {
    match item {
        Item::Const(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Fn(item) => Some(&item.sig.ident),
        Item::Macro(item) => item.ident.as_ref(),
        Item::Static(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Trait(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        Item::Union(item) => Some(&item.ident),
        _ => None,
    }
}
