//! Hold-outs, repeats and tables of a corpus; the first byte chooses.
#![no_main]

use genolewm_data::holdout::HoldoutPolicy;
use genolewm_data::corpus::table::read_corpus_table;
use genolewm_data::genome::repeats::Repeats;
use genolewm_fuzz::with_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, data)) = data.split_first() else {
        return;
    };
    match kind % 3 {
        0 => with_file("a.bed", data, |path| HoldoutPolicy::read(path).map(drop)),
        1 => with_file("a.bed", data, |path| Repeats::read(path).map(drop)),
        _ => with_file("corpus.tsv", data, |path| read_corpus_table(path).map(drop)),
    }
});
