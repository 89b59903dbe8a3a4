//! Sniffing: how a file is compressed (plain, gzip, BGZF), told by its first bytes.

use super::bgzf::is_bgzf;

/// How a source is compressed.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip, one member or several.
    Gzip,
    /// BGZF, as `bgzip` writes it.
    Bgzip,
}

names! {
    /// `plain`, `gzip` or `bgzip`.
    Compression:
    Plain = "plain",
    Gzip = "gzip",
    Bgzip = "bgzip",
}

impl Compression {
    /// How many first bytes tell it.
    pub(crate) const HEAD_BYTES: usize = super::bgzf::BGZF_HEADER_BYTES;

    /// Told by the first [`HEAD_BYTES`](Self::HEAD_BYTES) of a file, or all of a shorter one.
    pub(crate) fn of(head: &[u8]) -> Self {
        if is_bgzf(head) {
            Self::Bgzip
        } else if head.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else {
            Self::Plain
        }
    }
}
