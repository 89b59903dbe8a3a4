//! Sniffing: whether a reference file is FASTA, bgzip or .2bit, told by its first bytes.

use crate::bytes::Compression;

/// The first four bytes of a .2bit file, read as a big-endian number.
pub(super) const TWO_BIT_SIGNATURE: u32 = 0x1a41_2743;

/// The kinds of files that are, or are taken for, references.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceKind {
    /// Plain FASTA.
    Fasta,
    /// What is compressed as `bgzip` does it: FASTA, as far as anyone knows.
    FastaBgzip,
    /// UCSC's .2bit.
    TwoBit,
    /// gzip that is not `bgzip`'s, which cannot be read from the middle.
    Gzip,
    /// A ZIP archive, whatever is inside.
    Zip,
    /// Something else.
    Other,
}

impl ReferenceKind {
    /// How many first bytes [`sniff`] needs.
    pub const HEAD_BYTES: usize = Compression::HEAD_BYTES;

    /// Whether the file has to be read through once, by an [`IndexBuilder`](super::IndexBuilder),
    /// before it can be opened with the indexes that there are.
    #[must_use]
    pub const fn needs_index(self, has_fai: bool, has_gzi: bool) -> bool {
        match self {
            Self::Fasta => !has_fai,
            Self::FastaBgzip => !has_fai || !has_gzi,
            Self::TwoBit | Self::Gzip | Self::Zip | Self::Other => false,
        }
    }
}

/// Tells what a file is by its first [`ReferenceKind::HEAD_BYTES`] bytes, or all of a shorter one.
///
/// ```
/// use genolewm_core::reference::{ReferenceKind, sniff};
/// let kind = sniff(b">chr1\nACGT\n");
/// assert_eq!(kind, ReferenceKind::Fasta);
/// assert!(kind.needs_index(false, false));
/// ```
#[must_use]
pub fn sniff(head: &[u8]) -> ReferenceKind {
    let big = TWO_BIT_SIGNATURE.to_be_bytes();
    let little = TWO_BIT_SIGNATURE.to_le_bytes();
    match Compression::of(head) {
        Compression::Bgzip => ReferenceKind::FastaBgzip,
        Compression::Gzip => ReferenceKind::Gzip,
        Compression::Plain if head.starts_with(&big) || head.starts_with(&little) => {
            ReferenceKind::TwoBit
        }
        Compression::Plain if head.starts_with(b">") => ReferenceKind::Fasta,
        Compression::Zip => ReferenceKind::Zip,
        Compression::Plain => ReferenceKind::Other,
    }
}
