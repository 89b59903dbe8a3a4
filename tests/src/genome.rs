//! A made-up genome, the same in every test.

use crate::Dir;
use std::fmt::Write as _;

/// Bases of each contig.
pub const CONTIG_BP: usize = 6_000;

/// The bases of a contig: an arbitrary but fixed sequence.
#[must_use]
pub fn contig(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut base = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ['A', 'C', 'G', 'T'][(state >> 33) as usize % 4]
    };
    (0..CONTIG_BP).map(|_| base()).collect()
}

/// Writes `ref.fa` with the contigs `chr1` and `chr2`.
pub fn write_reference(dir: &Dir) {
    let mut fasta = String::new();
    for (name, seed) in [("chr1", 1), ("chr2", 2)] {
        let _ = writeln!(fasta, ">{name}");
        for line in contig(seed).as_bytes().chunks(60) {
            let _ = writeln!(fasta, "{}", String::from_utf8_lossy(line));
        }
    }
    dir.create("ref.fa", fasta);
}

/// The reference base of contig 1 or 2 at a 1-based position.
#[must_use]
pub fn base(contig_number: u64, pos: usize) -> char {
    contig(contig_number)
        .chars()
        .nth(pos - 1)
        .expect("a position inside the contig")
}

/// Another base than this one.
#[must_use]
pub fn other(base: char) -> char {
    if base == 'A' { 'C' } else { 'A' }
}

/// A VCF header with one sample, and its column line.
pub const HEADER: &str = "##fileformat=VCFv4.3\n\
    ##INFO=<ID=AC,Number=A,Type=Integer,Description=\"Allele count\">\n\
    ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n\
    ##note=kept as it is: <\"odd\" , text>\n\
    #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNA_SECRET_42\n";

/// A VCF record line of an SNV on contig 1, with a genotype.
#[must_use]
pub fn snv(pos: usize) -> String {
    let reference = base(1, pos);
    format!(
        "1\t{pos}\trs{pos}\t{reference}\t{}\t.\tPASS\tAC=1\tGT\t0/1\n",
        other(reference)
    )
}

/// A VCF of SNVs at the given positions.
#[must_use]
pub fn vcf(positions: impl IntoIterator<Item = usize>) -> String {
    let records: String = positions.into_iter().map(snv).collect();
    format!("{HEADER}{records}")
}
