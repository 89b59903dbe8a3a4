//! The genetic code, and how alike amino acids are (BLOSUM62).

use crate::bases;

/// The standard code, codons in the order AAA, AAC, AAG, AAT, ACA, … TTT; `*` is a stop.
const CODE: &[u8; 64] = b"KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF";

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

/// The amino acid of a codon, as a letter, [`STOP`] for a stop; `None` when a base is unknown or
/// there are not three.
#[must_use]
pub fn translate(codon: &[u8]) -> Option<u8> {
    match codon {
        &[a, b, c] if [a, b, c].iter().all(|&base| base < bases::N) => CODE
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

    #[test]
    fn codons_translate() {
        let protein = |dna: &str| -> String {
            let codes = bases::encode(dna);
            codes
                .chunks(3)
                .map(|codon| translate(codon).map_or('?', char::from))
                .collect()
        };
        assert_eq!(
            protein("ATGGATTTATCTGCTCTTCGCGTTGAAGAATGGTGATAATAGNATAA"),
            "MDLSALRVEEW***??"
        );
        assert_eq!(CODE.iter().filter(|&&acid| acid == STOP).count(), 3);
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
