//! Sniffing: containers and compressions that are not read, told by their first bytes.

/// Where a tar archive has its mark.
const TAR_MARK: usize = 257;

/// First bytes of what is not unpacked here, what it is called, and what helps.
const PACKED: [(&[u8], &str, &str); 8] = [
    (
        b"\x1f\x8b",
        "compressed twice",
        "decompress it once: gunzip",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "compressed with zstd",
        "decompress it: zstd -d",
    ),
    (b"\xfd7zXZ", "compressed with xz", "decompress it: xz -d"),
    (
        b"\x1f\x9d",
        "compressed with compress",
        "decompress it: uncompress",
    ),
    (
        b"\x04\x22\x4d\x18",
        "compressed with lz4",
        "decompress it: lz4 -d",
    ),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"PK\x03\x04", "a ZIP archive", UNPACK),
];

const UNPACK: &str = "unpack it, and give the file inside";

/// What a file is that begins so, where it is packed in a way that is not read, and what helps. Of gzip and
/// ZIP, which are, the bytes inside are meant.
///
/// ```
/// use genolewm_core::bytes::packed_otherwise;
/// assert_eq!(packed_otherwise(b"BZh91AY&SY..").map(|(what, _)| what), Some("compressed with bzip2"));
/// assert_eq!(packed_otherwise(b"chr17\t5\t9\n"), None);
/// ```
#[must_use]
pub fn packed_otherwise(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let found = PACKED.iter().find(|(magic, ..)| head.starts_with(magic));
    if let Some((_, what, remedy)) = found {
        return Some((what, remedy));
    }
    // A digit for the size of blocks stands between the two parts of the mark.
    if head.starts_with(b"BZh") && head.get(4..10) == Some(b"1AY&SY") {
        return Some(("compressed with bzip2", "decompress it: bzip2 -d"));
    }
    let after = head.get(TAR_MARK..).unwrap_or_default();
    after
        .starts_with(b"ustar")
        .then_some(("a tar archive", UNPACK))
}
