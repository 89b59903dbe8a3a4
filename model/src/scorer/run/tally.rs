//! The accounts of a run: every allele is counted once, and the sums must agree.

use super::agreement::Agreement;
use super::outcome::Outcome;
use crate::scorer::calibrate::ScoredBy;
use genolewm_core::edit::SkipReason;
use genolewm_core::source::VariantRecord;
use genolewm_core::{Error, Result};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
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
    /// Records that were filtered out; they count nowhere else.
    pub filtered: u64,
    /// Records inside that were handed on.
    pub delivered: u64,
    /// Alleles of the records inside.
    pub alleles: u64,
    /// Alleles with a score.
    pub scored: u64,
    /// Alleles without one, by reason.
    pub skipped: BTreeMap<SkipReason, u64>,
    /// Alleles with a score, by the backend that gave it.
    pub backends: BTreeMap<String, u64>,
    /// Which parts of the file agree with the reference.
    pub agreement: Agreement,
}

impl Tally {
    /// Counts a record that is handed on.
    pub(super) fn add<A>(
        &mut self,
        record: &VariantRecord,
        outcomes: &[Outcome<A>],
        by: &[Arc<ScoredBy>],
    ) {
        self.delivered += 1;
        self.agreement.add(record, outcomes);
        for outcome in outcomes {
            self.alleles += 1;
            match outcome.reason() {
                None => self.scored += 1,
                Some(reason) => *self.skipped.entry(reason).or_default() += 1,
            }
        }
        for by in by {
            let backend = self.backends.entry(by.backend.clone());
            *backend.or_default() += 1;
        }
    }

    /// Alleles without a score.
    #[must_use]
    pub fn skipped_alleles(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Checks that every record and every allele is accounted for.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` when the sums differ: variants went missing.
    pub fn reconcile(&self) -> Result<()> {
        let whole = self.records == self.delivered + self.outside
            && self.alleles == self.scored + self.skipped_alleles();
        if whole {
            return Ok(());
        }
        Err(Error::invariant("the counts of this run do not add up")
            .with_detail("records", self.records)
            .with_detail("records scored or skipped", self.delivered)
            .with_detail("records outside the regions", self.outside)
            .with_remedy("report this as a bug; the output is not written"))
    }

    /// Why nothing was scored, where the counts alone tell.
    pub(super) fn why_nothing(&self) -> Option<Error> {
        if self.records == 0 && self.malformed == 0 && self.filtered == 0 {
            let error = Error::input("the input has no variants");
            return Some(
                error.with_remedy("check that it is the file you meant, and that it is whole"),
            );
        }
        if self.records > 0 && self.records == self.outside {
            let error = Error::input("no record lies inside --regions");
            let remedy =
                "regions count from 1 and include both ends; those of a BED file count from 0";
            return Some(error.with_remedy(remedy));
        }
        let not_carried = self.skipped.get(&SkipReason::NotCarried);
        if not_carried.is_some_and(|count| *count == self.alleles) {
            let error = Error::input("no sample that was asked for carries any of these alleles");
            let remedy = "ask for another sample, or for all alleles (--all-alleles)";
            return Some(error.with_remedy(remedy));
        }
        None
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

    /// The summary, several lines; `before` says how many alleles were scored by earlier runs, and how
    /// they are known.
    #[must_use]
    pub fn summary(&self, elapsed: Duration, before: &[(&str, u64)]) -> String {
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
        for (how, alleles) in before.iter().filter(|(_, alleles)| *alleles > 0) {
            let _ = write!(text, "\n{how}: {alleles}");
        }
        let replayed = before.iter().map(|(_, alleles)| alleles).sum();
        let rate = self.scored.saturating_sub(replayed) as f64 / seconds.max(1e-9);
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
        let skipped = Outcome::<()>::Skipped;
        let outcomes = [skipped(SkipReason::Symbolic), skipped(SkipReason::TooLong)];
        let record = VariantRecord {
            line: 1,
            raw: None,
            contig: "1".to_owned(),
            pos: None,
            id: None,
            reference: None,
            alternates: Vec::new(),
            call: None,
        };
        tally.add(&record, &outcomes, &[]);
        assert!(tally.reconcile().is_err());
        tally.add(&record, &[skipped(SkipReason::Symbolic)], &[]);
        assert!(tally.reconcile().is_ok());
        let text = tally.summary(Duration::from_secs(1), &[]);
        assert!(text.contains("alleles: 3 = 0 scored + 3 skipped"), "{text}");
        assert!(text.contains("2 symbolic"), "{text}");
    }
}
