//! Text that strangers wrote: what of it nobody would see, and how it is shown and put into tables.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

/// Whether a character cannot be seen but moves a cursor, turns the direction of what stands around it,
/// or ends a line: controls, marks of direction and width, separators of lines, tags.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Whether text may be the name of a contig or an allele: it has no blank and nothing hidden.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || is_hidden(c))
}

/// Text on one line with everything hidden written out, as `\u{1b}` or `\n`.
///
/// ```
/// assert_eq!(genolewm_core::text::visible("a\u{1b}[2J\tb"), "a\\u{1b}[2J\\tb");
/// ```
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    written_out(text, is_hidden)
}

/// The same of text that may have several lines, and tabs in them.
#[must_use]
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    written_out(text, |c| is_hidden(c) && !matches!(c, '\n' | '\t'))
}

fn written_out(text: &str, is_meant: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_meant) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_meant(c) {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Text in a cell of a table: on one line, and never taken for a formula, which spreadsheets would
/// calculate. What one could be has `'` before it, and so has longer text that begins with `'`: without
/// its first `'` a longer cell is the text again.
///
/// ```
/// use genolewm_core::text::cell;
/// assert_eq!(cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
/// assert_eq!(cell("-"), "-");
/// ```
#[must_use]
pub fn cell(text: &str) -> Cow<'_, str> {
    let shown = visible(text);
    let formula = shown.starts_with(['=', '+', '-', '@', '\'', '＝', '＋', '－', '＠']);
    if formula && shown.chars().nth(1).is_some() {
        return Cow::Owned(format!("'{shown}"));
    }
    shown
}

/// The text of a [`cell`]; what was written out stays so.
///
/// ```
/// use genolewm_core::text::{cell, of_cell};
/// assert_eq!(of_cell(&cell("=HLA")), "=HLA");
/// assert_eq!(of_cell("'"), "'");
/// ```
#[must_use]
pub fn of_cell(cell: &str) -> &str {
    let text = cell.strip_prefix('\'');
    text.filter(|text| !text.is_empty()).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_written_out() {
        assert_eq!(visible("rs1 ä;|"), "rs1 ä;|");
        assert_eq!(visible("\u{202e}gnp\u{9b}2J"), "\\u{202e}gnp\\u{9b}2J");
        assert!(is_plain("HLA-A*01:01") && is_plain("<DEL>"));
        for name in ["", "a b", "a\u{1b}", "a\u{200b}", "a\u{85}", "a\u{feff}"] {
            assert!(!is_plain(name), "{name:?}");
        }
    }

    #[test]
    fn a_cell_opened_as_a_formula() {
        for text in ["=1+1", "+1", "-rs1", "@SUM(A1)", "'=1", "''", "＝1"] {
            let shown = cell(text);
            assert_eq!(shown.strip_prefix('\''), Some(text));
            assert_eq!(of_cell(&shown), text);
        }
        for text in ["", "-", "'", "=", "rs1", "a=b", "."] {
            assert_eq!(cell(text), text);
            assert_eq!(of_cell(text), text);
        }
        assert_eq!(cell("a\tb\nc"), "a\\tb\\nc");
        assert_eq!(cell("\t=1"), "\\t=1");
    }
}
