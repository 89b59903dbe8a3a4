//! The accounts of a run: every allele is counted once, and the sums must agree.

use super::Outcome;
use genolewm_core::edit::SkipReason;
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// What became of the records and alleles of a run.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Records that were read and understood.
    pub records: u64,
    /// Records that were not understood.
    pub malformed: u64,
    /// Records outside `--regions`.
    pub outside: u64,
    /// Alleles of the records inside.
    pub alleles: u64,
    /// Alleles with a score.
    pub scored: u64,
    /// Alleles without one, by reason.
    pub skipped: BTreeMap<SkipReason, u64>,
}

impl Tally {
    /// Counts one site.
    pub fn add(&mut self, outcomes: &[Outcome]) {
        outcomes
            .iter()
            .for_each(|outcome| self.allele(outcome.reason()));
    }

    /// Counts one allele, scored where there is no reason why not.
    pub fn allele(&mut self, skipped: Option<SkipReason>) {
        self.alleles += 1;
        match skipped {
            None => self.scored += 1,
            Some(reason) => *self.skipped.entry(reason).or_default() += 1,
        }
    }

    /// Alleles without a score.
    #[must_use]
    pub fn skipped_alleles(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Checks that every record and every allele is accounted for; `sites` came out of the scorer.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` when the sums differ: variants went missing.
    pub fn reconcile(&self, sites: u64) -> Result<()> {
        let whole = self.records == sites + self.outside
            && self.alleles == self.scored + self.skipped_alleles();
        if whole {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::InternalInvariantViolation,
            "the counts of this run do not add up",
        )
        .with_detail("records", self.records)
        .with_detail("records scored or skipped", sites)
        .with_detail("records outside the regions", self.outside)
        .with_remedy("report this as a bug; the output is not written"))
    }

    /// The reasons with their counts, on one line.
    #[must_use]
    pub fn reasons(&self) -> String {
        let reasons = self
            .skipped
            .iter()
            .map(|(reason, count)| format!("{count} {reason}"));
        let malformed = (self.malformed > 0).then(|| format!("{} malformed", self.malformed));
        let reasons: Vec<String> = reasons.chain(malformed).collect();
        if reasons.is_empty() {
            "nothing".to_owned()
        } else {
            reasons.join(", ")
        }
    }

    /// The summary, several lines.
    #[must_use]
    pub fn summary(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64();
        let mut text = format!("records read: {}", self.records);
        if self.outside > 0 {
            let _ = write!(text, ", of them outside --regions: {}", self.outside);
        }
        if self.malformed > 0 {
            let _ = write!(text, "\nrecords not understood: {}", self.malformed);
        }
        let _ = write!(
            text,
            "\nalleles: {} = {} scored + {} skipped",
            self.alleles,
            self.scored,
            self.skipped_alleles()
        );
        for (reason, count) in &self.skipped {
            let _ = write!(text, "\n  {count} {reason}: {}", reason.describe());
        }
        let rate = self.scored as f64 / seconds.max(1e-9);
        let _ = write!(
            text,
            "\ntime: {seconds:.2} s, {rate:.1} alleles scored a second"
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_must_agree() {
        let mut tally = Tally {
            records: 3,
            outside: 1,
            ..Tally::default()
        };
        tally.add(&[
            Outcome::Skipped(SkipReason::Symbolic),
            Outcome::Skipped(SkipReason::TooLong),
        ]);
        tally.add(&[Outcome::Skipped(SkipReason::Symbolic)]);
        assert!(tally.reconcile(2).is_ok());
        assert!(tally.reconcile(1).is_err());
        let text = tally.summary(Duration::from_secs(1));
        assert!(text.contains("alleles: 3 = 0 scored + 3 skipped"), "{text}");
        assert!(text.contains("2 symbolic"), "{text}");
    }
}
