//! References whose bytes arrive page by page answer as those that are read directly.
#![cfg(feature = "std")]
#![allow(clippy::expect_used)]

use crate::genomes::{
    PAGE_BYTES, TwoBitStyle, bgzip, canonical, drive, fasta, gzip, random_bases, span, two_bit,
};
use genolewm_core::Result;
use genolewm_core::reference::{
    AnyReference, BaseSource, FastaReference, IndexBuilder, Pages, RangeRead, ReferenceKind,
    ReferenceOpener, sniff,
};
use proptest::prelude::*;

/// A reference over pages, and the file behind them.
struct Paged {
    reference: AnyReference<Pages>,
    pages: Pages,
    file: Vec<u8>,
    supplied: usize,
}

impl Paged {
    /// Opens as the browser does: tells the kind, makes an index where one lacks, opens.
    fn open(
        file: Vec<u8>,
        fai: Option<Vec<u8>>,
        gzi: Option<Vec<u8>>,
        held: usize,
    ) -> Result<Self> {
        let pages = Pages::with_capacity("x", file.len() as u64, held);
        let mut opener = ReferenceOpener::new(pages.clone(), fai, gzi, "x");
        let mut supplied = 0;
        if drive(&pages, &file, &mut supplied, || opener.needs_index())? {
            assert!(opener.open().is_err_and(|error| !error.is_starved()));
            let mut builder = IndexBuilder::new("x");
            for piece in file.chunks(10_007) {
                builder.push(piece)?;
            }
            opener.set_indexes(builder.finish()?);
        }
        let reference = drive(&pages, &file, &mut supplied, || opener.open())?;
        Ok(Self {
            reference,
            pages,
            file,
            supplied,
        })
    }

    fn fetch(&mut self, contig: &str, start: u64, end: u64) -> Result<String> {
        drive(&self.pages, &self.file, &mut self.supplied, || {
            self.reference.fetch(contig, span(start, end))
        })
    }
}

/// A file, its `.fai` and its `.gzi`.
type Container = (Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>);

/// The same contigs in every container.
fn containers(contigs: &[(&str, &str)], width: usize, block: usize) -> Vec<Container> {
    let text = fasta(contigs, width, "\n").into_bytes();
    let (compressed, gzi) = bgzip(&text, block);
    let direct = FastaReference::open(text.as_slice(), None, None, "x").expect("a FASTA");
    let fai = Some(direct.fai().into_bytes());
    let mut all = vec![
        (text.clone(), None, None),
        (text, fai.clone(), None),
        (compressed.clone(), None, None),
        (compressed.clone(), fai.clone(), None),
        (compressed, fai, Some(gzi)),
    ];
    for (big_endian, wide) in [(false, false), (true, false), (false, true), (true, true)] {
        let style = TwoBitStyle { big_endian, wide };
        all.push((two_bit(contigs, style), None, None));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..Default::default() })]

    #[test]
    fn page_by_page_equals_directly(
        lengths in prop::collection::vec(1..900_000_usize, 1..4),
        width in 20..120_usize,
        block in 4_000..65_000_usize,
        held in 4..9_usize,
        seed in any::<u64>(),
        fetches in prop::collection::vec((any::<u64>(), 0..300_000_u64, 0..4_usize), 1..20),
    ) {
        let names = ["a", "chrB", "c.1"];
        let bases: Vec<String> = (seed..).zip(&lengths).map(|(s, l)| random_bases(*l, s)).collect();
        let contigs: Vec<(&str, &str)> =
            names.into_iter().zip(bases.iter().map(String::as_str)).collect();
        let want: Vec<String> = bases.iter().map(|bases| canonical(bases)).collect();
        for (file, fai, gzi) in containers(&contigs, width, block) {
            let mut paged = Paged::open(file, fai, gzi, held).expect("a reference");
            for (contig, (name, _)) in paged.reference.contigs().iter().zip(&contigs) {
                prop_assert_eq!(contig.name.as_str(), *name);
            }
            for (at, length, contig) in &fetches {
                let index = contig % contigs.len();
                let whole = &want[index];
                let start = at % (whole.len() as u64 + 1);
                let end = (start + length).min(whole.len() as u64);
                let got = paged.fetch(contigs[index].0, start, end).expect("bases");
                let (from, to) = (usize::try_from(start), usize::try_from(end));
                prop_assert_eq!(got, &whole[from.expect("small")..to.expect("small")]);
            }
        }
    }
}

#[test]
fn a_fetch_longer_than_what_is_held_comes_to_its_end() {
    let bases = random_bases(6_000_000, 5);
    let want = canonical(&bases);
    for (file, fai, gzi) in containers(&[("chr1", &bases)], 60, 60_000) {
        let held = 4;
        let pages = file.len().div_ceil(PAGE_BYTES);
        assert!(pages > held, "{pages} pages are no more than are held");
        let mut paged = Paged::open(file, fai, gzi, held).expect("a reference");
        paged.supplied = 0;
        let got = paged.fetch("chr1", 1, 5_999_999).expect("bases");
        assert!(got == want[1..5_999_999]);
        // Each page once, but for those at the seams of the pieces.
        assert!(paged.supplied <= 2 * pages, "{} of {pages}", paged.supplied);
    }
}

#[test]
fn a_two_bit_file_of_many_contigs_opens_with_few_pages() {
    let bases = random_bases(120_000, 9);
    let names: Vec<String> = (0..200).map(|index| format!("scaffold_{index}")).collect();
    let contigs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), &*bases)).collect();
    let style = TwoBitStyle {
        big_endian: false,
        wide: false,
    };
    let file = two_bit(&contigs, style);
    assert!(file.len() > 20 * PAGE_BYTES);
    let mut paged = Paged::open(file, None, None, 4).expect("a reference");
    assert!(
        paged.supplied < 200,
        "{} pages for 200 lengths",
        paged.supplied
    );
    assert!(
        paged
            .reference
            .contigs()
            .iter()
            .all(|contig| contig.length_bp == 120_000)
    );
    let got = paged
        .fetch("scaffold_199", 119_000, 120_000)
        .expect("bases");
    assert_eq!(got, canonical(&bases[119_000..]));
}

#[test]
fn what_is_wanted_is_whole_pages_of_the_run_that_lacks() {
    let len = 3 * PAGE_BYTES + 10;
    let file: Vec<u8> = (0..len)
        .map(|at| u8::try_from(at % 251).expect("small"))
        .collect();
    let mut pages = Pages::new("x", len as u64);
    let mut buffer = vec![0; 2 * PAGE_BYTES];
    let error = pages
        .read_at(100, &mut buffer)
        .expect_err("nothing is there");
    assert!(error.is_starved() && error.code().as_str() == "RESOURCE.GENERIC");
    assert_eq!(pages.take_wanted(), Some((0, 3 * PAGE_BYTES)));
    assert_eq!(pages.take_wanted(), None);
    pages.supply(0, &file[..2 * PAGE_BYTES]).expect("two pages");
    assert!(pages.read_at(100, &mut buffer).is_err());
    let last = 2 * PAGE_BYTES as u64;
    assert_eq!(pages.take_wanted(), Some((last, PAGE_BYTES)));
    // More than was wanted is as good; the last page is a short one.
    pages
        .supply(last, &file[2 * PAGE_BYTES..])
        .expect("the rest");
    assert_eq!(
        pages.read_at(100, &mut buffer).expect("bytes"),
        buffer.len()
    );
    assert_eq!(buffer, &file[100..100 + buffer.len()]);
    assert_eq!(
        pages.read_at(len as u64 - 4, &mut buffer).expect("bytes"),
        4
    );
    assert_eq!(pages.read_at(len as u64, &mut buffer).expect("the end"), 0);
    for (offset, length) in [
        (0, 10),
        (last, PAGE_BYTES - 1),
        (5, PAGE_BYTES),
        (last, 2 * PAGE_BYTES),
    ] {
        let error = pages
            .supply(offset, &vec![0; length])
            .expect_err("no page of this file");
        assert!(!error.is_starved() && error.remedy().is_some());
    }
    assert!(
        !format!("{pages:?}").contains("[1, 2, 3"),
        "bytes do not show"
    );
}

#[test]
fn an_index_that_ends_early_is_refused_without_reading_on() {
    let bases = random_bases(8_000_000, 2);
    let text = fasta(&[("a", &bases)], 60, "\n").into_bytes();
    let (file, _) = bgzip(&text, 60_000);
    assert!(file.len() > 1 << 20);
    let direct = FastaReference::open(text.as_slice(), None, None, "x").expect("a FASTA");
    let empty = 0_u64.to_le_bytes().to_vec();
    let error = Paged::open(file, Some(direct.fai().into_bytes()), Some(empty), 4)
        .map(|paged| paged.supplied)
        .expect_err("an index of another file");
    assert!(
        error.message().contains(".gzi") && error.remedy().is_some(),
        "{error}"
    );
}

#[test]
fn files_are_told_by_their_first_bytes() {
    let text = b">a\nACGT\n";
    let two_bit = |big_endian| {
        let style = TwoBitStyle {
            big_endian,
            wide: false,
        };
        two_bit(&[("a", "ACGT")], style)
    };
    for (file, kind) in [
        (text.to_vec(), ReferenceKind::Fasta),
        (bgzip(text, 5).0, ReferenceKind::FastaBgzip),
        (two_bit(false), ReferenceKind::TwoBit),
        (two_bit(true), ReferenceKind::TwoBit),
        (gzip(text), ReferenceKind::Gzip),
        (b"##fileformat=VCF".to_vec(), ReferenceKind::Other),
        (Vec::new(), ReferenceKind::Other),
    ] {
        let head = &file[..file.len().min(ReferenceKind::HEAD_BYTES)];
        assert_eq!(sniff(head), kind);
        let opened = AnyReference::open(file.as_slice(), None, None, "x");
        match (kind, opened) {
            (ReferenceKind::Gzip | ReferenceKind::Other, Err(error)) => {
                assert!(error.remedy().is_some(), "{error}");
            }
            (_, opened) => {
                let bases = opened.and_then(|mut opened| opened.fetch("a", span(1, 3)));
                assert_eq!(bases.as_deref(), Ok("CG"));
            }
        }
        let paged = Paged::open(file, None, None, 4);
        let refused = matches!(kind, ReferenceKind::Gzip | ReferenceKind::Other);
        assert_eq!(paged.is_err(), refused);
    }
}
