//! Sequencing.com's JSON: streamed and converted.
#![no_main]

use genolewm_core::source::{ImportOptions, SourceFormat, convert_to_vcf};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fuzz_target!(|data: &[u8]| {
    let options = ImportOptions {
        format: Some(SourceFormat::SequencingJson),
        ..ImportOptions::default()
    };
    let input = Box::new(Cursor::new(data.to_vec()));
    let mut vcf = Vec::new();
    let _ = convert_to_vcf(input, "fuzz", &mut vcf, &mut |_, _| Ok(None), &options);
});
