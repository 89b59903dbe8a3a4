//! What macros make: their bodies are templates, so names are taken from the bare tokens.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::{Item, ItemMacro};

/// The templates of a crate, by the macro's name: every word in them, in order.
pub(super) type Templates = BTreeMap<String, Vec<String>>;

/// Adds the template of an item that defines a macro.
pub(super) fn collect(item: &Item, templates: &mut Templates) {
    if let Item::Macro(definition) = item
        && let Some(name) = &definition.ident
    {
        let words = words(definition.mac.tokens.clone(), true);
        templates.insert(name.to_string(), words);
    }
}

/// A type that a call of a macro makes or adds to.
pub(super) struct Made {
    /// Its name.
    pub(super) name: String,
    /// Whether the call declares it.
    pub(super) declared: bool,
    /// Functions and constants of its template, and the variants that the call lists.
    pub(super) members: BTreeSet<String>,
}

/// What a call of one of the crate's macros makes, if anything with members.
pub(super) fn by(call: &ItemMacro, templates: &Templates) -> Option<Made> {
    let name = call.mac.path.segments.last()?.ident.to_string();
    let template = templates.get(&name)?;
    let given = words(call.mac.tokens.clone(), false);
    let declared = follower(template, "enum");
    // The type is named by the template or, where that leaves it open, first in the call.
    let named = declared
        .clone()
        .filter(|name| name != "name" && name != "type");
    let mut members = BTreeSet::new();
    add_functions(template, templates, &mut members);
    let name = named.or_else(|| given.first().cloned())?;
    members.extend(given.into_iter().filter(|word| *word != name));
    Some(Made {
        name,
        declared: declared.is_some(),
        members,
    })
}

/// Functions and constants of a template, and of the templates that it uses.
fn add_functions(template: &[String], templates: &Templates, members: &mut BTreeSet<String>) {
    for pair in template.windows(2) {
        if pair[0] == "fn" || (pair[0] == "const" && pair[1] != "fn") {
            members.insert(pair[1].clone());
        }
    }
    for word in template {
        let used = templates
            .get(word)
            .filter(|used| used.as_slice() != template);
        used.into_iter()
            .for_each(|used| add_functions(used, templates, members));
    }
}

/// The word behind another one.
fn follower(words: &[String], word: &str) -> Option<String> {
    let pair = words.windows(2).find(|pair| pair[0] == word)?;
    Some(pair[1].clone())
}

/// Every word of some tokens; attributes are left out.
fn words(tokens: TokenStream, groups: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut attribute = false;
    for token in tokens {
        match token {
            TokenTree::Punct(sign) => attribute = sign.as_char() == '#',
            TokenTree::Group(_) if attribute => attribute = false,
            TokenTree::Group(group) if groups => found.extend(words(group.stream(), groups)),
            TokenTree::Ident(word) => found.push(word.to_string()),
            _ => {}
        }
    }
    found
}
