//! Raw-data tables: read leniently, and converted in every layout.
#![no_main]

use genolewm_core::source::{ImportOptions, SourceFormat, VariantReader, convert_to_vcf};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fuzz_target!(|data: &[u8]| {
    let input = || Box::new(Cursor::new(data.to_vec()));
    for format in [
        SourceFormat::TwentyThreeAndMe,
        SourceFormat::AncestryDna,
        SourceFormat::MyHeritage,
        SourceFormat::Table,
    ] {
        for skip_unsupported in [false, true] {
            let options = ImportOptions {
                format: Some(format),
                skip_unsupported,
                ..ImportOptions::default()
            };
            let mut vcf = Vec::new();
            let lookup = &mut |_: &str, _| Ok(Some("A".to_owned()));
            if let Ok(summary) = convert_to_vcf(input(), "fuzz", &mut vcf, lookup, &options) {
                // What is written can be read again, and nothing is lost.
                let mut reader = VariantReader::open(Box::new(Cursor::new(vcf)), "vcf").unwrap();
                let mut records = 0;
                while let Ok(Some(_)) = reader.next_record() {
                    records += 1;
                }
                assert_eq!(records, summary.records_written);
            }
        }
    }
});
