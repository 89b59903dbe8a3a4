//! Variants that are pushed in pieces read as those of a file: records, errors and warnings.
#![cfg(feature = "std")]
#![allow(clippy::expect_used, clippy::panic)]

use flate2::write::GzEncoder;
use genolewm_core::source::{
    Compression, Feed, ImportOptions, SourceFormat, SourceLine, SourceWarning, VariantReader,
    VariantRecord, convert_to_vcf,
};
use genolewm_core::{Error, Result};
use proptest::prelude::*;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

const HEADER: &str = "##fileformat=VCFv4.3\n##\n##reference=file:///data/GRCh38.fa\n\
    #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n";

/// All that a reader tells.
#[derive(Debug, PartialEq)]
struct Told {
    format: SourceFormat,
    compression: Compression,
    header: Vec<SourceLine>,
    records: Vec<Result<VariantRecord>>,
    warnings: Vec<SourceWarning>,
}

fn told(mut reader: VariantReader, records: Vec<Result<VariantRecord>>) -> Told {
    assert!(reader.next_record().is_ok_and(|next| next.is_none()));
    Told {
        format: reader.format(),
        compression: reader.compression(),
        header: reader.header().to_vec(),
        records,
        warnings: reader.warnings(),
    }
}

fn directly(data: &[u8]) -> Result<Told> {
    let mut reader = VariantReader::open(Box::new(Cursor::new(data.to_vec())), "in")?;
    let records = std::iter::from_fn(|| reader.next_record().transpose()).collect();
    Ok(told(reader, records))
}

/// Pushes a piece only when the reader lacks bytes.
struct Pushing<'a> {
    feed: Feed,
    rest: &'a [u8],
    piece: usize,
    ended: bool,
}

impl<'a> Pushing<'a> {
    fn new(data: &'a [u8], piece: usize) -> Self {
        Self {
            feed: Feed::new("in"),
            rest: data,
            piece,
            ended: false,
        }
    }

    fn until_fed<T>(&mut self, mut call: impl FnMut(&Feed) -> Result<T>) -> Result<T> {
        loop {
            match call(&self.feed) {
                Err(error) if error.is_starved() => self.push(),
                done => return done,
            }
        }
    }

    fn push(&mut self) {
        assert!(!self.ended, "nothing can lack after the end");
        let (now, rest) = self.rest.split_at(self.piece.min(self.rest.len()));
        self.feed.push(now).expect("before the end");
        self.rest = rest;
        if now.is_empty() {
            self.feed.end();
            self.ended = true;
        }
    }
}

fn in_pieces(data: &[u8], piece: usize) -> Result<Told> {
    let mut pushing = Pushing::new(data, piece);
    let mut reader = pushing.until_fed(Feed::open)?;
    assert_eq!(pushing.feed.compression(), Some(reader.compression()));
    let mut records = Vec::new();
    let mut longest = 0;
    while let Some(next) = pushing.until_fed(|_| reader.next_record()).transpose() {
        longest = longest.max(pushing.feed.pending());
        records.push(next);
    }
    assert!(
        longest <= piece.max(256 * 1024),
        "{longest} bytes were left to wait"
    );
    let failed = matches!(records.last(), Some(Err(_)));
    assert!(failed || pushing.feed.consumed() == data.len() as u64);
    Ok(told(reader, records))
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

fn bgzip(data: &[u8]) -> Vec<u8> {
    let mut writer = noodles_bgzf::io::Writer::new(Vec::new());
    for piece in data.chunks(3_000) {
        writer.write_all(piece).expect("memory");
        writer.flush().expect("memory");
    }
    writer.finish().expect("memory")
}

fn check(name: &str, data: &[u8]) {
    let want = directly(data);
    // Opening starts anew with each piece, so single bytes are for what is short.
    let pieces: &[usize] = match data.len() {
        0..4_000 => &[1, 7, 1_000],
        4_000..40_000 => &[97, 1_000],
        _ => &[9_973],
    };
    for piece in pieces {
        let got = in_pieces(data, *piece);
        assert!(got == want, "{name} by {piece}:\n{got:?}\nfor\n{want:?}");
    }
}

/// The text in every container, whole, cut and damaged.
fn check_containers(name: &str, text: &[u8]) {
    check(name, text);
    let members = [gzip(&text[..text.len() / 2]), gzip(&text[text.len() / 2..])].concat();
    let bgzip = bgzip(text);
    let eof = bgzip.len() - 28;
    check(&format!("{name}, no end block"), &bgzip[..eof]);
    for whole in [gzip(text), members, bgzip] {
        check(&format!("{name}, compressed"), &whole);
        for cut in [
            1,
            5,
            17,
            18,
            25,
            whole.len() / 2,
            whole.len() - 5,
            whole.len() - 1,
        ] {
            check(
                &format!("{name}, cut at {cut}"),
                &whole[..cut.min(whole.len())],
            );
        }
        let mut damaged = whole.clone();
        damaged[whole.len() * 2 / 3] ^= 0x55;
        check(&format!("{name}, damaged"), &damaged);
        check(
            &format!("{name}, with a tail"),
            &[&whole[..], b"tail"].concat(),
        );
        check(&format!("{name}, twice"), &gzip(&whole));
    }
}

fn fixtures() -> Vec<PathBuf> {
    let tests = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures"));
    let mut files = Vec::new();
    let mut folders = vec![tests.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[test]
fn every_fixture_reads_as_from_a_file() {
    let files = fixtures();
    assert!(files.len() > 50, "the fixtures are missing");
    for file in files {
        let data = std::fs::read(&file).expect("a fixture");
        check(&file.display().to_string(), &data);
    }
}

#[test]
fn every_container_reads_as_from_a_file() {
    let rows: String = (1..400)
        .map(|pos| match pos % 50 {
            0 => format!("chr17\t{pos}\t.\tA\tC,\t.\t.\t.\tGT\t0/1\r\n"),
            7 => format!("chr17\t{pos}\t.\tA\n\n"),
            _ => format!("chr17\t{pos}\trs{pos}\tA\tC,<DEL>\t.\t.\tAF=0.5\tGT\t0/1\n"),
        })
        .collect();
    check_containers("VCF", format!("{HEADER}{rows}").as_bytes());
    let rows: String = (1..300)
        .map(|pos| {
            format!(
                "rs{pos}\t1\t{pos}\t{}\r\n",
                ["AG", "--", "DI", "XX"][pos % 4]
            )
        })
        .collect();
    let raw = format!("\u{feff}# rsid\tchromosome\tposition\tgenotype\r\n{rows}");
    check_containers("raw data", raw.as_bytes());
    let variants: Vec<String> = (1..200)
        .map(|pos| {
            format!(
                "{{\"chrom\": 1, \"pos\": {}, \"ref\": \"A\",\n \"alt\": \"G\"}}",
                pos % 40
            )
        })
        .collect();
    let list = variants.join(" ,\n");
    let json = format!("{{\"m\": [1, \"]\"], \"variants\": [{list}], \"n\": {{\"a\": 1}} }}\n");
    check_containers("JSON", json.as_bytes());
    for broken in [
        "",
        "{",
        "[{}",
        "[1 2]",
        "[]x",
        "{\"x\":1}",
        "{\"data\":[],\"records\":[]}",
    ] {
        check("broken JSON", broken.as_bytes());
    }
}

#[test]
fn long_lines_and_large_variants_wait_for_their_end() {
    let samples = "\t0/1".repeat(200_000);
    let long = format!("{HEADER}chr17\t5\t.\tA\tC\t.\t.\t.\tGT\t0/1{samples}\nchr17\t6\t.\tA\n");
    check("long line", long.as_bytes());
    let genotype = "A".repeat(600_000);
    let large = format!(
        "[{{\"chrom\": 1, \"pos\": 5, \"ref\": \"A\", \"alt\": \"G\", \"x\": \"{genotype}\"}}, 7]"
    );
    check("large variant", large.as_bytes());
}

#[test]
fn what_was_read_is_dropped_and_what_was_not_is_kept() {
    let feed = Feed::new("in");
    assert_eq!(feed.compression(), None);
    feed.push(HEADER.as_bytes()).expect("before the end");
    assert_eq!(feed.compression(), Some(Compression::Plain));
    let error = feed.open().map(drop).expect_err("a part of a VCF");
    assert!(error.is_starved() && error.code().as_str() == "RESOURCE.GENERIC");
    let rows: String = (1..40_000)
        .map(|pos| format!("chr17\t{pos}\t.\tA\tC\t.\t.\t.\tGT\t0/1\n"))
        .collect();
    feed.push(rows.as_bytes()).expect("before the end");
    let mut reader = feed.open().expect("a VCF");
    assert!(
        feed.open().is_err_and(|error| !error.is_starved()),
        "the start is gone"
    );
    let mut records = 0;
    while let Ok(next) = reader.next_record() {
        records += u64::from(next.is_some());
    }
    assert_eq!((records, feed.pending()), (39_999, 0));
    assert_eq!(feed.consumed(), (HEADER.len() + rows.len()) as u64);
    feed.end();
    assert!(feed.push(b"x").is_err());
    assert_eq!(reader.next_record(), Ok(None));
    assert!(!format!("{feed:?}").contains("chr17"), "no bytes in logs");
}

#[test]
fn conversions_read_a_feed_that_has_ended() {
    let raw = b"# 23andMe\n# rsid\tchromosome\tposition\tgenotype\nrs1\t1\t1010\tAC\n";
    let convert = |feed: &Feed| -> Result<String, Error> {
        feed.rewind()?;
        let mut vcf = Vec::new();
        let lookup = &mut |_: &str, _| Ok(Some("A".to_owned()));
        let options = ImportOptions::default();
        convert_to_vcf(Box::new(feed.clone()), "in", &mut vcf, lookup, &options)?;
        Ok(String::from_utf8(vcf).expect("UTF-8"))
    };
    let feed = Feed::new("in");
    for byte in gzip(raw) {
        assert!(convert(&feed).is_err_and(|error| error.is_starved()));
        feed.push(&[byte]).expect("before the end");
    }
    feed.end();
    let vcf = convert(&feed).expect("a conversion");
    assert!(vcf.ends_with("1\t1010\trs1\tA\tC\t.\tPASS\tSOURCE=23andMe\tGT\t0/1\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn arbitrary_text_reads_as_from_a_file(
        text in "[rs0-9ACGTN<>\\[\\].,*:\"{}\\t\\n\\r #/|-]{0,300}",
        kind in 0..4_usize,
        piece in 1..60_usize,
        container in 0..3,
    ) {
        let prefix = ["", HEADER, "[", "rsid,chromosome,position,allele1,allele2\n"][kind];
        let text = format!("{prefix}{text}").into_bytes();
        let data = match container {
            0 => text,
            1 => gzip(&text),
            _ => bgzip(&text),
        };
        prop_assert_eq!(in_pieces(&data, piece), directly(&data));
    }
}
