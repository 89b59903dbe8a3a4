//! References: bases by place, whatever the file's line lengths, compression and indexes.
#![cfg(feature = "std")]
#![allow(clippy::expect_used)]

use crate::genomes::{bgzip, canonical, fasta, gzip, random_bases, span};
use genolewm_core::edit::SkipReason;
use genolewm_core::position::BpOffset;
use genolewm_core::reference::{AnyReference, BaseSource, FastaReference, Reference};
use genolewm_core::window::extract_window;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn fetching_equals_slicing(
        lengths in prop::collection::vec(1..900_usize, 1..4),
        width in 1..120_usize,
        block in 20..700_usize,
        crlf in any::<bool>(),
        seed in any::<u64>(),
        fetches in prop::collection::vec((0..1_000_usize, 0..1_000_usize, 0..4_usize), 1..30),
    ) {
        let names = ["a", "chrB", "c.1"];
        let bases: Vec<String> = (seed..).zip(&lengths).map(|(s, l)| random_bases(*l, s)).collect();
        let contigs: Vec<(&str, &str)> =
            names.into_iter().zip(bases.iter().map(String::as_str)).collect();
        let text = fasta(&contigs, width, if crlf { "\r\n" } else { "\n" });
        let (compressed, gzi) = bgzip(text.as_bytes(), block);
        let plain = FastaReference::open(text.clone().into_bytes(), None, None, "x").expect("a FASTA");
        let fai = plain.fai().into_bytes();
        let with_fai = (text.into_bytes(), Some(fai.clone()), None);
        let sources = [with_fai, (compressed.clone(), None, None), (compressed, Some(fai), Some(gzi))];
        let mut references = vec![plain];
        for (data, fai, gzi) in sources {
            references.push(FastaReference::open(data, fai, gzi, "x").expect("a FASTA"));
        }
        for reference in &mut references {
            for (from, to, contig) in &fetches {
                let (name, bases) = contigs[contig % contigs.len()];
                let (from, to) = (from % (bases.len() + 1), to % (bases.len() + 1));
                let (from, to) = (from.min(to), from.max(to));
                let got = reference.fetch(name, span(from as u64, to as u64)).expect("bases");
                prop_assert_eq!(got, canonical(&bases[from..to]));
            }
        }
    }

    #[test]
    fn arbitrary_files_and_indexes_never_panic(
        mut data in prop::collection::vec(any::<u8>(), 0..300),
        fai in prop::option::of("[a-c0-9\\t\\n]{0,60}"),
        gzi in prop::option::of(prop::collection::vec(any::<u8>(), 0..60)),
        compress in any::<bool>(),
        fasta_start in any::<bool>(),
    ) {
        if fasta_start {
            data.splice(0..0, *b">a\n");
        }
        if compress {
            data = bgzip(&data, 50).0;
        }
        let fai = fai.map(String::into_bytes);
        if let Ok(mut reference) = FastaReference::open(data, fai, gzi, "x") {
            for contig in reference.contigs().to_vec() {
                let _ = reference.fetch(&contig.name, span(0, contig.length_bp.min(1_000)));
            }
        }
    }
}

#[test]
fn windows_equal_those_of_the_whole_contig() {
    let bases = random_bases(40_000, 7);
    let text = fasta(&[("chr1", &bases), ("tiny", "ACGT")], 61, "\n");
    let fasta = FastaReference::open(text.into_bytes(), None, None, "x").expect("a FASTA");
    let mut reference = Reference::new(fasta);
    let whole = canonical(&bases);
    for locus in [0, 1, 2_047, 2_048, 20_000, 39_000, 39_999].map(|at| Some(BpOffset(at))) {
        for locus in [locus, None] {
            let got = reference.window("1", locus, 4_096).expect("a window");
            assert_eq!(got, extract_window(&whole, locus, 4_096).expect("a window"));
        }
    }
    let tiny = reference
        .window("chrtiny", Some(BpOffset(3)), 4_096)
        .expect("a window");
    assert_eq!(tiny.pad_right_bp(), 4_092);
    let past = reference
        .window("tiny", Some(BpOffset(4)), 4_096)
        .expect_err("past the end");
    assert_eq!(past.code().as_str(), "INPUT.OUT_OF_WINDOW");
    assert!(reference.window("2", None, 4_096).is_err());
}

#[test]
fn fetches_past_the_cache_and_past_the_end() {
    let bases = random_bases(700_000, 3);
    let text = fasta(&[("c", &bases)], 70, "\n");
    let (data, gzi) = bgzip(text.as_bytes(), 60_000);
    let mut fasta = FastaReference::open(data, None, Some(gzi), "x").expect("a FASTA");
    let whole = canonical(&bases);
    assert_eq!(fasta.fetch("c", span(0, 700_000)).expect("bases"), whole);
    // Forwards, where decoding runs ahead, and backwards.
    for start in (0..690_000)
        .step_by(3_001)
        .chain((0..690_000).rev().step_by(90_001))
    {
        let got = fasta.fetch("c", span(start, start + 4_096)).expect("bases");
        let start = usize::try_from(start).expect("small");
        assert_eq!(got, whole[start..start + 4_096]);
    }
    assert!(fasta.fetch("c", span(699_999, 700_001)).is_err());
    assert!(fasta.fetch("d", span(0, 1)).is_err());
}

#[test]
fn indexes_of_other_files_are_refused() {
    let text = fasta(
        &[("a", &random_bases(500, 1)), ("b", &random_bases(300, 2))],
        60,
        "\n",
    );
    let other = fasta(
        &[("a", &random_bases(900, 1)), ("b", &random_bases(300, 2))],
        60,
        "\n",
    );
    let fai = |text: &str| {
        let fasta = FastaReference::open(text.as_bytes(), None, None, "x").expect("a FASTA");
        fasta.fai().into_bytes()
    };
    for (data, index) in [(&text, &other), (&other, &text)] {
        let error = FastaReference::open(data.as_bytes(), Some(fai(index)), None, "x.fa")
            .expect_err("an index of another file");
        assert!(
            error.message().contains(".fai") && error.remedy().is_some(),
            "{error}"
        );
    }
    // As long, but with other lines: found when bases are fetched.
    let lines = fasta(
        &[("a", &random_bases(500, 1)), ("b", &random_bases(300, 2))],
        60,
        "\n",
    );
    let shifted = lines
        .replace("a description", "a descriptio")
        .replacen("\n>b", "\n\n>b", 1);
    let mut fasta =
        FastaReference::open(shifted.into_bytes(), Some(fai(&lines)), None, "x").expect("as long");
    assert!(fasta.fetch("a", span(0, 500)).is_err());
    let (data, _) = bgzip(text.as_bytes(), 100);
    let (_, gzi) = bgzip(text.as_bytes(), 90);
    let found = FastaReference::open(data, Some(fai(&text)), Some(gzi), "x")
        .and_then(|mut fasta| fasta.fetch("a", span(0, 500)));
    assert!(found.is_err());
}

#[test]
fn what_cannot_be_a_reference_is_named() {
    let (cut, _) = bgzip(
        fasta(&[("a", &random_bases(900, 1))], 60, "\n").as_bytes(),
        300,
    );
    for (data, word) in [
        (gzip(b">a\nACGT\n"), "gzip"),
        (b"ACGT\n".to_vec(), "'>'"),
        (Vec::new(), "'>'"),
        (b">a\nACGT\nACG\nACGT\n".to_vec(), "3 bases"),
        (b">a\nAC\n>a\nAC\n".to_vec(), "two contigs"),
        (cut[..cut.len() / 2].to_vec(), "cut short"),
    ] {
        let error = FastaReference::open(data, None, None, "x.fa").expect_err(word);
        assert!(error.message().contains(word), "{error}");
        assert_eq!(
            error.location().map(|place| place.file.as_str()),
            Some("x.fa")
        );
    }
    let missing = AnyReference::open_path(std::path::Path::new("/nowhere/x.fa"));
    assert!(missing.expect_err("no such file").remedy().is_some());
}

#[test]
fn mitochondria_are_told_apart_by_length() {
    let fasta = |contigs: &[(&str, usize)]| {
        let record = |(name, bp): &(&str, usize)| format!(">{name}\n{}\n", "A".repeat(*bp));
        let text: String = contigs.iter().map(record).collect();
        let source = FastaReference::open(text.into_bytes(), None, None, "ref.fa");
        Reference::new(source.expect("a FASTA"))
    };
    let length = |reference: &Reference<FastaReference<Vec<u8>>>, name: &str| {
        reference.contig(name).map(|contig| contig.length_bp)
    };
    let hg19 = fasta(&[("chr1", 50), ("chrM", 16_571)]);
    let both = fasta(&[("chrM", 16_571), ("chrMT", 16_569)]);
    let hg38 = fasta(&[("chrM", 16_569)]);
    for name in ["MT", "chrMT", "NC_012920.1"] {
        assert_eq!(length(&hg19, name), None);
        assert_eq!(hg19.why_unknown(name), SkipReason::OtherMitochondrion);
        assert_eq!(length(&both, name), Some(16_569));
        assert_eq!(length(&hg38, name), Some(16_569));
    }
    assert_eq!(length(&hg19, "chrM"), Some(16_571));
    assert_eq!(length(&hg38, "M"), Some(16_569));
    assert_eq!(length(&both, "M"), Some(16_569));
    assert_eq!(length(&both, "NC_001807.4"), Some(16_571));
    assert_eq!(length(&hg38, "NC_001807.4"), None);
    assert_eq!(length(&fasta(&[("MT", 40)]), "chrM"), Some(40));
    assert_eq!(hg19.why_unknown("2"), SkipReason::ContigUnknown);
    // What a VCF's header declares.
    assert_eq!(hg38.mitochondrion_of("chrM", 16_569), None);
    assert_eq!(
        both.mitochondrion_of("chrM", 16_569).as_deref(),
        Some("chrMT")
    );
    let other = hg38.mitochondrion_of("chrM", 16_571).expect("another");
    assert_eq!(hg38.why_unknown(&other), SkipReason::OtherMitochondrion);
    assert_eq!(hg38.contig(&other), None);
}
