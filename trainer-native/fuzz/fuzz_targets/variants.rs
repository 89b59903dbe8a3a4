//! Variants to train on: a VCF, or a shard of gnomAD or ClinVar; the first byte chooses.
#![no_main]

use genolewm_data::variants::read_variants;
use genolewm_fuzz::with_file;
use genolewm_core::edit::AlleleForm;
use genolewm_core::ErrorCode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, data)) = data.split_first() else {
        return;
    };
    let name = if kind % 2 == 0 { "a.vcf" } else { "a.parquet" };
    with_file(name, data, |path| {
        read_variants(path, AlleleForm::Canonical, ErrorCode::TrainingDataloader).map(drop)
    });
});
