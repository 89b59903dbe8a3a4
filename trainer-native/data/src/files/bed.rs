//! BED files: stretches of contigs, one a line.

use crate::files::lines::each_line;
use genolewm_core::{Result, bed};
use std::path::Path;

/// Calls `each` with the columns of every line that lists something: between tabs, or between blanks in a
/// line without a tab. Its errors get the line.
///
/// # Errors
/// As [`each_line`].
pub fn each_row(path: &Path, mut each: impl FnMut(&[&str]) -> Result<()>) -> Result<()> {
    each_line(path, |line| match line.trim_end() {
        line if !bed::lists(line) => Ok(()),
        line if line.contains('\t') => each(&line.split('\t').collect::<Vec<_>>()),
        line => each(&line.split_whitespace().collect::<Vec<_>>()),
    })
}
