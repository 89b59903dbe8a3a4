//! Files of labels and scores.
#![no_main]

use genolewm_core::edit::VariantSpelling;
use genolewm_evaluate::score_files::jsonl::{LabelKind, read_labels, read_scores};
use genolewm_fuzz::with_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    with_file("a.jsonl", data, |path| {
        let change = &mut |variant: &VariantSpelling| Ok(variant.trimmed());
        let _ = read_labels(path, LabelKind::Clinical, change);
        let labels = read_labels(path, LabelKind::Number("score"), change)?;
        read_scores(path, &["score"], &labels, None, change).map(drop)
    });
});
