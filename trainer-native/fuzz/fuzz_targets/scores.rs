//! Files of labels and scores.
#![no_main]

use genolewm_evaluate::score_files::jsonl::{LabelKind, read_labels, read_scores};
use genolewm_fuzz::with_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    with_file("a.jsonl", data, |path| {
        let _ = read_labels(path, LabelKind::Clinical);
        let labels = read_labels(path, LabelKind::Number("score"))?;
        read_scores(path, &["score"], &labels.keys, None).map(drop)
    });
});
