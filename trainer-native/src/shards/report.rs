//! What a command that prepares a shard tells.

use super::sites::{Counts, Skip};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What was read, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepareReport {
    /// The shard.
    pub output_path: PathBuf,
    /// The release that it is of.
    pub release: String,
    /// Records with an alternate allele.
    pub records_read: u64,
    /// Their alternate alleles.
    pub allele_records_seen: u64,
    /// Rows of the shard.
    pub records_written: u64,
    /// Alleles left out, by the keys `skipped_filter`, `skipped_af` and `skipped_allele`.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Size of the shard in bytes.
    pub size_bytes: u64,
    /// Whether the shard was there before, and nothing was read.
    pub already_exists: bool,
}

impl PrepareReport {
    pub(super) fn new(
        output_path: PathBuf,
        release: &str,
        counts: &Counts,
        skips: &[Skip],
    ) -> Self {
        let count = |skip: &Skip| {
            let count = counts.skipped.get(skip).copied();
            (skip.key(), count.unwrap_or(0))
        };
        Self {
            output_path,
            release: release.to_owned(),
            records_read: counts.records,
            allele_records_seen: counts.alleles,
            records_written: 0,
            skipped: skips.iter().map(count).collect(),
            size_bytes: 0,
            already_exists: false,
        }
    }

    /// One line of JSON as Python's `json.dumps(..., sort_keys=True)` writes it.
    #[must_use]
    pub fn to_json_line(&self) -> String {
        let mut members: BTreeMap<&str, Value> = BTreeMap::from([
            ("output_path", self.output_path.to_string_lossy().into()),
            ("release", self.release.as_str().into()),
            ("records_read", self.records_read.into()),
            ("allele_records_seen", self.allele_records_seen.into()),
            ("records_written", self.records_written.into()),
            ("size_bytes", self.size_bytes.into()),
            ("already_exists", self.already_exists.into()),
        ]);
        members.extend(
            self.skipped
                .iter()
                .map(|(key, count)| (*key, (*count).into())),
        );
        let members: Vec<String> = members
            .iter()
            .map(|(key, value)| format!("\"{key}\": {value}"))
            .collect();
        ascii(&format!("{{{}}}", members.join(", ")))
    }
}

/// Everything beyond ASCII as JSON's escapes.
fn ascii(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            escaped += &format!("\\u{unit:04x}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_pythons() {
        let counts = Counts {
            records: 3,
            alleles: 4,
            skipped: BTreeMap::from([(Skip::Af, 2)]),
        };
        let skips = [Skip::Allele, Skip::Filter, Skip::Af];
        let report = PrepareReport::new("ä\"/variants.parquet".into(), "v4.1", &counts, &skips);
        assert_eq!(
            report.to_json_line(),
            r#"{"allele_records_seen": 4, "already_exists": false, "output_path": "\u00e4\"/variants.parquet", "records_read": 3, "records_written": 0, "release": "v4.1", "size_bytes": 0, "skipped_af": 2, "skipped_allele": 0, "skipped_filter": 0}"#
        );
    }
}
