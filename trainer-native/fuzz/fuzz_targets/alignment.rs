//! MAF.
#![no_main]

use genolewm_data::files::maf::each_block;
use genolewm_fuzz::with_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    with_file("a.maf", data, |path| {
        each_block(path, |rows| {
            rows.iter().try_for_each(|row| row.forward().map(drop))
        })
    });
});
