//! Indexes that are made piece by piece: those of htslib and noodles, and as strict.
#![cfg(feature = "std")]
#![allow(clippy::expect_used)]

use crate::genomes::{bgzip, data, fasta, gzip, random_bases};
use genolewm_core::bytes::take_oddities;
use genolewm_core::reference::{FastaReference, IndexBuilder, Indexes};
use genolewm_core::{Error, Result};
use noodles_fasta::io::Indexer;
use proptest::prelude::*;

fn build(file: &[u8], piece: usize) -> Result<Indexes> {
    let mut builder = IndexBuilder::new("x.fa");
    for piece in file.chunks(piece.max(1)) {
        builder.push(piece)?;
    }
    builder.finish()
}

/// The `.fai` as noodles makes it, or why it cannot.
fn noodles(text: &[u8]) -> std::result::Result<String, String> {
    let mut indexer = Indexer::new(text);
    let mut fai = String::new();
    while let Some(record) = indexer.index_record().map_err(|error| error.to_string())? {
        let name = std::str::from_utf8(record.name()).expect("ASCII");
        let (length, offset) = (record.length(), record.position());
        let (bases, width) = (record.line_base_count(), record.line_width());
        fai.push_str(&format!("{name}\t{length}\t{offset}\t{bases}\t{width}\n"));
    }
    Ok(fai)
}

fn fai(indexes: &Indexes) -> &str {
    std::str::from_utf8(&indexes.fai).expect("UTF-8")
}

#[test]
fn indexes_are_those_of_htslib() {
    for name in ["blocks.fa.gz", "joined.fa.gz"] {
        let file = data(name);
        let want = Indexes {
            fai: data(&format!("{name}.fai")),
            gzi: Some(data(&format!("{name}.gzi"))),
        };
        for piece in [1, 100, 1 << 20] {
            assert_eq!(
                build(&file, piece).expect("indexes"),
                want,
                "{name} by {piece}"
            );
        }
        let (fai, gzi) = (want.fai.clone(), want.gzi);
        let indexed = FastaReference::open(file.as_slice(), Some(fai), gzi, name);
        assert_eq!(indexed.expect("a FASTA").fai().into_bytes(), want.fai);
        let bare = FastaReference::open(file.as_slice(), None, None, name).expect("a FASTA");
        assert_eq!(bare.fai().into_bytes(), want.fai);
    }
}

#[test]
fn a_reference_with_zeros_at_its_end_was_damaged() {
    let file = data("blocks.fa.gz");
    let want = build(&file, 1 << 20).expect("indexes");
    for (tail, is_garbage) in [
        (vec![0; 100], false),
        (b"\0\0garbage".to_vec(), true),
        (b"garbage".to_vec(), true),
    ] {
        let longer = [&file[..], &tail].concat();
        for piece in [1, 100, 1 << 20] {
            assert_eq!(build(&longer, piece).expect("indexes"), want, "by {piece}");
        }
        let odd = take_oddities();
        let noted = odd
            .iter()
            .any(|odd| odd.starts_with("x.fa: bytes that are no gzip"));
        assert_eq!(noted, is_garbage, "{tail:?}");
        FastaReference::open(longer.as_slice(), None, None, "x.fa").expect("a FASTA");
    }
    // Without the block that ends a whole file what follows may be a damaged rest of it.
    let cut = file.len() - 28;
    let longer = [&file[..cut], b"garbage garbage garbage"].concat();
    assert!(build(&longer, 100).is_err());
}

#[test]
fn an_empty_first_block_does_not_matter() {
    let text = fasta(&[("a", &random_bases(3_000, 4))], 60, "\n");
    let (nothing, _) = bgzip(b"", 1);
    let (some, _) = bgzip(text.as_bytes(), 700);
    let file = [nothing, some].concat();
    let indexes = build(&file, 64).expect("indexes");
    assert_eq!(fai(&indexes), noodles(text.as_bytes()).expect("an index"));
    let mut with = FastaReference::open(file.as_slice(), Some(indexes.fai), indexes.gzi, "x")
        .expect("a FASTA");
    let mut without = FastaReference::open(text.as_bytes(), None, None, "x").expect("a FASTA");
    assert_eq!(whole(&mut with), whole(&mut without));
}

fn whole(fasta: &mut FastaReference<&[u8]>) -> Vec<Result<String>> {
    use genolewm_core::reference::BaseSource;
    let contigs = fasta.contigs().to_vec();
    let fetch = |contig: &genolewm_core::reference::ContigInfo| {
        fasta.fetch(&contig.name, crate::genomes::span(0, contig.length_bp))
    };
    contigs.iter().map(fetch).collect()
}

#[test]
fn what_cannot_be_indexed_is_named() {
    let (cut, _) = bgzip(
        fasta(&[("a", &random_bases(900, 1))], 60, "\n").as_bytes(),
        300,
    );
    let mut damaged = cut.clone();
    damaged[cut.len() / 2] ^= 0xff;
    let long = [b">".to_vec(), vec![b'x'; 70_000]].concat();
    for (file, word) in [
        (gzip(b">a\nACGT\n"), "gzip"),
        (b"ACGT\n".to_vec(), "'>'"),
        (Vec::new(), "'>'"),
        (b"\x1f".to_vec(), "'>'"),
        (b"\x1f\x8b".to_vec(), "gzip"),
        (
            b">a\nACGT\nACG\nACGT\n".to_vec(),
            "has 3 bases where its first has 4",
        ),
        (b">a\nACGT\nACGT\r\nACGT\n".to_vec(), "LF and CR LF"),
        (b">a\n>b\nAC\n".to_vec(), "\"a\" has no bases"),
        (b">a".to_vec(), "\"a\" has no bases"),
        (b"> a\nAC\n".to_vec(), "no contig name"),
        (b">a\nAC\n>a\nAC\n".to_vec(), "two contigs"),
        (b">\xff\nAC\n".to_vec(), "UTF-8"),
        (long, "64 KiB"),
        (cut[..cut.len() / 2].to_vec(), "cut short"),
        (cut[..cut.len() - 10].to_vec(), "cut short"),
        (damaged, "damaged"),
    ] {
        let errors: Vec<Error> = [1, 7, 1 << 20]
            .map(|piece| build(&file, piece).expect_err(word))
            .into();
        let error = &errors[0];
        assert!(error.message().contains(word), "{error}");
        assert_eq!(
            error.location().map(|place| place.file.as_str()),
            Some("x.fa")
        );
        assert!(errors.iter().all(|other| other == error), "{errors:?}");
        let direct = FastaReference::open(file, None, None, "x.fa").expect_err(word);
        assert_eq!(direct, *error);
    }
    let error = build(b">a\nAC\n>b\nACGT\nACG\nACGT\n", 3).expect_err("uneven lines");
    let contig = error.details().get("contig");
    assert_eq!(contig.map(String::as_str), Some("b"));
    assert!(error.remedy().is_some());
}

#[test]
fn faults_of_a_fasta_had_no_place() {
    for (file, line) in [
        (">a\nAC\n>b\nACGT\nACG\nACGT\n", 5),
        (">a\nAC\n> b\nACGT\n", 3),
        (">a\nAC\n>b\n", 3),
        (">a\nAC\n>b", 3),
        (">a\nAC\n>b\n\nACGT\n", 3),
        (">a\nAC\nAC\n>a\nACGT\n", 4),
        (">a\nACGT\nAC\r\nAC\n", 3),
    ] {
        let error = build(file.as_bytes(), 2).expect_err(file);
        let place = error.location().and_then(|place| place.line);
        assert_eq!(place, Some(line), "{file:?}: {error}");
        assert!(error.remedy().is_some(), "{file:?}");
    }
}

/// Texts that are FASTA for the most part.
fn texts() -> impl Strategy<Value = String> {
    let line_end = prop_oneof![8 => Just("\n"), 2 => Just("\r\n")];
    let odd = prop_oneof![
        20 => Just(""), 1 => Just("\n"), 1 => Just("\r"), 1 => Just("A"), 1 => Just(">"),
        1 => Just(">x\n"), 1 => Just("\n\n"), 1 => Just("ACGT ACGT\n"),
    ];
    let contig = (0..4_usize, 1..60_usize, 1..20_usize, line_end, odd.clone());
    (prop::collection::vec(contig, 0..5), odd).prop_map(|(contigs, end)| {
        let mut text = String::new();
        for (index, (name, length, width, line_end, odd)) in contigs.into_iter().enumerate() {
            let name = ["a", "chrB", "c.1", "d_"][name];
            let bases = random_bases(length, index as u64);
            text += &fasta(&[(&format!("{name}{index}"), &bases)], width, line_end);
            text += odd;
        }
        text + end
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..Default::default() })]

    #[test]
    fn as_noodles_does(text in texts(), piece in 1..50_usize, block in 1..40_usize) {
        let got = build(text.as_bytes(), piece);
        match noodles(text.as_bytes()) {
            Ok(want) if !want.is_empty() => {
                let got = got.expect("an index");
                prop_assert_eq!(fai(&got), want);
            }
            Ok(_) => prop_assert!(got.expect_err("an empty file").message().contains("'>'")),
            // In words of its own, and with the line.
            Err(why) => {
                let error = got.expect_err("noodles refuses it");
                let line = error.location().and_then(|place| place.line);
                prop_assert!(line.is_some() || !text.starts_with('>'), "{} for {}", error, why);
                prop_assert!(error.remedy().is_some());
            }
        }
        let (compressed, gzi) = bgzip(text.as_bytes(), block);
        match (build(&compressed, piece), build(text.as_bytes(), piece)) {
            (Ok(compressed), Ok(plain)) => {
                prop_assert_eq!(compressed.fai, plain.fai);
                prop_assert_eq!((compressed.gzi, plain.gzi), (Some(gzi), None));
            }
            (compressed, plain) => prop_assert_eq!(compressed.err(), plain.err()),
        }
    }
}
