//! Window extraction against the golden vectors.
#![allow(clippy::expect_used, clippy::panic)]

use crate::common::{cases, check_outcome, golden_json, text};
use genolewm_core::position::BpOffset;
use genolewm_core::window::{extract_window, window_from_slice, window_sha256, window_start};
use sha2::{Digest, Sha256};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn golden_windows() {
    let golden = golden_json("windows.json");
    for case in cases(&golden["cases"]) {
        let source = text(&golden["sources"], text(case, "source"));
        let locus = case["edit_locus"].as_u64().map(BpOffset);
        let window_bp = case["window_bp"].as_u64().expect("a length") as usize;

        check_outcome(
            case,
            extract_window(source, locus, window_bp),
            |window, want| {
                assert_eq!(window.start().get(), want["start_bp"], "{case}");
                assert_eq!(window.end().get(), want["end_bp"], "{case}");
                assert_eq!(window.pad_right_bp() as u64, want["pad_right_bp"], "{case}");
                assert_eq!(
                    window.relative_edit_locus().map(BpOffset::get),
                    want["relative_edit_locus"].as_u64(),
                    "{case}"
                );
                assert_eq!(window.untargeted(), locus.is_none());
                assert_eq!(hex(&window.sha256()), want["sha256"], "{case}");
                assert_eq!(window_sha256(window.sequence()), Ok(window.sha256()));
                let tokenizer_input = Sha256::digest(window.as_tokenizer_input());
                assert_eq!(
                    hex(&tokenizer_input),
                    want["tokenizer_input_sha256"],
                    "{case}"
                );
            },
        );
    }
}

/// Random access must give the very same window as the whole sequence.
#[test]
fn golden_windows_from_slices() {
    let golden = golden_json("windows.json");
    for case in cases(&golden["cases"]) {
        let source = text(&golden["sources"], text(case, "source"));
        let locus = case["edit_locus"].as_u64().map(BpOffset);
        let window_bp = case["window_bp"].as_u64().expect("a length") as usize;

        let start = window_start(source.len() as u64, locus, window_bp as u64);
        let first = start.get() as usize;
        let slice = &source[first..source.len().min(first + window_bp)];
        let window = window_from_slice(slice, start, locus, window_bp);
        check_outcome(case, window, |window, _| {
            assert_eq!(
                Ok(window),
                extract_window(source, locus, window_bp),
                "{case}"
            );
        });
    }
}
