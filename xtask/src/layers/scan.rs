//! What one source file names: paths from the crate's root, `mod` declarations and the crates
//! that it mentions. Text scanning is enough, since rustc checks the rest.

/// A path named in a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mention {
    /// The 1-based line.
    pub(crate) line: usize,
    /// The path's first two segments: `crate` and a module, or a dependency and an item in it.
    pub(crate) path: (String, String),
}

/// Replaces comments, literals and test code by blanks, keeping every line where it is.
pub(crate) fn code_only(source: &str) -> String {
    without_tests(&without_text(source))
}

/// Every path of two segments or more, with groups opened: `use crate::{a::X, b}` mentions
/// `crate::a` and `crate::b`. `super` is resolved for a file `depth` modules below the root.
pub(crate) fn mentions(code: &str, depth: usize) -> Vec<Mention> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let starts_path = is_name(tokens[at].1) && !(at > 0 && tokens[at - 1].1 == "::");
        if !starts_path || is_visibility(&tokens, at) {
            at += 1;
            continue;
        }
        let (root, next) = resolve_super(&tokens, at, depth);
        if let Some(root) = root {
            heads(&tokens, next, root, &mut found);
        }
        at = path_end(&tokens, next);
    }
    found
}

/// The modules that a crate's root declares, in order of declaration.
pub(crate) fn declared_modules(code: &str) -> Vec<String> {
    let tokens = tokens(code);
    let outlined = tokens
        .windows(3)
        .filter(|w| w[0].1 == "mod" && w[2].1 == ";");
    outlined.map(|w| w[1].1.to_owned()).collect()
}

/// What a crate's root re-exports: `pub use error::{Error, Result}` puts `Error` and `Result`,
/// named from the root, into `error`.
pub(crate) fn reexports(code: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for statement in code.split("pub use ").skip(1) {
        let tokens = tokens(statement.split(';').next().unwrap_or_default());
        let names = tokens
            .iter()
            .map(|(_, text)| *text)
            .filter(|text| is_name(text));
        let mut names = names.filter(|name| !matches!(*name, "crate" | "self" | "as"));
        if let Some(module) = names.next() {
            found.extend(names.map(|name| (name.to_owned(), module.to_owned())));
        }
    }
    found
}

/// The first segments behind `root ::` at `next`, of which a group has several.
fn heads(tokens: &[(usize, &str)], next: usize, root: &str, found: &mut Vec<Mention>) {
    if tokens.get(next).map(|t| t.1) != Some("::") {
        return;
    }
    let mention = |&(line, name): &(usize, &str)| Mention {
        line,
        path: (root.to_owned(), name.to_owned()),
    };
    match tokens.get(next + 1) {
        Some((_, "{")) => {
            let mut nesting = 0;
            for pair in tokens[next + 1..group_end(tokens, next + 1)].windows(2) {
                match pair[0].1 {
                    "{" => nesting += 1,
                    "}" => nesting -= 1,
                    _ => {}
                }
                if nesting == 1 && matches!(pair[0].1, "{" | ",") && is_name(pair[1].1) {
                    found.push(mention(&pair[1]));
                }
            }
        }
        Some(token) if is_name(token.1) => found.push(mention(token)),
        _ => {}
    }
}

/// Where the path that goes on at `at` ends, its group included: what stands in a group starts no
/// path of its own.
fn path_end(tokens: &[(usize, &str)], mut at: usize) -> usize {
    while tokens.get(at).is_some_and(|t| t.1 == "::") {
        at += 1;
        match tokens.get(at) {
            Some(token) if is_name(token.1) => at += 1,
            Some((_, "{")) => at = group_end(tokens, at),
            _ => {}
        }
    }
    at
}

/// The index behind the brace that closes the one at `open`.
fn group_end(tokens: &[(usize, &str)], open: usize) -> usize {
    let mut nesting = 0;
    for (at, (_, text)) in tokens.iter().enumerate().skip(open) {
        match *text {
            "{" => nesting += 1,
            "}" if nesting == 1 => return at + 1,
            "}" => nesting -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// The root that a path starts from, and the index behind it. A chain of `super` that ends at the
/// crate's root is `crate`; one that ends below it says nothing about layers.
fn resolve_super<'a>(
    tokens: &[(usize, &'a str)],
    at: usize,
    depth: usize,
) -> (Option<&'a str>, usize) {
    let mut next = at;
    let mut ups = 0;
    if tokens[at].1 == "self" && tokens.get(at + 2).map(|t| t.1) == Some("super") {
        next += 2;
    }
    while tokens.get(next).map(|t| t.1) == Some("super") {
        ups += 1;
        if tokens.get(next + 1).map(|t| t.1) != Some("::") {
            // `pub(super)`
            return (None, next + 1);
        }
        next += 2;
    }
    match ups {
        0 => (Some(tokens[at].1), at + 1),
        // `next - 1` is the `::` behind the last `super`.
        _ if ups >= depth => (Some("crate"), next - 1),
        _ => (None, next - 1),
    }
}

/// `pub(in crate::x)` names who may see an item, not what the item uses.
fn is_visibility(tokens: &[(usize, &str)], at: usize) -> bool {
    at >= 2 && tokens[at - 1].1 == "in" && tokens[at - 2].1 == "("
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::` and single signs, each with its 1-based line.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if first.is_alphanumeric() || first == '_' {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            found.push((number + 1, &rest[..length]));
            rest = rest[length..].trim_start();
        }
    }
    found
}

/// Blanks out comments, strings and character literals.
fn without_text(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let after_name = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => string(rest),
            'r' | 'b' | 'c' if !after_name => prefixed_string(rest),
            '\'' => character(rest),
            _ => 0,
        };
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(
                rest[..length]
                    .chars()
                    .map(|c| if c == '\n' { c } else { ' ' }),
            );
            rest = &rest[length..];
        }
    }
    out
}

/// The length of a block comment, which may hold others.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of a string literal with escapes, quotes included.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"…"`, `r#"…"#`, `b"…"`, `br"…"` and their like, or 0 where none starts.
fn prefixed_string(text: &str) -> usize {
    let quote = text.find('"').unwrap_or(text.len());
    let prefix = &text[..quote];
    let letters = prefix.trim_end_matches('#');
    if !matches!(letters, "r" | "b" | "br" | "c" | "cr") || quote == text.len() {
        return 0;
    }
    if !letters.ends_with('r') {
        return if letters.len() == prefix.len() {
            quote + string(&text[quote..])
        } else {
            0
        };
    }
    let end = format!("\"{}", &prefix[letters.len()..]);
    let body = &text[quote + 1..];
    body.find(&end)
        .map_or(text.len(), |at| quote + 1 + at + end.len())
}

/// The length of a character literal, or 0 where a lifetime starts.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((after, escaped))) => {
            let from = after + escaped.len_utf8();
            text[from..].find('\'').map_or(0, |at| from + at + 1)
        }
        (Some(_), Some((close, '\''))) => close + 1,
        _ => 0,
    }
}

/// Blanks out items under `#[cfg(test)]`: what only tests use makes no layer. Expects code without
/// literals, so that braces balance.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        out.push_str(&rest[..start]);
        let item = &rest[start..];
        let end = item_end(item);
        out.extend(item[..end].chars().map(|c| if c == '\n' { c } else { ' ' }));
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}

/// Where an item ends: at its `;`, or at the brace that closes its body.
fn item_end(item: &str) -> usize {
    let mut depth = 0;
    for (at, byte) in item.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return at + 1,
            b'}' => depth -= 1,
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(source: &str, depth: usize) -> Vec<(usize, String)> {
        let found = mentions(&code_only(source), depth).into_iter();
        found
            .map(|m| (m.line, format!("{}::{}", m.path.0, m.path.1)))
            .collect()
    }

    #[test]
    fn groups_are_opened_to_their_heads() {
        let source = "use crate::{\n    edit::{EditSpec, RelEdit},\n    window,\n};\n";
        assert_eq!(
            paths(source, 1),
            [(2, "crate::edit".into()), (3, "crate::window".into())]
        );
    }

    #[test]
    fn paths_in_expressions_count() {
        let source = "fn f() {\n    crate::surprise::aggregate(&[], burn::nn::X)\n}\n";
        assert_eq!(
            paths(source, 1),
            [(2, "crate::surprise".into()), (2, "burn::nn".into())]
        );
    }

    #[test]
    fn super_is_the_root_only_from_the_right_depth() {
        let source = "use super::super::error::Error;\nuse super::spec::X;\n";
        assert_eq!(paths(source, 2), [(1, "crate::error".into())]);
        assert_eq!(
            paths("use super::error::Error;\n", 1),
            [(1, "crate::error".into())]
        );
    }

    #[test]
    fn comments_literals_and_tests_say_nothing() {
        let source = concat!(
            "// crate::a::b\n/* crate::b /* crate::b */ crate::b */\n",
            "const S: &str = \"crate::c \\\" crate::c\";\n",
            "const R: &str = r#\"crate::d \" crate::d\"#;\nconst Q: char = '\"';\n",
            "fn f<'a>(x: &'a str) {}\n",
            "#[cfg(test)]\nmod tests {\n    use crate::e::E;\n}\nuse crate::last::L;\n",
        );
        assert_eq!(paths(source, 1), [(11, "crate::last".into())]);
    }

    #[test]
    fn visibility_is_no_import() {
        assert_eq!(paths("pub(in crate::source) fn f() {}\n", 1), []);
        assert_eq!(paths("pub(crate) fn f() {}\npub(super) fn g() {}\n", 1), []);
    }

    #[test]
    fn the_root_tells_its_modules_and_reexports() {
        let root = "pub mod error;\nmod edit;\nmod inline { }\npub use error::{Error, Result};\n";
        assert_eq!(declared_modules(root), ["error", "edit"]);
        let of = |name: &str| (name.to_owned(), "error".to_owned());
        assert_eq!(reexports(root), [of("Error"), of("Result")]);
    }
}
