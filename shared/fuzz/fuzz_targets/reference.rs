//! FASTA with its .fai and .gzi. The first four bytes say how long the two indexes are.
#![no_main]

use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::reference::{BaseSource, FastaReference};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((lengths, rest)) = data.split_first_chunk::<4>() else {
        return;
    };
    let length = |low: u8, high: u8| usize::from(u16::from_le_bytes([low, high]));
    let split = |rest: &'_ [u8], at: usize| at.min(rest.len());
    let (fai, rest) = rest.split_at(split(rest, length(lengths[0], lengths[1])));
    let (gzi, fasta) = rest.split_at(split(rest, length(lengths[2], lengths[3])));
    let index = |bytes: &[u8]| (!bytes.is_empty()).then(|| bytes.to_vec());
    let Ok(mut reference) = FastaReference::open(fasta, index(fai), index(gzi), "fuzz") else {
        return;
    };
    for contig in reference.contigs().to_vec() {
        let end = BpOffset(contig.length_bp.min(1 << 20));
        if let Ok(bases) = reference.fetch(
            &contig.name,
            Interval {
                start: BpOffset(0),
                end,
            },
        ) {
            assert_eq!(bases.len() as u64, end.get());
        }
    }
});
