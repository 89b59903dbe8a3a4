//! The index of a FASTA, made in pieces whose lengths the first byte says: the same for any pieces,
//! and one that the FASTA opens with.
#![no_main]

use genolewm_core::Result;
use genolewm_core::reference::{FastaReference, IndexBuilder, Indexes};
use libfuzzer_sys::fuzz_target;

fn build(data: &[u8], piece: usize) -> Result<Indexes> {
    let mut builder = IndexBuilder::new("fuzz");
    for piece in data.chunks(piece) {
        builder.push(piece)?;
    }
    builder.finish()
}

fuzz_target!(|data: &[u8]| {
    let Some((piece, data)) = data.split_first() else {
        return;
    };
    let indexes = build(data, usize::from(*piece).max(1));
    assert_eq!(indexes, build(data, usize::MAX));
    if let Ok(Indexes { fai, gzi }) = indexes {
        assert!(FastaReference::open(data, Some(fai), gzi, "fuzz").is_ok());
    }
});
