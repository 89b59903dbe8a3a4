//! What the items of one module name: paths in imports, types, expressions, patterns, attributes
//! and, as far as tokens show them, in macros. Tests are left out: they sit above all.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, UseTree};

/// A path that a module names.
pub(crate) struct Mention {
    /// The module's index.
    pub(crate) module: usize,
    /// The 1-based line.
    pub(crate) line: usize,
    /// Its segments, as written.
    pub(crate) path: Vec<String>,
    /// Whether a `use` says it, so that it may end in a module.
    pub(crate) import: bool,
    /// Whether it is only handed on, by a `pub use`.
    pub(crate) handed_on: bool,
}

/// Collects the mentions of one module.
pub(crate) struct Mentions<'a> {
    module: usize,
    found: &'a mut Vec<Mention>,
}

impl Mentions<'_> {
    /// Adds what an item names; a module's items are read one by one, as part of that module.
    pub(crate) fn read(module: usize, item: &syn::Item, found: &mut Vec<Mention>) {
        if !matches!(item, syn::Item::Mod(_)) {
            Mentions { module, found }.visit_item(item);
        }
    }

    fn add(&mut self, path: &[&Ident], import: bool, handed_on: bool) {
        if let Some(last) = path.last() {
            self.found.push(Mention {
                module: self.module,
                line: last.span().start().line,
                path: path.iter().map(ToString::to_string).collect(),
                import,
                handed_on,
            });
        }
    }

    /// Macros have a grammar of their own, so their paths are taken from the bare tokens: names
    /// that are joined by `::`.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<Ident> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(sign) if sign.as_char() == ':' => colons += 1,
                // Behind `<T>::` there is no path that starts anew.
                TokenTree::Ident(_) if colons == 2 && path.is_empty() => {}
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.tokens_end(&mut path);
                    }
                    path.push(name);
                    colons = 0;
                }
                other => {
                    self.tokens_end(&mut path);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.tokens_end(&mut path);
    }

    /// A single name in a macro may be anything: a field, a binding, a word of its grammar.
    fn tokens_end(&mut self, path: &mut Vec<Ident>) {
        if path.len() > 1 {
            self.add(&path.iter().collect::<Vec<_>>(), false, false);
        }
        path.clear();
    }
}

/// Walks on into these kinds unless only tests have them.
macro_rules! without_tests {
    ($($visit:ident: $kind:ident,)*) => {
        $(fn $visit(&mut self, item: &'ast syn::$kind) {
            if !only_tests(&item.attrs) {
                visit::$visit(self, item);
            }
        })*
    };
}

impl<'ast> Visit<'ast> for Mentions<'_> {
    without_tests! {
        visit_field: Field,
        visit_impl_item_const: ImplItemConst,
        visit_impl_item_fn: ImplItemFn,
        visit_item_const: ItemConst,
        visit_item_enum: ItemEnum,
        visit_item_fn: ItemFn,
        visit_item_impl: ItemImpl,
        visit_item_macro: ItemMacro,
        visit_item_mod: ItemMod,
        visit_item_static: ItemStatic,
        visit_item_struct: ItemStruct,
        visit_item_trait: ItemTrait,
        visit_item_type: ItemType,
        visit_local: Local,
        visit_trait_item_fn: TraitItemFn,
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if only_tests(&item.attrs) {
            return;
        }
        let handed_on = !matches!(item.vis, syn::Visibility::Inherited);
        for leaf in leaves(&item.tree) {
            self.add(&leaf.path, true, handed_on);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|part| &part.ident).collect();
        self.add(&names, false, false);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.tokens(call.tokens.clone());
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.visit_path(&list.path);
        self.tokens(list.tokens.clone());
    }

    /// `pub(in crate::x)` says who may see an item, not what the item uses.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

/// One path of a `use`, its groups opened, and the name that it binds: none for `*`.
pub(crate) struct Leaf<'a> {
    pub(crate) path: Vec<&'a Ident>,
    pub(crate) bound: Option<&'a Ident>,
}

/// Every path of a `use`.
pub(crate) fn leaves(tree: &UseTree) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    open(tree, &mut Vec::new(), &mut found);
    found
}

fn open<'a>(tree: &'a UseTree, path: &mut Vec<&'a Ident>, found: &mut Vec<Leaf<'a>>) {
    let mut leaf = |name: &'a Ident, bound: Option<&'a Ident>| {
        let mut path = path.clone();
        // `a::{self}` is `a`.
        if name != "self" || path.is_empty() {
            path.push(name);
        }
        let bound = bound.or(path.last().copied());
        found.push(Leaf { path, bound });
    };
    match tree {
        UseTree::Name(end) => leaf(&end.ident, None),
        UseTree::Rename(end) => leaf(&end.ident, Some(&end.rename)),
        UseTree::Glob(_) => found.push(Leaf {
            path: path.clone(),
            bound: None,
        }),
        UseTree::Path(step) => {
            path.push(&step.ident);
            open(&step.tree, path, found);
            path.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| open(tree, path, found)),
    }
}

/// Whether an item is there for tests alone: `#[cfg(test)]`, `#[cfg(all(test, …))]`.
pub(crate) fn only_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let list = attribute.meta.require_list().ok();
        let cfg = list.filter(|list| list.path.is_ident("cfg"));
        let text = cfg.map(|cfg| cfg.tokens.to_string().replace(' ', ""));
        text.is_some_and(|text| text == "test" || text.starts_with("all(test,"))
    })
}
