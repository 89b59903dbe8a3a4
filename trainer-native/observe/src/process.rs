//! What the system tells of this process and machine.

/// Bytes by a field of a file below `/proc`, in kibibytes there; `None` where the system does not tell.
#[must_use]
pub fn proc_bytes(file: &str, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes << 10)
}
