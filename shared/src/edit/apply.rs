//! Applying edits to the bases of a window.

use super::RelEdit;
use crate::{Error, ErrorCode, Result};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// Stands in for bases that a window of fixed length lost.
const LOST_BASE: &str = "N";

/// Replaces the reference bases of one edit in `window` by its alternate bases.
///
/// With `preserve_length` the result is brought back to the window's length at the end far from the
/// edit: bases are cut there, or `N` is added.
///
/// # Errors
/// `INPUT.OUT_OF_WINDOW` when a reference base lies outside; `INPUT.WINDOW_MISMATCH` when the window
/// holds other bases there (case aside).
///
/// ```
/// use genolewm_core::edit::{RelEdit, apply_edit};
/// use genolewm_core::position::BpOffset;
/// let deletion = RelEdit::new(BpOffset(6), "CC", "G")?;
/// assert_eq!(apply_edit("TCAATGCC", &deletion, false)?, "TCAATGG");
/// assert_eq!(apply_edit("TCAATGCC", &deletion, true)?, "NTCAATGG");
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn apply_edit(window: &str, edit: &RelEdit, preserve_length: bool) -> Result<String> {
    apply_edits(window, core::slice::from_ref(edit), preserve_length)
}

/// As [`apply_edit`] with the length kept, but brought back to it on the right, so that the edited window
/// and the reference share all that lies left of the edit. Where less than `right_bp` of the window would
/// be left behind the alternate bases, as at a contig's end, it is the end far from the edit.
///
/// # Errors
/// As [`apply_edit`].
pub fn apply_edit_on_right(window: &str, edit: &RelEdit, right_bp: usize) -> Result<String> {
    apply_edits_on_right(window, core::slice::from_ref(edit), right_bp)
}

/// The same for several edits, all placed in the unedited window.
///
/// # Errors
/// As [`apply_edits`].
pub fn apply_edits_on_right(window: &str, edits: &[RelEdit], right_bp: usize) -> Result<String> {
    let end = |edit: &RelEdit| edit.rel_pos().index() + edit.alt_bases().len();
    let end = edits.iter().map(end).max().unwrap_or(0);
    if end.saturating_add(right_bp) > window.len() {
        return apply_edits(window, edits, true);
    }
    let mut edited = apply_edits(window, edits, false)?;
    edited.truncate(window.len());
    edited.push_str(&LOST_BASE.repeat(window.len() - edited.len()));
    Ok(edited)
}

/// Replaces the reference bases of several edits, all placed in the unedited window. Their order
/// does not matter. With `preserve_length` the length is mended once, at the end far from the
/// left-most edit.
///
/// # Errors
/// `INPUT.OVERLAPPING_EDITS` when two edits share a reference base; else as [`apply_edit`].
pub fn apply_edits(window: &str, edits: &[RelEdit], preserve_length: bool) -> Result<String> {
    let (sorted, spans): (Vec<_>, Vec<_>) = placed(edits, window.len())?.into_iter().unzip();
    let mut edited = String::with_capacity(window.len());
    let mut copied = 0;
    for (edit, span) in sorted.iter().zip(&spans) {
        check_reference(window, edit, span)?;
        edited.push_str(window.get(copied..span.start).unwrap_or_default());
        edited.push_str(edit.alt_bases());
        copied = span.end;
    }
    edited.push_str(window.get(copied..).unwrap_or_default());

    match spans.first() {
        Some(left_most) if preserve_length => {
            Ok(mend_length(edited, window.len(), left_most.start))
        }
        _ => Ok(edited),
    }
}

/// Refuses edits that are not apart, or do not lie in a window of that length.
///
/// # Errors
/// `INPUT.OVERLAPPING_EDITS` and `INPUT.OUT_OF_WINDOW`, as [`apply_edits`].
pub fn check_edits(edits: &[RelEdit], window_bp: usize) -> Result<()> {
    placed(edits, window_bp).map(drop)
}

/// Edits from left to right, each with its reference span as byte offsets of the window.
fn placed(edits: &[RelEdit], window_bp: usize) -> Result<Vec<(&RelEdit, Range<usize>)>> {
    let mut sorted: Vec<&RelEdit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.rel_pos());
    for pair in sorted.windows(2) {
        if let [left, right] = pair {
            check_disjoint(left, right)?;
        }
    }
    let place = |edit| Ok((edit, span_in(window_bp, edit)?));
    sorted.into_iter().map(place).collect()
}

fn check_disjoint(left: &RelEdit, right: &RelEdit) -> Result<()> {
    if right.rel_pos() >= left.span().end {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::InputOverlappingEdits,
        "two edits share a reference base",
    )
    .with_detail("rel_pos", left.rel_pos())
    .with_detail("other_rel_pos", right.rel_pos())
    .with_remedy("merge the edits into one, or score them apart"))
}

fn span_in(window_bp: usize, edit: &RelEdit) -> Result<Range<usize>> {
    let span = edit.span();
    if span.end.get() <= window_bp as u64 {
        return Ok(span.start.index()..span.end.index());
    }
    Err(Error::new(
        ErrorCode::InputOutOfWindow,
        "the edit reaches outside the window",
    )
    .with_detail("rel_pos", edit.rel_pos())
    .with_detail("window_bp", window_bp))
}

fn check_reference(window: &str, edit: &RelEdit, span: &Range<usize>) -> Result<()> {
    let found = window.as_bytes().get(span.clone()).unwrap_or_default();
    if found.eq_ignore_ascii_case(edit.ref_bases().as_bytes()) {
        return Ok(());
    }
    let found = String::from_utf8_lossy(found);
    Err(Error::new(
        ErrorCode::InputWindowMismatch,
        format!(
            "the window holds {found} where the edit expects {}",
            edit.ref_bases()
        ),
    )
    .with_detail("rel_pos", edit.rel_pos())
    .with_remedy("check that the reference is the build that the variant was called against"))
}

/// Cuts or pads the end far from `locus`, so that the bases around it keep their context.
fn mend_length(edited: String, window_bp: usize, locus: usize) -> String {
    let keep_left = locus < window_bp / 2;
    let missing = LOST_BASE.repeat(window_bp.saturating_sub(edited.len()));
    let surplus = edited.len().saturating_sub(window_bp);
    if keep_left {
        let kept = edited.get(..edited.len() - surplus).unwrap_or_default();
        format!("{kept}{missing}")
    } else {
        let kept = edited.get(surplus..).unwrap_or_default();
        format!("{missing}{kept}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::BpOffset;

    #[test]
    fn what_lies_left_of_an_edit_is_shared_where_the_length_allows_it() -> Result<()> {
        let window = "ACGTACGTACGT";
        let edit = |pos, reference, alt| RelEdit::new(BpOffset(pos), reference, alt);
        let on_right = |edit: &RelEdit| apply_edit_on_right(window, edit, 2);
        assert_eq!(on_right(&edit(7, "T", "TGG")?)?, "ACGTACGTGGAC");
        assert_eq!(on_right(&edit(7, "TA", "T")?)?, "ACGTACGTCGTN");
        let late = edit(9, "C", "CAA")?;
        assert_eq!(on_right(&late)?, apply_edit(window, &late, true)?);
        assert_eq!(on_right(&edit(1, "C", "A")?)?, "AAGTACGTACGT");
        let both = [edit(1, "C", "A")?, edit(7, "TA", "T")?];
        assert_eq!(apply_edits_on_right(window, &both, 2)?, "AAGTACGTCGTN");
        Ok(())
    }

    #[test]
    fn errors_come_in_a_fixed_order() -> Result<()> {
        let edit = |pos, reference, alt| RelEdit::new(BpOffset(pos), reference, alt);
        let code = |edits: &[RelEdit]| apply_edits("ACGTACGT", edits, false).map_err(|e| e.code());
        let overlap = [edit(0, "CC", "A")?, edit(1, "C", "G")?];
        assert_eq!(code(&overlap), Err(ErrorCode::InputOverlappingEdits));
        let outside = [edit(17, "T", "G")?, edit(0, "C", "A")?];
        assert_eq!(code(&outside), Err(ErrorCode::InputOutOfWindow));
        assert_eq!(
            code(&[edit(0, "C", "A")?]),
            Err(ErrorCode::InputWindowMismatch)
        );
        assert_eq!(
            code(&[edit(u64::MAX, "C", "A")?]),
            Err(ErrorCode::InputOutOfWindow)
        );
        Ok(())
    }

    #[test]
    fn a_window_of_other_letters_never_panics() -> Result<()> {
        let edit = RelEdit::new(BpOffset(1), "C", "GTT")?;
        assert!(apply_edit("éé", &edit, true).is_err());
        assert_eq!(apply_edit("acgé", &edit, false)?, "aGTTgé");
        Ok(())
    }
}
