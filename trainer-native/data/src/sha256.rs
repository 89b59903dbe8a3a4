//! SHA-256 in hexadecimal digits, and of files.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes behind `sha256:`.
pub(crate) fn from_prefixed(hash: &str) -> Option<[u8; 32]> {
    let digits = hash.strip_prefix("sha256:")?;
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// The hash of a file, which may be larger than the memory.
pub(crate) fn of_file(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 18]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(digest.finalize().into()),
            Ok(count) => digest.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_lower_case_hexadecimal() {
        assert_eq!(hex(&[0, 0xab, 0x1f]), "00ab1f");
        let bytes = [0xab; 32];
        assert_eq!(
            from_prefixed(&format!("sha256:{}", hex(&bytes))),
            Some(bytes)
        );
        assert_eq!(from_prefixed("sha256:ab"), None);
    }
}
