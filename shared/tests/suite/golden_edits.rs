//! Edits against the golden vectors: validity, placement and application.
#![allow(clippy::expect_used, clippy::panic)]

use crate::common::{cases, check_outcome, golden_json, text};
use genolewm_core::Result;
use genolewm_core::edit::{EditSpec, RelEdit, apply_edit, apply_edits};
use genolewm_core::position::{BpOffset, Position};
use serde_json::Value;

/// A position from JSON. A negative number has no place in the type; it stands for position 0, which
/// is refused with the same code.
fn position(case: &Value) -> Result<Position> {
    let pos = case["pos"].as_i64().expect("a whole number");
    Position::new(u64::try_from(pos).unwrap_or(0))
}

fn offset(case: &Value, key: &str) -> BpOffset {
    BpOffset(
        case[key]
            .as_u64()
            .unwrap_or_else(|| panic!("{key} is no offset in {case}")),
    )
}

#[test]
fn golden_edit_specs() {
    for case in cases(&golden_json("edit_specs.json")) {
        let edit = position(case).and_then(|pos| {
            EditSpec::new(
                text(case, "chrom"),
                pos,
                text(case, "ref"),
                text(case, "alt"),
            )
        });
        check_outcome(case, edit, |edit, want| {
            assert_eq!(edit.edit_type().index() as u64, want["edit_type"], "{case}");
            assert_eq!(
                edit.to_string().parse::<EditSpec>(),
                Ok(edit),
                "text form of {case}"
            );
        });
    }
}

#[test]
fn golden_relative_edits() {
    for case in cases(&golden_json("relative_edits.json")) {
        let edit = position(case)
            .and_then(|pos| EditSpec::new("1", pos, text(case, "ref"), text(case, "alt")))
            .and_then(|edit| {
                edit.relative_to(
                    offset(case, "window_start_bp"),
                    offset(case, "window_end_bp_inclusive"),
                )
            });
        check_outcome(case, edit, |edit, want| {
            assert_eq!(edit.rel_pos(), offset(want, "rel_pos"), "{case}");
            assert_eq!(edit.ref_bases(), case["ref"]);
            assert_eq!(edit.alt_bases(), case["alt"]);
        });
    }
}

#[test]
fn golden_apply_edits() {
    for case in cases(&golden_json("apply_edits.json")) {
        let edits: Vec<RelEdit> = cases(&case["edits"])
            .iter()
            .map(|e| RelEdit::new(offset(e, "rel_pos"), text(e, "ref"), text(e, "alt")))
            .collect::<Result<_>>()
            .expect("edits of the vectors are well-formed");
        let window = text(case, "window");
        let preserve_length = case["preserve_length"].as_bool().expect("a flag");
        let check = |got: String, want: &Value| assert_eq!(got, *want, "{case}");
        check_outcome(case, apply_edits(window, &edits, preserve_length), check);
        if let [edit] = edits.as_slice() {
            check_outcome(case, apply_edit(window, edit, preserve_length), check);
        }
    }
}
