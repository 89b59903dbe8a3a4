//! What a command that prepares a shard tells.

use super::sites::{Counts, Skip};
use genolewm_core::Result;
use genolewm_report::python::json::json_line;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What was read, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
    #[serde(flatten)]
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
            skipped: skips.iter().map(count).collect(),
            ..Self::default()
        }
    }

    /// One line of JSON as Python's `json.dumps(..., sort_keys=True)` writes it.
    ///
    /// # Errors
    /// As [`json_line`].
    pub fn to_json_line(&self) -> Result<String> {
        json_line(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_pythons() -> Result<()> {
        let counts = Counts {
            records: 3,
            alleles: 4,
            skipped: BTreeMap::from([(Skip::Af, 2)]),
        };
        let skips = [Skip::Allele, Skip::Filter, Skip::Af];
        let report = PrepareReport::new("ä\"/variants.parquet".into(), "v4.1", &counts, &skips);
        assert_eq!(
            report.to_json_line()?,
            r#"{"allele_records_seen": 4, "already_exists": false, "output_path": "\u00e4\"/variants.parquet", "records_read": 3, "records_written": 0, "release": "v4.1", "size_bytes": 0, "skipped_af": 2, "skipped_allele": 0, "skipped_filter": 0}"#
        );
        Ok(())
    }
}
