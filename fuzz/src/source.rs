//! What is scored, and against what: variants, references, regions.

use crate::reader::Read;
use genolewm::scorer::Regions;
use genolewm_core::edit::AlleleForm;
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::reference::{
    AlleleTable, BaseSource, FastaReference, IndexBuilder, Indexes, TwoBitReference,
};
use genolewm_core::source::{Feed, ImportOptions, VariantReader, VariantRecord, convert_to_vcf};
use genolewm_core::{Error, Result};
use std::io::Cursor;

pub(crate) const TARGETS: &[(&str, Read)] = &[
    ("variants", variants),
    ("import", import),
    ("feed", feed),
    ("fasta_reference", fasta_reference),
    ("fasta_index", fasta_index),
    ("twobit", twobit),
    ("reference_alleles", reference_alleles),
    ("regions", regions),
    ("regions_bed", regions_bed),
];

fn open(bytes: &[u8]) -> Result<VariantReader> {
    VariantReader::open(Box::new(Cursor::new(bytes.to_vec())), "fuzz")
}

/// VCF, plain or compressed, arrays, tables, JSON: whatever is told by content.
fn variants(bytes: &[u8]) -> Result<()> {
    let mut reader = open(bytes)?;
    let mut first = Ok(());
    let mut errors = 0;
    loop {
        match reader.next_record() {
            Ok(None) => break,
            Ok(Some(record)) => {
                assert_eq!(
                    record.alleles(AlleleForm::Canonical).len(),
                    record.alternates.len().max(1)
                );
                let _ = record.info("AF");
            }
            Err(error) => {
                crate::reader::judge(&error);
                errors += 1;
                first = first.and(Err(error));
                // A line has one error, and an input of so many bytes no more lines.
                assert!(errors <= bytes.len() + 1, "the same error for ever");
            }
        }
    }
    let _ = (reader.warnings(), reader.header().len());
    first
}

/// What `import` makes of an array file can be read again, and nothing is lost.
fn import(bytes: &[u8]) -> Result<()> {
    let options = ImportOptions {
        skip_unsupported: true,
        ..ImportOptions::default()
    };
    let mut vcf = Vec::new();
    let input = Box::new(Cursor::new(bytes.to_vec()));
    let lookup = &mut |_: &str, _| Ok(Some("A".to_owned()));
    let summary = convert_to_vcf(input, "fuzz", &mut vcf, lookup, &options)?;
    let mut reader = open(&vcf)?;
    let mut records = 0;
    while reader.next_record()?.is_some() {
        records += 1;
    }
    assert_eq!(records, summary.records_written);
    Ok(())
}

/// Reference alleles of single places.
fn reference_alleles(bytes: &[u8]) -> Result<()> {
    let mut table = AlleleTable::parse(text(bytes)?, "fuzz")?;
    for contig in table.contigs().to_vec() {
        let last = Interval::at(BpOffset(contig.length_bp.saturating_sub(4)), 8);
        assert_eq!(table.fetch(&contig.name, last)?.len(), 8);
    }
    Ok(())
}

type Records = Vec<Result<VariantRecord>>;

fn directly(bytes: &[u8]) -> Result<Records> {
    let mut reader = open(bytes)?;
    Ok(std::iter::from_fn(|| reader.next_record().transpose()).collect())
}

fn in_pieces(bytes: &[u8], piece: usize) -> Result<Records> {
    let feed = Feed::new("fuzz");
    let mut pieces = bytes.chunks(piece);
    let mut push = || match pieces.next() {
        Some(piece) => feed.push(piece),
        None => {
            feed.end();
            Ok(())
        }
    };
    let mut reader = loop {
        match feed.open() {
            Err(error) if error.is_starved() => push()?,
            opened => break opened?,
        }
    };
    let mut records = Vec::new();
    loop {
        match reader.next_record() {
            Err(error) if error.is_starved() => push()?,
            Ok(None) => return Ok(records),
            Ok(Some(record)) => records.push(Ok(record)),
            Err(error) => records.push(Err(error)),
        }
    }
}

/// Variants that are pushed in pieces, whose length the last byte says, read as those of a file.
fn feed(bytes: &[u8]) -> Result<()> {
    let piece = usize::from(bytes.last().copied().unwrap_or_default());
    let piece = piece.max(bytes.len() / 64).max(1);
    let pieces = in_pieces(bytes, piece);
    assert_eq!(pieces, directly(bytes));
    pieces.map(drop)
}

/// Whatever is read of a reference is as long as was asked.
fn fetch_all(reference: &mut impl BaseSource) -> Result<()> {
    const MOST_BP: u64 = 1 << 20;
    for contig in reference.contigs().to_vec() {
        let start = BpOffset(contig.length_bp / 3);
        let end = BpOffset(contig.length_bp.min(start.get() + MOST_BP));
        let bases = reference.fetch(&contig.name, Interval::new(start, end)?)?;
        assert_eq!(bases.len() as u64, end.get() - start.get());
    }
    Ok(())
}

/// FASTA with its `.fai` and `.gzi`, in one input: the index lines, a line of dashes, the `.gzi` in
/// hexadecimal, a line of dashes, and the FASTA.
fn fasta_reference(bytes: &[u8]) -> Result<()> {
    let mut parts = split_at_dashes(bytes);
    let (fasta, gzi, fai) = (parts.pop(), parts.pop(), parts.pop());
    let index = |part: Option<&[u8]>| part.filter(|part| !part.is_empty()).map(<[u8]>::to_vec);
    let gzi = index(gzi).map(|hex| unhex(&hex));
    let fasta = fasta.unwrap_or_default();
    fetch_all(&mut FastaReference::open(fasta, index(fai), gzi, "fuzz")?)
}

fn split_at_dashes(bytes: &[u8]) -> Vec<&[u8]> {
    const DASHES: &[u8] = b"\n---\n";
    let mut parts = Vec::new();
    let mut rest = bytes;
    while parts.len() < 2
        && let Some(at) = rest.windows(DASHES.len()).position(|part| part == DASHES)
    {
        parts.push(&rest[..at + 1]);
        rest = &rest[at + DASHES.len()..];
    }
    parts.push(rest);
    parts
}

fn unhex(text: &[u8]) -> Vec<u8> {
    let digit = |&byte: &u8| char::from(byte).to_digit(16);
    let digits: Vec<u32> = text.iter().filter_map(digit).collect();
    let byte = |pair: &[u32]| pair.iter().fold(0, |byte, digit| byte * 16 + digit) as u8;
    digits.chunks(2).map(byte).collect()
}

fn build_index(bytes: &[u8], piece: usize) -> Result<Indexes> {
    let mut builder = IndexBuilder::new("fuzz");
    for piece in bytes.chunks(piece) {
        builder.push(piece)?;
    }
    builder.finish()
}

/// The index of a FASTA is the same for any pieces, whose length the last byte says, and one that the
/// FASTA opens with.
fn fasta_index(bytes: &[u8]) -> Result<()> {
    let piece = usize::from(bytes.last().copied().unwrap_or_default()).max(1);
    let indexes = build_index(bytes, piece);
    assert_eq!(indexes, build_index(bytes, usize::MAX));
    let Indexes { fai, gzi } = indexes?;
    FastaReference::open(bytes, Some(fai), gzi, "fuzz").map(drop)
}

fn twobit(bytes: &[u8]) -> Result<()> {
    fetch_all(&mut TwoBitReference::open(bytes, "fuzz")?)
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes)
        .map_err(|error| Error::input(error.to_string()).with_remedy("a command line is text"))
}

fn regions(bytes: &[u8]) -> Result<()> {
    Regions::parse(text(bytes)?).map(drop)
}

fn regions_bed(bytes: &[u8]) -> Result<()> {
    let mut regions = Regions::default();
    text(bytes)?
        .lines()
        .try_for_each(|line| regions.add_bed_line(line))?;
    drop(regions.merged());
    Ok(())
}
