//! Made-up genomes in every container, and the other side of an asynchronous file.

// Each test crate uses its own part of this file.
#![allow(dead_code, clippy::expect_used, clippy::panic)]

use genolewm_core::Result;
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::reference::Pages;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

/// A contig: its name and its bases, in any case.
pub(crate) type Contig = (String, String);

/// What pages are asked in.
pub(crate) const PAGE_BYTES: usize = 256 * 1024;

pub(crate) fn data(name: &str) -> Vec<u8> {
    let path = data_path(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn data_path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data")).join(name)
}

pub(crate) fn span(start: u64, end: u64) -> Interval {
    Interval::new(BpOffset(start), BpOffset(end)).expect("a span")
}

pub(crate) fn fasta(contigs: &[(&str, &str)], width: usize, line_end: &str) -> String {
    let mut text = String::new();
    for (name, bases) in contigs {
        write!(text, ">{name} a description{line_end}").expect("memory");
        for line in bases.as_bytes().chunks(width) {
            text.push_str(std::str::from_utf8(line).expect("ASCII"));
            text.push_str(line_end);
        }
    }
    text
}

/// BGZF with blocks of at most `block` bytes, and the content of its `.gzi`.
pub(crate) fn bgzip(data: &[u8], block: usize) -> (Vec<u8>, Vec<u8>) {
    let mut writer = noodles_bgzf::io::Writer::new(Vec::new());
    let mut starts = Vec::new();
    for piece in data.chunks(block) {
        starts.push(writer.get_ref().len() as u64);
        writer.write_all(piece).expect("memory");
        writer.flush().expect("memory");
    }
    let mut gzi = (starts.len().saturating_sub(1) as u64)
        .to_le_bytes()
        .to_vec();
    for (index, start) in starts.iter().enumerate().skip(1) {
        gzi.extend_from_slice(&start.to_le_bytes());
        gzi.extend_from_slice(&((index * block) as u64).to_le_bytes());
    }
    (writer.finish().expect("memory"), gzi)
}

pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

/// Bases in both cases, letters of the IUPAC code and runs of N.
pub(crate) fn random_bases(length: usize, seed: u64) -> String {
    let mut state = seed | 1;
    let mut next = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % below
    };
    let mut bases = String::new();
    while bases.len() < length {
        match next(64) {
            0 => bases.push_str(&"N".repeat(1 + next(200))),
            _ => bases.push(char::from(b"ACGTacgtNRk"[next(11)])),
        }
    }
    bases.truncate(length);
    bases
}

/// What a source answers for bases as a file has them.
pub(crate) fn canonical(bases: &str) -> String {
    let base = |c: char| match c.to_ascii_uppercase() {
        c @ ('A' | 'C' | 'G' | 'T') => c,
        _ => 'N',
    };
    bases.chars().map(base).collect()
}

/// How a .2bit is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TwoBitStyle {
    pub(crate) big_endian: bool,
    /// Version 1: offsets of 64 bits.
    pub(crate) wide: bool,
}

/// The contigs as .2bit: lower case becomes masks, and whatever is no base a run of N.
pub(crate) fn two_bit(contigs: &[(&str, &str)], style: TwoBitStyle) -> Vec<u8> {
    let number = |number: usize| {
        let number = u32::try_from(number).expect("small");
        if style.big_endian {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    };
    let offset = |offset: usize| match (style.wide, style.big_endian) {
        (false, _) => number(offset).to_vec(),
        (true, false) => (offset as u64).to_le_bytes().to_vec(),
        (true, true) => (offset as u64).to_be_bytes().to_vec(),
    };
    let record = |bases: &str| {
        let is_base = |base: u8| matches!(base.to_ascii_uppercase(), b'A' | b'C' | b'G' | b'T');
        let mut record = number(bases.len()).to_vec();
        for runs in [
            runs(bases, |base| !is_base(base)),
            runs(bases, |base| base.is_ascii_lowercase()),
        ] {
            record.extend(number(runs.len()));
            record.extend(runs.iter().flat_map(|(start, _)| number(*start)));
            record.extend(runs.iter().flat_map(|(_, length)| number(*length)));
        }
        record.extend(number(0));
        for four in bases.as_bytes().chunks(4) {
            let bits = |at: usize| {
                let base = four.get(at).copied().unwrap_or(b'T').to_ascii_uppercase();
                b"TCAG"
                    .iter()
                    .position(|letter| *letter == base)
                    .unwrap_or(0)
            };
            let byte = bits(0) << 6 | bits(1) << 4 | bits(2) << 2 | bits(3);
            record.push(u8::try_from(byte).expect("eight bits"));
        }
        record
    };
    let mut file = number(0x1a41_2743).to_vec();
    file.extend(number(usize::from(style.wide)));
    file.extend(number(contigs.len()));
    file.extend(number(0));
    let width = if style.wide { 8 } else { 4 };
    let mut at = 16
        + contigs
            .iter()
            .map(|(name, _)| 1 + name.len() + width)
            .sum::<usize>();
    let records: Vec<Vec<u8>> = contigs.iter().map(|(_, bases)| record(bases)).collect();
    for ((name, _), record) in contigs.iter().zip(&records) {
        file.push(u8::try_from(name.len()).expect("a short name"));
        file.extend_from_slice(name.as_bytes());
        file.extend(offset(at));
        at += record.len();
    }
    file.extend(records.concat());
    file
}

/// Starts and lengths of the runs of bytes that `is` holds for.
fn runs(bases: &str, is: impl Fn(u8) -> bool) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in bases.bytes().enumerate().filter(|(_, base)| is(*base)) {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == at => *length += 1,
            _ => runs.push((at, 1)),
        }
    }
    runs
}

/// Calls until the call is not starved, supplying one page of `file` each time; how often is counted
/// in `supplied`.
pub(crate) fn drive<T>(
    pages: &Pages,
    file: &[u8],
    supplied: &mut usize,
    mut call: impl FnMut() -> Result<T>,
) -> Result<T> {
    loop {
        match call() {
            Err(error) if error.is_starved() => {
                let (offset, length) = pages.take_wanted().expect("a note of what is wanted");
                let start = usize::try_from(offset).expect("small");
                let end = start + length.min(PAGE_BYTES);
                pages.supply(offset, &file[start..end])?;
                *supplied += 1;
                assert!(*supplied < 100_000, "the same pages are wanted for ever");
            }
            done => {
                assert_eq!(pages.take_wanted(), None, "a note without a failure");
                return done;
            }
        }
    }
}
