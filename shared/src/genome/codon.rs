//! The genetic codes, and how alike amino acids are (BLOSUM62).

use crate::bases;
use crate::contig::is_mitochondrion;

/// NCBI's table 1, codons in the order AAA, AAC, AAG, AAT, ACA, … TTT; `*` is a stop.
const STANDARD: &[u8; 64] = b"KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF";

/// NCBI's table 2, in the same order.
const MITOCHONDRIAL: &[u8; 64] =
    b"KNKNTTTT*S*SMIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSSWCWCLFLF";

/// Amino acids in the order of [`BLOSUM62`].
const AMINO_ACIDS: &[u8; 20] = b"ARNDCQEGHILKMFPSTWYV";

/// Henikoff & Henikoff 1992, in half bits, as NCBI distributes it.
#[rustfmt::skip]
const BLOSUM62: [[i8; 20]; 20] = [
    [ 4, -1, -2, -2,  0, -1, -1,  0, -2, -1, -1, -1, -1, -2, -1,  1,  0, -3, -2,  0],
    [-1,  5,  0, -2, -3,  1,  0, -2,  0, -3, -2,  2, -1, -3, -2, -1, -1, -3, -2, -3],
    [-2,  0,  6,  1, -3,  0,  0,  0,  1, -3, -3,  0, -2, -3, -2,  1,  0, -4, -2, -3],
    [-2, -2,  1,  6, -3,  0,  2, -1, -1, -3, -4, -1, -3, -3, -1,  0, -1, -4, -3, -3],
    [ 0, -3, -3, -3,  9, -3, -4, -3, -3, -1, -1, -3, -1, -2, -3, -1, -1, -2, -2, -1],
    [-1,  1,  0,  0, -3,  5,  2, -2,  0, -3, -2,  1,  0, -3, -1,  0, -1, -2, -1, -2],
    [-1,  0,  0,  2, -4,  2,  5, -2,  0, -3, -3,  1, -2, -3, -1,  0, -1, -3, -2, -2],
    [ 0, -2,  0, -1, -3, -2, -2,  6, -2, -4, -4, -2, -3, -3, -2,  0, -2, -2, -3, -3],
    [-2,  0,  1, -1, -3,  0,  0, -2,  8, -3, -3, -1, -2, -1, -2, -1, -2, -2,  2, -3],
    [-1, -3, -3, -3, -1, -3, -3, -4, -3,  4,  2, -3,  1,  0, -3, -2, -1, -3, -1,  3],
    [-1, -2, -3, -4, -1, -2, -3, -4, -3,  2,  4, -2,  2,  0, -3, -2, -1, -2, -1,  1],
    [-1,  2,  0, -1, -3,  1,  1, -2, -1, -3, -2,  5, -1, -3, -1,  0, -1, -3, -2, -2],
    [-1, -1, -2, -3, -1,  0, -2, -3, -2,  1,  2, -1,  5,  0, -2, -1, -1, -1, -1,  1],
    [-2, -3, -3, -3, -2, -3, -3, -3, -1,  0,  0, -3,  0,  6, -4, -2, -2,  1,  3, -1],
    [-1, -2, -2, -1, -3, -1, -1, -2, -2, -3, -3, -1, -2, -4,  7, -1, -1, -4, -3, -2],
    [ 1, -1,  1,  0, -1,  0,  0,  0, -1, -2, -2,  0, -1, -2, -1,  4,  1, -3, -2, -2],
    [ 0, -1,  0, -1, -1, -1, -1, -2, -2, -1, -1, -1, -1, -2, -1,  1,  5, -2, -2,  0],
    [-3, -3, -4, -4, -2, -2, -3, -2, -2, -3, -2, -3, -1,  1, -4, -3, -2, 11,  2, -3],
    [-2, -2, -2, -3, -2, -1, -2, -3,  2, -1, -1, -2, -1,  3, -3, -2, -2,  2,  7, -1],
    [ 0, -3, -3, -3, -1, -2, -2, -3, -3,  3,  1, -2,  1, -1, -2, -2,  0, -3, -1,  4],
];

/// The stop in [`translate`]'s alphabet.
pub const STOP: u8 = b'*';

/// The genetic code that genes are read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeneticCode {
    /// That of the chromosomes, NCBI's table 1; proteins begin with ATG alone.
    Standard,
    /// That of the mitochondrion of vertebrates, NCBI's table 2.
    Mitochondrial,
}

impl GeneticCode {
    /// That of a contig's genes.
    #[must_use]
    pub fn of_contig(contig: &str) -> Self {
        match is_mitochondrion(contig) {
            true => Self::Mitochondrial,
            false => Self::Standard,
        }
    }

    /// Whether a protein may begin with a codon: as methionine, whatever it means elsewhere.
    #[must_use]
    pub const fn is_start(self, codon: &[u8]) -> bool {
        match self {
            Self::Standard => matches!(codon, [0, 3, 2]),
            // ATA, ATC, ATG, ATT and GTG.
            Self::Mitochondrial => matches!(codon, [0, 3, 0..=3] | [2, 3, 2]),
        }
    }

    const fn acids(self) -> &'static [u8; 64] {
        match self {
            Self::Standard => STANDARD,
            Self::Mitochondrial => MITOCHONDRIAL,
        }
    }
}

/// The amino acid of a codon, as a letter, [`STOP`] for a stop; `None` when a base is unknown or
/// there are not three.
#[must_use]
pub fn translate(codon: &[u8], code: GeneticCode) -> Option<u8> {
    match codon {
        &[a, b, c] if [a, b, c].iter().all(|&base| base < bases::N) => code
            .acids()
            .get(usize::from(a) * 16 + usize::from(b) * 4 + usize::from(c))
            .copied(),
        _ => None,
    }
}

/// The BLOSUM62 score of one amino acid for another; `None` for a letter that is none.
#[must_use]
pub fn blosum62(one: u8, other: u8) -> Option<i8> {
    let index = |acid| AMINO_ACIDS.iter().position(|&known| known == acid);
    Some(BLOSUM62[index(one)?][index(other)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protein(dna: &str, code: GeneticCode) -> String {
        bases::encode(dna)
            .chunks(3)
            .map(|codon| translate(codon, code).map_or('?', char::from))
            .collect()
    }

    #[test]
    fn codons_translate() {
        assert_eq!(
            protein(
                "ATGGATTTATCTGCTCTTCGCGTTGAAGAATGGTGATAATAGNATAA",
                GeneticCode::Standard
            ),
            "MDLSALRVEEW***??"
        );
        assert_eq!(STANDARD.iter().filter(|&&acid| acid == STOP).count(), 3);
    }

    #[test]
    fn the_mitochondrion_was_read_by_the_code_of_chromosomes() {
        let dna = "ATAATTTGATGGAGAAGGTAATAGGTG";
        let codes = bases::encode(dna);
        let [chromosome, mitochondrion] = ["chr1", "chrM"].map(GeneticCode::of_contig);
        assert_eq!(protein(dna, chromosome), "II*WRR**V");
        assert_eq!(protein(dna, mitochondrion), "MIWW****V");
        let starts = |code: GeneticCode| -> Vec<bool> {
            codes.chunks(3).map(|codon| code.is_start(codon)).collect()
        };
        assert!(starts(chromosome).iter().all(|is_start| !is_start));
        let [yes, no] = [true, false];
        assert_eq!(
            starts(mitochondrion),
            [yes, yes, no, no, no, no, no, no, yes]
        );
        assert!(chromosome.is_start(&bases::encode("ATG")));
        assert_eq!(
            MITOCHONDRIAL.iter().filter(|&&acid| acid == STOP).count(),
            4
        );
    }

    #[test]
    fn blosum_is_symmetric_and_highest_on_its_diagonal() {
        for &one in AMINO_ACIDS {
            for &other in AMINO_ACIDS {
                assert_eq!(blosum62(one, other), blosum62(other, one));
                assert!(one == other || blosum62(one, other) < blosum62(one, one));
            }
        }
        assert_eq!(
            (
                blosum62(b'W', b'W'),
                blosum62(b'I', b'V'),
                blosum62(b'*', b'A')
            ),
            (Some(11), Some(3), None)
        );
    }
}
