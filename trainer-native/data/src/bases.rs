//! Bases as numbers, the form in which sequence is held and sampled.

use genolewm_core::limits::UNKNOWN_BP_PER_BYTE;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// The code of any base that is not A, C, G or T.
pub const N: u8 = 4;

/// The code of a base: A 0, C 1, G 2, T (or U) 3 in either case, everything else [`N`].
#[must_use]
pub const fn code(base: u8) -> u8 {
    match base {
        b'A' | b'a' => 0,
        b'C' | b'c' => 1,
        b'G' | b'g' => 2,
        b'T' | b't' | b'U' | b'u' => 3,
        _ => N,
    }
}

/// The upper-case letter of a code.
#[must_use]
pub const fn letter(code: u8) -> char {
    match code {
        0 => 'A',
        1 => 'C',
        2 => 'G',
        3 => 'T',
        _ => 'N',
    }
}

/// The code that pairs with `code`; [`N`] with itself.
#[must_use]
pub const fn complement(code: u8) -> u8 {
    if code < N { 3 - code } else { N }
}

/// Codes of a text.
#[must_use]
pub fn encode(text: &str) -> Vec<u8> {
    text.bytes().map(code).collect()
}

/// What packed sequence takes of what its file may unpack to: unknown bases are packed to nearly nothing,
/// and are not kept.
#[must_use]
pub fn packed_cost(text: &[u8]) -> u64 {
    let unknown = text.iter().filter(|&&base| matches!(base, b'N' | b'n'));
    let unknown = unknown.count();
    (text.len() - unknown + unknown.div_ceil(UNKNOWN_BP_PER_BYTE)) as u64
}

/// Upper-case text of codes.
#[must_use]
pub fn decode(codes: &[u8]) -> String {
    codes.iter().map(|&code| letter(code)).collect()
}

/// Turns codes into the other strand, read in its own direction.
pub fn reverse_complement(codes: &mut [u8]) {
    codes.reverse();
    for code in codes {
        *code = complement(*code);
    }
}

/// The random numbers of a stream of a seed.
#[must_use]
pub fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

/// A uniform number below `n`, by multiplication: the bias is below n / 2^64.
pub fn below(rng: &mut impl Rng, n: u64) -> u64 {
    ((u128::from(rng.next_u64()) * u128::from(n)) >> 64) as u64
}

/// A uniform number in `0..1` with 53 random bits.
pub fn unit(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_letters_and_strands_agree() {
        let mut codes = encode("acGTnRu");
        assert_eq!(decode(&codes), "ACGTNNT");
        reverse_complement(&mut codes);
        assert_eq!(decode(&codes), "ANNACGT");
    }
}
