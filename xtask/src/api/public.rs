//! Every public path of the workspace's libraries, as one writes it in `use`: modules, what stands in
//! them, and behind a type its public fields, variants, functions and constants.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::{Attribute, Fields, ImplItem, Item, TraitItem, Type};

use super::made::{self, Templates};
use crate::layers::mentions::only_tests;
use crate::layers::modules::{Modules, Named, is_public};

/// One library while its names are collected.
struct Library {
    /// Its name in code.
    name: String,
    modules: Modules,
    /// What stands behind a type: by the module that declares it and its name.
    members: BTreeMap<(usize, String), BTreeSet<String>>,
    /// Types that macros declare.
    made: BTreeSet<(usize, String)>,
}

/// Collects all paths of libraries: folder and name in code of each, after those whose items it hands on.
///
/// # Errors
/// A file that is missing or no Rust.
pub(super) fn paths(root: &Path, libraries: &[(&str, &str)]) -> Result<BTreeSet<String>, String> {
    let mut found = BTreeSet::new();
    for &(folder, name) in libraries {
        let modules = Modules::read(root, &Path::new(folder).join("src/lib.rs"))?;
        let mut library = Library {
            name: name.to_owned(),
            modules,
            members: BTreeMap::new(),
            made: BTreeSet::new(),
        };
        library.collect_members();
        found.insert(library.name.clone());
        library.walk(0, &library.name, &mut Vec::new(), &mut found);
    }
    Ok(found)
}

impl Library {
    fn collect_members(&mut self) {
        let mut templates = Templates::new();
        let items = self.modules.all.iter().flat_map(|module| &module.items);
        items.for_each(|item| made::collect(item, &mut templates));
        let mut found: Vec<(usize, String, BTreeSet<String>)> = Vec::new();
        for (at, module) in self.modules.all.iter().enumerate() {
            for item in &module.items {
                match item {
                    Item::Macro(call) => {
                        let Some(made) = made::by(call, &templates) else {
                            continue;
                        };
                        if made.declared {
                            self.made.insert((at, made.name.clone()));
                        }
                        found.push((at, made.name, made.members));
                    }
                    Item::Impl(block) if !only_tests(&block.attrs) => {
                        if let Some((home, name)) = self.owner(at, &block.self_ty) {
                            found.push((home, name, impl_members(block)));
                        }
                    }
                    item => found.extend(own_members(item).map(|(name, own)| (at, name, own))),
                }
            }
        }
        for (at, name, members) in found {
            self.members.entry((at, name)).or_default().extend(members);
        }
    }

    /// The type that a block adds to: the module that declares it, and its name.
    fn owner(&self, at: usize, written: &Type) -> Option<(usize, String)> {
        let Type::Path(written) = written else {
            return None;
        };
        let parts = written.path.segments.iter();
        let path: Vec<String> = parts.map(|part| part.ident.to_string()).collect();
        let name = path.last()?.clone();
        let home = self.modules.follow(at, &path, false, 0);
        Some((home.map_or(at, |(home, _)| home), name))
    }

    /// Adds what is public in a module, below `prefix`.
    fn walk(&self, at: usize, prefix: &str, above: &mut Vec<usize>, found: &mut BTreeSet<String>) {
        if above.contains(&at) {
            return;
        }
        above.push(at);
        let module = &self.modules.all[at];
        for name in module.names.iter().filter(|name| name.public) {
            let path = format!("{prefix}::{}", name.text);
            match &name.what {
                Named::Child(child) => {
                    found.insert(path.clone());
                    self.walk(*child, &path, above, found);
                }
                Named::Item => self.add(at, &name.text, path, found),
                Named::Import(target) => self.hand_on(at, target, &path, above, found),
            }
        }
        for (_, name) in self.made.iter().filter(|(home, _)| *home == at) {
            self.add(at, name, format!("{prefix}::{name}"), found);
        }
        for glob in module.globs.iter().filter(|glob| glob.public) {
            match self.modules.follow(at, &glob.path, true, 0) {
                Some((module, true)) => self.walk(module, prefix, above, found),
                _ => add_foreign(&glob.path.join("::"), prefix, found),
            }
        }
        above.pop();
    }

    /// Adds an item under the name by which it is handed on.
    fn hand_on(
        &self,
        at: usize,
        target: &[String],
        path: &str,
        above: &mut Vec<usize>,
        found: &mut BTreeSet<String>,
    ) {
        match self.modules.follow(at, target, true, 0) {
            Some((module, true)) => {
                found.insert(path.to_owned());
                self.walk(module, path, above, found);
            }
            Some((module, false)) => {
                let name = target.last().map_or("", String::as_str);
                self.add(module, name, path.to_owned(), found);
            }
            None => add_foreign(&target.join("::"), path, found),
        }
    }

    fn add(&self, home: usize, name: &str, path: String, found: &mut BTreeSet<String>) {
        let members = self.members.get(&(home, name.to_owned()));
        let members = members.into_iter().flatten();
        found.extend(members.map(|member| format!("{path}::{member}")));
        found.insert(path);
    }
}

/// What another library of the workspace has, under a path of this one.
fn add_foreign(target: &str, path: &str, found: &mut BTreeSet<String>) {
    let below = format!("{target}::");
    let taken: Vec<String> = found
        .range(target.to_owned()..)
        .take_while(|known| known.starts_with(target))
        .filter(|known| *known == target || known.starts_with(&below))
        .map(|known| format!("{path}{}", &known[target.len()..]))
        .collect();
    found.extend(taken);
}

/// Fields, variants and functions that the item itself lists.
fn own_members(item: &Item) -> Option<(String, BTreeSet<String>)> {
    let mut members = BTreeSet::new();
    let name = match item {
        Item::Struct(item) => {
            let fields = match &item.fields {
                Fields::Named(fields) => fields.named.iter().collect(),
                _ => Vec::new(),
            };
            let public = fields.into_iter().filter(|field| is_public(&field.vis));
            members.extend(public.filter_map(|field| Some(field.ident.as_ref()?.to_string())));
            add_derived(&item.attrs, &mut members);
            &item.ident
        }
        Item::Enum(item) => {
            members.extend(
                item.variants
                    .iter()
                    .map(|variant| variant.ident.to_string()),
            );
            add_derived(&item.attrs, &mut members);
            &item.ident
        }
        Item::Trait(item) => {
            members.extend(item.items.iter().filter_map(|item| match item {
                TraitItem::Fn(item) => Some(item.sig.ident.to_string()),
                TraitItem::Const(item) => Some(item.ident.to_string()),
                _ => None,
            }));
            &item.ident
        }
        _ => return None,
    };
    Some((name.to_string(), members))
}

/// `default`, where it is derived.
fn add_derived(attributes: &[Attribute], members: &mut BTreeSet<String>) {
    let derives = |attribute: &Attribute| {
        let list = attribute.meta.require_list().ok();
        let list = list.filter(|list| list.path.is_ident("derive"));
        list.is_some_and(|list| list.tokens.to_string().contains("Default"))
    };
    if attributes.iter().any(derives) {
        members.insert("default".to_owned());
    }
}

/// Public functions and constants of a block; those of a trait are as public as the trait.
fn impl_members(block: &syn::ItemImpl) -> BTreeSet<String> {
    let all = block.trait_.is_some();
    let members = block.items.iter().filter_map(|item| match item {
        ImplItem::Fn(item) if all || is_public(&item.vis) => Some(item.sig.ident.to_string()),
        ImplItem::Const(item) if all || is_public(&item.vis) => Some(item.ident.to_string()),
        _ => None,
    });
    members.collect()
}
