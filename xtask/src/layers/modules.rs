//! The modules of one crate, read from its root file on in order of declaration, and what a path
//! written in one of them leads to.

use std::fs;
use std::path::{Path, PathBuf};

use syn::{Item, ItemMod, Visibility};

use super::mentions::{Leaf, Mention, Mentions, leaves, only_tests};

/// A module: a file, or a block inside of one.
pub(crate) struct Module {
    /// Its path below the crate's root, empty for the root itself.
    pub(crate) path: String,
    /// Its file, from the repository's root.
    pub(crate) file: PathBuf,
    /// The module that declares it.
    parent: Option<usize>,
    /// What can be named in it.
    pub(crate) names: Vec<Name>,
    /// Paths whose names it takes over all at once.
    pub(crate) globs: Vec<Glob>,
    /// What stands in it, imports and modules apart, for those who look closer.
    pub(crate) items: Vec<Item>,
}

/// A name of a module.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) what: Named,
    /// Whether every crate may use it, as far as the module itself may be.
    pub(crate) public: bool,
}

/// What has a name.
pub(crate) enum Named {
    Child(usize),
    Item,
    Import(Vec<String>),
}

/// All names of another module.
pub(crate) struct Glob {
    pub(crate) path: Vec<String>,
    pub(crate) public: bool,
}

/// All modules below one root. A module's index is its rank: parents come before children, and
/// siblings stand in order of declaration.
pub(crate) struct Modules {
    pub(crate) all: Vec<Module>,
    /// What they name, tests apart.
    pub(crate) mentions: Vec<Mention>,
}

/// Imports lead to imports; more than so many are a circle.
const MAX_IMPORTS: usize = 32;

impl Modules {
    /// Reads the file `start` below `repository` and every file that it declares.
    ///
    /// # Errors
    /// A file that is missing or no Rust.
    pub(crate) fn read(repository: &Path, start: &Path) -> Result<Self, String> {
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
        self.declare(repository, module, folder, parsed.items)?;
        Ok(module)
    }

    fn add(&mut self, path: String, file: PathBuf, parent: Option<usize>) -> usize {
        self.all.push(Module {
            path,
            file,
            parent,
            names: Vec::new(),
            globs: Vec::new(),
            items: Vec::new(),
        });
        self.all.len() - 1
    }

    /// Takes in what a module holds; files of its children lie in `folder`.
    fn declare(
        &mut self,
        repository: &Path,
        module: usize,
        folder: &Path,
        items: Vec<Item>,
    ) -> Result<(), String> {
        for item in items {
            match item {
                Item::Mod(child) => {
                    if !only_tests(&child.attrs) {
                        self.declare_module(repository, module, folder, child)?;
                    }
                    continue;
                }
                Item::Use(ref import) if !only_tests(&import.attrs) => {
                    let public = is_public(&import.vis);
                    for Leaf { path, bound } in leaves(&import.tree) {
                        let path = path.iter().map(ToString::to_string).collect();
                        match bound {
                            None => self.all[module].globs.push(Glob { path, public }),
                            Some(name) => {
                                let what = Named::Import(path);
                                self.name(module, name.to_string(), what, public);
                            }
                        }
                    }
                }
                _ => {
                    if let Some((name, public)) = item_name(&item) {
                        self.name(module, name.to_string(), Named::Item, public);
                    }
                }
            }
            Mentions::read(module, &item, &mut self.mentions);
            self.all[module].items.push(item);
        }
        Ok(())
    }

    /// Takes in a module inside of another.
    fn declare_module(
        &mut self,
        repository: &Path,
        module: usize,
        folder: &Path,
        child: ItemMod,
    ) -> Result<(), String> {
        let name = child.ident.to_string();
        let path = match self.all[module].path.as_str() {
            "" => name.clone(),
            path => format!("{path}::{name}"),
        };
        let below = folder.join(&name);
        let public = is_public(&child.vis);
        let index = if let Some((_, items)) = child.content {
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
        self.name(module, name, Named::Child(index), public);
        Ok(())
    }

    fn name(&mut self, module: usize, text: String, what: Named, public: bool) {
        self.all[module].names.push(Name { text, what, public });
    }

    /// The module that holds what a path names, or nothing where it leads out of the crate.
    pub(crate) fn resolve(&self, mention: &Mention) -> Option<usize> {
        let found = self.follow(mention.module, &mention.path, mention.import, 0)?;
        Some(found.0)
    }

    /// Where a path leads: to a module or, with `false`, to what stands in one.
    pub(crate) fn follow(
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
        let named = self.all[at].names.iter().filter(|known| known.text == name);
        let mut found = None;
        for name in named {
            match &name.what {
                Named::Child(child) if modules => return Some((*child, true)),
                Named::Child(_) => {}
                Named::Item => found = Some((at, false)),
                Named::Import(path) => {
                    let target = self.follow(at, path, true, depth + 1);
                    found = found.or(target).or(Some((at, false)));
                }
            }
        }
        let mut globs = self.all[at].globs.iter();
        found.or_else(|| {
            globs.find_map(|glob| match self.follow(at, &glob.path, true, depth + 1)? {
                (module, true) if module != at => self.step(module, name, modules, depth + 1),
                _ => None,
            })
        })
    }

    /// The files that lead to a module, the crate's root first; blocks belong to the file around
    /// them.
    pub(crate) fn files_above(&self, module: usize) -> Vec<usize> {
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

/// The name of an item, and whether every crate may use it.
fn item_name(item: &Item) -> Option<(&syn::Ident, bool)> {
    let (name, visibility) = match item {
        Item::Const(item) => (&item.ident, &item.vis),
        Item::Enum(item) => (&item.ident, &item.vis),
        Item::Fn(item) => (&item.sig.ident, &item.vis),
        Item::Macro(item) => return item.ident.as_ref().map(|name| (name, false)),
        Item::Static(item) => (&item.ident, &item.vis),
        Item::Struct(item) => (&item.ident, &item.vis),
        Item::Trait(item) => (&item.ident, &item.vis),
        Item::Type(item) => (&item.ident, &item.vis),
        Item::Union(item) => (&item.ident, &item.vis),
        _ => return None,
    };
    Some((name, is_public(visibility)))
}

/// Whether something is `pub`, and not to some modules only.
pub(crate) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}
