//! .2bit. Whatever is read of one is as long as was asked.
#![no_main]

use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::reference::{BaseSource, TwoBitReference};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(mut reference) = TwoBitReference::open(data, "fuzz") else {
        return;
    };
    for contig in reference.contigs().to_vec() {
        let start = BpOffset(contig.length_bp / 3);
        let end = BpOffset(contig.length_bp.min(start.0 + (1 << 20)));
        if let Ok(bases) = reference.fetch(&contig.name, Interval { start, end }) {
            assert_eq!(bases.len() as u64, end.0 - start.0);
        }
    }
});
