//! Sniffing: how a file is compressed (plain, gzip, BGZF, ZIP), told by its first bytes.

use super::archive::is_archive;
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
    /// A ZIP archive, of which one file is read.
    Zip,
}

names! {
    /// `plain`, `gzip`, `bgzip` or `zip`.
    Compression:
    Plain = "plain",
    Gzip = "gzip",
    Bgzip = "bgzip",
    Zip = "zip",
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
        } else if is_archive(head) {
            Self::Zip
        } else {
            Self::Plain
        }
    }
}
