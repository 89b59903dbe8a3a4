//! The files that hold-outs are written in.

use crate::errors::config_error;
use crate::files::lines::each_line;
use crate::holdout::policy::HoldoutPolicy;
use genolewm_core::bytes::Held;
use genolewm_core::edit::{AlleleForm, EditSpec, SkipReason, VariantSpelling};
use genolewm_core::{Error, ErrorCode, Result};
use std::path::Path;

/// Memory of a short text beside its letters.
const HELD_TEXT_BYTES: usize = 48;

/// Where hold-outs are listed.
#[derive(Debug, Clone, Copy)]
pub struct HoldoutFiles<'a> {
    /// Regions and whole records, as BED; see [`HoldoutPolicy::read`].
    pub regions: &'a Path,
    /// Variants, one `chrom:pos:ref:alt` a line.
    pub edits: Option<&'a Path>,
    /// Names of records, one a line.
    pub records: Option<&'a Path>,
}

impl HoldoutFiles<'_> {
    /// Reads all of them. In the lists, empty lines and what starts with `#` are passed over.
    ///
    /// # Errors
    /// As [`HoldoutPolicy::read`]; `INPUT.INVALID_EDIT` or `INPUT.UNSUPPORTED_EDIT` with the line
    /// that is no variant, `CONFIG.GENERIC` with the line that is no record's name.
    pub fn read(self) -> Result<HoldoutPolicy> {
        let mut policy = HoldoutPolicy::read(self.regions)?;
        if let Some(path) = self.edits {
            each_entry(path, |line| {
                let edit = held_out(line).map_err(|error| {
                    error.with_remedy("write one chrom:pos:ref:alt a line, with 1-based positions")
                })?;
                policy.add_edit(&edit);
                Ok(())
            })?;
        }
        if let Some(path) = self.records {
            each_entry(path, |line| {
                if line.contains('\t') {
                    return Err(more_than_a_name());
                }
                policy.add_record(line);
                Ok(())
            })?;
        }
        Ok(policy)
    }
}

/// The edit that a line names, in whatever spelling.
fn held_out(line: &str) -> Result<EditSpec> {
    let variant: VariantSpelling = line.parse()?;
    variant.edit(AlleleForm::Canonical).map_err(|reason| {
        let code = match reason {
            SkipReason::TooLong => ErrorCode::InputUnsupportedEdit,
            _ => ErrorCode::InputInvalidEdit,
        };
        Error::new(code, format!("this is no edit: {}", reason.describe()))
    })
}

/// Calls `each` with every line that says something.
fn each_entry(path: &Path, mut each: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let mut held = Held::of(path);
    each_line(path, |line| match line.trim() {
        text if text.is_empty() || text.starts_with('#') => Ok(()),
        text => {
            // A variant has three texts, each in a place of its own.
            held.add(2 * HELD_TEXT_BYTES + text.len())?;
            each(text)
        }
    })
}

/// A BED file in its place would hold out nothing, without a word.
fn more_than_a_name() -> Error {
    config_error("a line of held-out records holds more than a name").with_remedy(
        "write one record's name a line; regions belong into the BED file of --holdout",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::position::{BpOffset, Interval};

    /// The policy of a region file and two lists.
    fn policy(edits: &str, records: &str) -> Result<HoldoutPolicy> {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let [regions, edits, records] = [
            file("holdout.bed", "chr1\t10\t20\n"),
            file("edits.txt", edits),
            file("records.txt", records),
        ];
        HoldoutFiles {
            regions: &regions,
            edits: Some(&edits),
            records: Some(&records),
        }
        .read()
    }

    #[test]
    fn three_files_make_one_policy() {
        let read = policy("# why\n\nchr2:5:A:AC\r\n7:9:G:T\n", "rec 1\n#rec2\n").unwrap();
        let excludes = |edit: &str| read.excludes_edit(&edit.parse().unwrap());
        assert!(excludes("chr1:11:A:C") && excludes("2:5:AG:ACG") && excludes("chr7:9:G:T"));
        assert!(!excludes("chr1:21:A:C") && !excludes("2:5:A:C") && !excludes("1:11:A:C"));
        let base = Interval::new(BpOffset(0), BpOffset(1)).unwrap();
        assert!(read.touches("rec 1", base) && !read.touches("#rec2", base));
    }

    #[test]
    fn an_edit_that_is_held_out_in_one_spelling_was_drawn_in_another() {
        use crate::window::WindowContext;
        use genolewm_core::edit::RelEdit;
        // The deletion of one A, at the right end of the repeat; a padded SNV, in lower case.
        let read = policy(
            "chr1:106:AC:C\n1:103:aaaacgtacgtacgtacgt:aaaaggtacgtacgtacgt\n",
            "",
        );
        let read = read.unwrap();
        let bases = "TGAAAACGTACGTACGTACGT".to_owned();
        let window = WindowContext::placed("r", "chr1", BpOffset(100), bases);
        let excludes = |at, reference, alternate| {
            let edit = RelEdit::new(BpOffset(at), reference, alternate).unwrap();
            read.excludes_edit_of(&window, &edit)
        };
        assert!(excludes(1, "GA", "G") && excludes(3, "AAA", "AA") && excludes(4, "AAC", "AC"));
        assert!(excludes(6, "C", "G") && excludes(5, "ACG", "AGG"));
        assert!(!excludes(1, "GAA", "G") && !excludes(6, "C", "T") && !excludes(3, "A", "AA"));
    }

    #[test]
    fn a_line_that_is_not_understood_stops_the_run() {
        for (edits, records, code) in [
            ("1:5:A:C\n1:5:A\n", "", ErrorCode::InputInvalidEdit),
            ("\n1:0:A:C\n", "", ErrorCode::InputInvalidEdit),
            ("#\nchr1\t10\tA\tC\n", "", ErrorCode::InputInvalidEdit),
            ("", "rec1\nchr1\t10\t20\n", ErrorCode::ConfigGeneric),
        ] {
            let error = policy(edits, records).unwrap_err();
            let line = error.location().and_then(|at| at.line);
            assert_eq!(
                (error.code(), line),
                (code, Some(2)),
                "{edits:?} {records:?}"
            );
            assert!(error.remedy().is_some());
        }
    }
}
