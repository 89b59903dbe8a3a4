//! Sequence records of JSONL and Parquet; the first byte chooses.
#![no_main]

use genolewm_data::files::records::{RecordOptions, RecordReader};
use genolewm_fuzz::with_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, data)) = data.split_first() else {
        return;
    };
    let name = if kind % 2 == 0 {
        "a.jsonl"
    } else {
        "a.parquet"
    };
    let options = RecordOptions {
        skip_invalid: kind & 2 == 0,
        ..RecordOptions::default()
    };
    with_file(name, data, |path| {
        RecordReader::open(path, &options)?.try_for_each(|record| record.map(drop))
    });
});
