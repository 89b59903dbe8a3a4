//! VCF, plain or compressed, and whatever else is told by content.
#![no_main]

use genolewm_core::edit::AlleleForm;
use genolewm_core::source::VariantReader;
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fuzz_target!(|data: &[u8]| {
    let Ok(mut reader) = VariantReader::open(Box::new(Cursor::new(data.to_vec())), "fuzz") else {
        return;
    };
    let _ = (
        reader.assembly(),
        reader.header().len(),
        reader.contigs().len(),
    );
    loop {
        match reader.next_record() {
            Ok(None) => break,
            Ok(Some(record)) => {
                assert_eq!(record.alleles(AlleleForm::Canonical).len(), record.alternates.len().max(1));
                let _ = record.info("AF");
            }
            Err(error) => assert!(error.remedy().is_some()),
        }
    }
    let _ = reader.warnings();
});
