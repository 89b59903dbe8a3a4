//! .2bit files: of other programs, cut, damaged and made to hurt.
#![cfg(feature = "std")]
#![allow(clippy::expect_used)]

use crate::genomes::{TwoBitStyle, canonical, data, data_path, random_bases, span, two_bit};
use genolewm_core::reference::{AnyReference, BaseSource, FastaReference, TwoBitReference};
use proptest::prelude::*;

const STYLE: TwoBitStyle = TwoBitStyle {
    big_endian: false,
    wide: false,
};

#[test]
fn a_file_of_another_program_reads_as_it_says() {
    // What py2bit reads from it.
    let bases = "ACGTACGTACGTAGCTAGCTGATCGATCGTAGCTAGCTAGCTAGCTGATC";
    let unknown = "N".repeat(50);
    let want = [
        ("chr1", format!("{unknown}{bases}{unknown}")),
        ("chr2", format!("{bases}{unknown}")),
    ];
    let file = AnyReference::open_path(&data_path("foo.2bit")).expect("a .2bit");
    assert!(matches!(file, AnyReference::TwoBit(_)));
    let mut file = TwoBitReference::open(data("foo.2bit"), "foo.2bit").expect("a .2bit");
    assert_eq!(file.contigs().len(), want.len());
    for (contig, (name, bases)) in file.contigs().to_vec().iter().zip(&want) {
        assert_eq!(
            (contig.name.as_str(), contig.length_bp),
            (*name, bases.len() as u64)
        );
        for start in 0..bases.len() {
            for end in start..=bases.len() {
                let got = file
                    .fetch(name, span(start as u64, end as u64))
                    .expect("bases");
                assert_eq!(got, bases[start..end]);
            }
        }
    }
    assert!(file.fetch("chr1", span(0, 151)).is_err());
    assert!(file.fetch("chr3", span(0, 1)).is_err());
}

#[test]
fn masks_of_a_file_were_not_read() {
    let bases = "ACGTNNnnacgtNNacgtACGTacACGTacgtacgtA";
    let want = bases.replace('n', "N");
    let fasta = format!(">a\n{bases}\n").into_bytes();
    let mut fasta = FastaReference::open(fasta, None, None, "x.fa").expect("a FASTA");
    for big_endian in [false, true] {
        let style = TwoBitStyle {
            big_endian,
            ..STYLE
        };
        let file = two_bit(&[("a", bases)], style);
        let mut file = TwoBitReference::open(file, "x.2bit").expect("a .2bit");
        for start in 0..bases.len() {
            for end in start..=bases.len() {
                let at = span(start as u64, end as u64);
                let soft = &want[start..end];
                assert_eq!(file.fetch_soft_masked("a", at).expect("bases"), soft);
                assert_eq!(fasta.fetch_soft_masked("a", at).expect("bases"), soft);
                assert_eq!(file.fetch("a", at).expect("bases"), soft.to_uppercase());
                assert_eq!(fasta.fetch("a", at).expect("bases"), soft.to_uppercase());
            }
        }
    }
}

#[test]
fn no_cut_of_a_file_passes_for_the_whole() {
    let bases = random_bases(300, 1);
    let contigs = [("a", "ACGTN"), ("b", bases.as_str())];
    for wide in [false, true] {
        let whole = two_bit(&contigs, TwoBitStyle { wide, ..STYLE });
        for length in 0..whole.len() {
            let cut = &whole[..length];
            let error = TwoBitReference::open(cut, "x.2bit")
                .and_then(|mut cut| cut.fetch("b", span(0, 300)))
                .expect_err("a cut file");
            assert_eq!(error.code().as_str(), "INPUT.GENERIC", "{error}");
        }
        let mut whole = TwoBitReference::open(whole, "x.2bit").expect("a .2bit");
        assert_eq!(
            whole.fetch("b", span(0, 300)).expect("bases"),
            canonical(&bases)
        );
    }
}

#[test]
fn what_a_file_says_is_not_believed() {
    let mut bases = "N".repeat(8);
    bases.push_str("ACGTACGT");
    bases.push_str("NNNN");
    let whole = two_bit(&[("a", &bases)], STYLE);
    let record = 16 + 6;
    let with = |at: usize, number: u32| {
        let mut file = whole.clone();
        file[at..at + 4].copy_from_slice(&number.to_le_bytes());
        file
    };
    let huge = u32::MAX;
    for (file, word) in [
        (with(0, 7), "not a .2bit"),
        (with(4, 2), "version 2"),
        (with(8, 0), "no contigs"),
        (with(8, huge), "as many contigs"),
        (with(18, huge), "past its end"),
        (with(record, huge), "past its end"),
        (with(record + 4, huge), "past its end"),
        (with(record + 4 + 4 + 16, huge), "past its end"),
        // Runs of N out of order, empty, and past the contig's end.
        (with(record + 8 + 4, 3), "in order"),
        (with(record + 16, 0), "in order"),
        (with(record + 20, huge), "in order"),
    ] {
        let error = TwoBitReference::open(file, "x.2bit")
            .and_then(|mut file| file.fetch("a", span(0, 20)))
            .expect_err(word);
        assert!(error.message().contains(word), "{word}: {error}");
        assert_eq!(
            error.location().map(|place| place.file.as_str()),
            Some("x.2bit")
        );
    }
    let twice = two_bit(&[("a", "ACGT"), ("a", "ACGT")], STYLE);
    let error = TwoBitReference::open(twice, "x").expect_err("two of a name");
    assert!(error.message().contains("same name"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn arbitrary_files_never_panic(
        seed in any::<u64>(),
        length in 0..200_usize,
        (big_endian, wide) in any::<(bool, bool)>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        tail in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let bases = random_bases(length, seed);
        let contigs = [("a", bases.as_str()), ("b", "ACGTNNNNac")];
        let mut file = two_bit(&contigs, TwoBitStyle { big_endian, wide });
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        file.extend(tail);
        if let Ok(mut file) = TwoBitReference::open(file, "x") {
            for contig in file.contigs().to_vec() {
                let end = contig.length_bp.min(1_000);
                if let Ok(bases) = file.fetch(&contig.name, span(0, end)) {
                    prop_assert_eq!(bases.len() as u64, end);
                    prop_assert!(bases.bytes().all(|base| b"ACGTN".contains(&base)));
                }
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(mut data in prop::collection::vec(any::<u8>(), 0..200)) {
        data.splice(0..0, [0x43, 0x27, 0x41, 0x1a, 0, 0, 0, 0]);
        let _ = TwoBitReference::open(data, "x");
    }
}
