//! FASTA, plain, gzip or bgzip.
#![no_main]

use genolewm_data::files::fasta::each_record;
use genolewm_fuzz::with_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    with_file("a.fa", data, |path| each_record(path, |_, _| Ok(())));
});
