//! Six-mer token ids, from whatever tokenizer files the encoder directory brings.
//!
//! Inside `<dna>` text is cut into six-mers without overlap, so no general tokenizer runs: all that
//! is needed is the id of each six-mer and of the three tags.

use genolewm_core::window::TOKEN_BP;
use genolewm_core::{Error, ErrorCode, Result};

mod files;

/// Number of six-mers over A, C, G, T.
pub const SIX_MERS: usize = 4096;

/// Opens DNA.
pub(crate) const DNA: &str = "<dna>";
/// Closes DNA.
pub(crate) const DNA_END: &str = "</dna>";
/// Stands for a six-mer with a base that is not A, C, G or T.
pub(crate) const OOV: &str = "<oov>";

/// Turns windows into the encoder's token ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SixMerTokenizer {
    /// Ids of the six-mers by [`six_mer_code`].
    lookup: Vec<u32>,
    dna: u32,
    dna_end: u32,
    oov: u32,
}

impl SixMerTokenizer {
    /// A tokenizer from the ids of the tags and of the six-mers by [`six_mer_code`].
    ///
    /// # Errors
    /// `CONFIG.GENERIC` unless there are 4,096 six-mers and all ids differ.
    pub fn from_ids(dna: u32, dna_end: u32, oov: u32, six_mers: Vec<u32>) -> Result<Self> {
        let mut ids: Vec<u32> = six_mers
            .iter()
            .copied()
            .chain([dna, dna_end, oov])
            .collect();
        ids.sort_unstable();
        ids.dedup();
        if six_mers.len() != SIX_MERS || ids.len() != SIX_MERS + 3 {
            return Err(Error::new(
                ErrorCode::ConfigGeneric,
                "the tokenizer gives two of its tags and six-mers the same id",
            )
            .with_detail("distinct_ids", ids.len()));
        }
        Ok(Self {
            lookup: six_mers,
            dna,
            dna_end,
            oov,
        })
    }

    /// `<dna>`, the six-mers of `window` from left to right, `</dna>`. Bases count in either case,
    /// a six-mer with any other letter is `<oov>`, a short last one is filled up with `A`.
    #[must_use]
    pub fn encode(&self, window: &str) -> Vec<u32> {
        let chunks = window.as_bytes().chunks(TOKEN_BP);
        let mut ids = Vec::with_capacity(chunks.len() + 2);
        ids.push(self.dna);
        ids.extend(
            chunks.map(|chunk| six_mer_code(chunk).map_or(self.oov, |code| self.lookup[code])),
        );
        ids.push(self.dna_end);
        ids
    }

    /// Every id that [`Self::encode`] can return: the six-mers by [`six_mer_code`], then `<dna>`,
    /// `</dna>`, `<oov>`. No other row of the encoder's embedding table is ever read.
    #[must_use]
    pub fn dense_rows(&self) -> Vec<u32> {
        self.lookup
            .iter()
            .copied()
            .chain([self.dna, self.dna_end, self.oov])
            .collect()
    }

    /// The id of the six-mer with this [`six_mer_code`], or `None` above 4,095.
    #[must_use]
    pub fn six_mer(&self, code: usize) -> Option<u32> {
        self.lookup.get(code).copied()
    }

    /// The id of `<dna>`.
    #[must_use]
    pub const fn dna(&self) -> u32 {
        self.dna
    }

    /// The id of `</dna>`.
    #[must_use]
    pub const fn dna_end(&self) -> u32 {
        self.dna_end
    }

    /// The id of `<oov>`.
    #[must_use]
    pub const fn oov(&self) -> u32 {
        self.oov
    }
}

/// The number of a six-mer in base 4 with A, C, G, T = 0, 1, 2, 3, first base most significant; a
/// shorter chunk is filled up with `A`. `None` when a letter is not one of these, in either case,
/// or when there are more than six.
#[must_use]
pub fn six_mer_code(bases: &[u8]) -> Option<usize> {
    if bases.len() > TOKEN_BP {
        return None;
    }
    let mut code = 0;
    for &base in bases {
        code = code * 4 + base_code(base)?;
    }
    Some(code << (2 * (TOKEN_BP - bases.len())))
}

const fn base_code(base: u8) -> Option<usize> {
    match base {
        b'A' | b'a' => Some(0),
        b'C' | b'c' => Some(1),
        b'G' | b'g' => Some(2),
        b'T' | b't' => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
