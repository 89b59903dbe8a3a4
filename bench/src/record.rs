//! The shares that parts had when they were recorded, by processor, and whether they have fallen since.

use genolewm_core::{Error, ErrorCode, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// What of a recorded share there must be.
const KEPT: f64 = 2.0 / 3.0;
/// What of the smallest share of any processor there must be on one that has no record.
const KEPT_ELSEWHERE: f64 = 1.0 / 3.0;

/// Shares by part, by processor and profile.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Record(BTreeMap<String, BTreeMap<String, f64>>);

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` for a file that cannot be read, `CONFIG.GENERIC` for one that is no record.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| fault(path, &error))?;
        let record = serde_json::from_str(&text);
        record.map(Self).map_err(|error| {
            let message = format!("{}: {error}", path.display());
            Error::new(ErrorCode::ConfigGeneric, message).with_remedy("record it anew")
        })
    }

    /// Writes it.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when that fails.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.0);
        let text = text.map_err(|_| Error::invariant("a record is no JSON"))?;
        std::fs::write(path, text + "\n").map_err(|error| fault(path, &error))
    }

    /// Takes in what a part had.
    pub(crate) fn put(&mut self, processor: &str, part: &str, share: f64) {
        let parts = self.0.entry(processor.to_owned()).or_default();
        parts.insert(part.to_owned(), (share * 1e5).round() / 1e5);
    }

    /// Whether there is one of this processor.
    #[must_use]
    pub(crate) fn knows(&self, processor: &str) -> bool {
        self.0.contains_key(processor)
    }

    /// The share that a part must have.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` for a part that was not recorded.
    pub(crate) fn least(&self, processor: &str, part: &str) -> Result<f64> {
        let least = match self.0.get(processor) {
            Some(parts) => parts.get(part).map(|share| share * KEPT),
            None => {
                let shares = self.0.values().filter_map(|parts| parts.get(part));
                let least = shares.copied().min_by(f64::total_cmp);
                least.map(|share| share * KEPT_ELSEWHERE)
            }
        };
        least.ok_or_else(|| {
            Error::new(ErrorCode::ConfigGeneric, "a part has no recorded share")
                .with_detail("part", part)
                .with_remedy("record it on a quiet machine: speed --record FILE")
        })
    }
}

/// Maker, family and model of the processor, and the profile that this was built with: shares of others are
/// others.
#[must_use]
pub(crate) fn processor() -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of = |key: &str| {
        let lines = about.lines().filter_map(|line| line.split_once(':'));
        let mut values = lines.filter(|(name, _)| name.trim() == key);
        values.next().map(|(_, value)| value.trim().to_owned())
    };
    let named = of("vendor_id").zip(of("cpu family")).zip(of("model"));
    let named = named.map(|((maker, family), model)| format!("{maker} {family}/{model}"));
    let named = named.unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let profile = if cfg!(debug_assertions) {
        "dev"
    } else {
        "release"
    };
    format!("{named}, {profile}")
}

fn fault(path: &Path, error: &std::io::Error) -> Error {
    let message = format!("{}: {error}", path.display());
    Error::new(ErrorCode::ResourceGeneric, message)
        .with_remedy("check that the file is there and readable, and its folder writable")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded() -> Record {
        let mut record = Record::default();
        record.put("here", "tile", 0.6);
        record.put("there", "tile", 0.3);
        record
    }

    #[test]
    fn a_share_may_fall_by_a_third() -> Result<()> {
        let least = recorded().least("here", "tile")?;
        assert!((0.399..0.401).contains(&least), "{least}");
        Ok(())
    }

    #[test]
    fn an_unknown_processor_is_held_to_a_third_of_the_smallest() -> Result<()> {
        let least = recorded().least("elsewhere", "tile")?;
        assert!((0.099..0.101).contains(&least), "{least}");
        Ok(())
    }

    #[test]
    fn a_part_that_was_not_recorded_is_an_error() {
        assert!(recorded().least("here", "vcf").is_err());
        assert!(recorded().least("elsewhere", "vcf").is_err());
    }

    #[test]
    fn every_part_is_recorded() -> Result<()> {
        let record = Record::read(concat!(env!("CARGO_MANIFEST_DIR"), "/shares.json").as_ref())?;
        for part in crate::parts::names() {
            assert!(record.least("elsewhere", part)? > 0.0, "{part}");
        }
        Ok(())
    }
}
