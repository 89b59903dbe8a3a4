//! Properties of edits and windows that hold for any input.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_core::edit::{EditSpec, RelEdit, apply_edit, apply_edits};
use genolewm_core::limits::MAX_POSITION;
use genolewm_core::position::{BpOffset, Position};
use genolewm_core::window::{
    CANONICAL_WINDOW_BP, canonicalize_dna, extract_window, window_from_slice, window_start,
};
use proptest::prelude::*;

fn dna(pattern: &str) -> impl Strategy<Value = String> {
    proptest::string::string_regex(pattern).expect("a pattern")
}

/// A window and edits of it with disjoint reference spans, in order.
fn window_and_edits() -> impl Strategy<Value = (String, Vec<RelEdit>)> {
    (
        dna("[ACGT]{64}"),
        proptest::collection::vec((0_usize..12, 1_usize..8, dna("[ACGT]{1,16}")), 1..5),
    )
        .prop_map(|(window, parts)| {
            let mut edits = Vec::new();
            let mut at = 0;
            for (gap, ref_bp, alt) in parts {
                let (start, end) = (at + gap, at + gap + ref_bp);
                let Some(reference) = window.get(start..end) else {
                    break;
                };
                edits.push(RelEdit::new(BpOffset(start as u64), reference, &alt).expect("bases"));
                at = end;
            }
            (window, edits)
        })
}

proptest! {
    #[test]
    fn applied_edits_keep_what_they_do_not_touch((window, edits) in window_and_edits()) {
        let edited = apply_edits(&window, &edits, false).expect("disjoint edits of the window");
        let grown: usize = edits.iter().map(|e| e.alt_bases().len()).sum();
        let lost: usize = edits.iter().map(|e| e.ref_bases().len()).sum();
        prop_assert_eq!(edited.len() + lost, window.len() + grown);
        if let (Some(first), Some(last)) = (edits.first(), edits.last()) {
            let start = first.rel_pos().get() as usize;
            let end = last.rel_pos().get() as usize + last.ref_bases().len();
            prop_assert!(edited.starts_with(&window[..start]));
            prop_assert!(edited.ends_with(&window[end..]));
        }
    }

    #[test]
    fn the_order_of_edits_does_not_matter((window, mut edits) in window_and_edits()) {
        for preserve_length in [false, true] {
            let forward = apply_edits(&window, &edits, preserve_length);
            edits.reverse();
            prop_assert_eq!(apply_edits(&window, &edits, preserve_length), forward);
        }
    }

    #[test]
    fn a_preserved_length_is_preserved((window, edits) in window_and_edits()) {
        let edited = apply_edits(&window, &edits, true).expect("disjoint edits of the window");
        prop_assert_eq!(edited.len(), window.len());
    }

    #[test]
    fn an_edit_is_undone_by_its_inverse((window, edits) in window_and_edits()) {
        for edit in &edits {
            let edited = apply_edit(&window, edit, false).expect("an edit of the window");
            let inverse = RelEdit::new(edit.rel_pos(), edit.alt_bases(), edit.ref_bases());
            let undone = apply_edit(&edited, &inverse.expect("bases"), false);
            prop_assert_eq!(undone.as_ref(), Ok(&window));
        }
    }

    #[test]
    fn no_text_makes_an_edit_panic(window in ".{0,40}", pos in any::<u64>(), reference in "[ACGT]{1,20}") {
        let edit = RelEdit::new(BpOffset(pos % 50), &reference, "A").expect("bases");
        let _ = apply_edits(&window, std::slice::from_ref(&edit), true);
        let far = RelEdit::new(BpOffset(pos), &reference, "A").expect("bases");
        prop_assert!(apply_edits(&window, &[far.clone(), far], true).is_err());
    }

    #[test]
    fn an_edit_placed_in_a_window_finds_its_own_bases(
        source in dna("[ACGT]{100,300}"),
        pick in any::<prop::sample::Index>(),
    ) {
        let locus = BpOffset(pick.index(source.len()) as u64);
        let reference = &source[locus.get() as usize..=locus.get() as usize];
        let alternate = if reference == "A" { "C" } else { "A" };
        let edit = EditSpec::new("1", locus.position(), reference, alternate).expect("an SNV");
        let window = extract_window(&source, Some(locus), CANONICAL_WINDOW_BP[0]).expect("a window");
        let placed = window.place(&edit).expect("inside");
        prop_assert_eq!(Some(placed.rel_pos()), window.relative_edit_locus());
        prop_assert!(apply_edit(window.sequence(), &placed, true).is_ok());
    }

    #[test]
    fn a_window_lies_in_its_source_and_holds_the_locus(
        source_bp in 1_u64..1_000_000_000,
        place in 0.0..1.0_f64,
        window_bp in prop::sample::select(CANONICAL_WINDOW_BP.to_vec()),
    ) {
        let window_bp = window_bp as u64;
        let locus = (place * source_bp as f64) as u64;
        let start = window_start(source_bp, Some(BpOffset(locus)), window_bp).get();
        prop_assert!(start <= locus && locus < start + window_bp);
        prop_assert!(start == 0 || start + window_bp <= source_bp);
        let untargeted = window_start(source_bp, None, window_bp).get();
        prop_assert!(untargeted == 0 || untargeted + window_bp <= source_bp);
    }

    #[test]
    fn random_access_gives_the_same_window(source in dna("[ACGTN]{4000,4400}"), pick in any::<prop::sample::Index>()) {
        let locus = Some(BpOffset(pick.index(source.len()) as u64));
        let start = window_start(source.len() as u64, locus, 4_096);
        let first = start.get() as usize;
        let slice = &source[first..source.len().min(first + 4_096)];
        prop_assert_eq!(
            window_from_slice(slice, start, locus, 4_096),
            extract_window(&source, locus, 4_096)
        );
    }

    #[test]
    fn canonical_dna_is_canonical_already(text in "[acgtnACGTN]{0,50}") {
        let canonical = canonicalize_dna(&text).expect("DNA");
        let again = canonicalize_dna(&canonical);
        prop_assert_eq!(again.as_ref(), Ok(&canonical));
        prop_assert_eq!(canonical.len(), text.len());
    }

    #[test]
    fn any_text_is_a_variant_or_an_error(text in ".{0,40}") {
        if let Ok(edit) = text.parse::<EditSpec>() {
            prop_assert_eq!(edit.to_string().parse::<EditSpec>(), Ok(edit));
        }
    }

    #[test]
    fn positions_and_offsets_are_one_apart(offset in 0..MAX_POSITION) {
        let position = BpOffset(offset).position();
        prop_assert_eq!(position.get(), offset + 1);
        prop_assert_eq!(Position::new(position.get()), Ok(position));
        prop_assert_eq!(position.offset(), BpOffset(offset));
    }
}
