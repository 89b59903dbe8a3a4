//! The manifest of a dataset package.
#![no_main]

use genolewm_data::files::package::DatasetPackage;
use genolewm_fuzz::with_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    with_file("dataset_manifest.json", data, |path| {
        DatasetPackage::open(path.parent().unwrap_or(path)).map(drop)
    });
});
