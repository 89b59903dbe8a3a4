//! Bases as numbers, the form in which sequence is held and read.

use alloc::string::String;
use alloc::vec::Vec;

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
