//! Do all parts of a file belong to the reference? The sample at its head says nothing of what was
//! appended to it: rows of another build agree by chance, a stretch of them does not.

use super::outcome::Outcome;
use genolewm_core::edit::SkipReason;
use genolewm_core::source::{ArrayCall, VariantRecord};

/// Lines that are counted together.
const LINES: u64 = 32;
/// Blocks that are kept: half a billion lines.
const MAX_BLOCKS: usize = 1 << 24;
/// The share of records that disagree where they belong to another reference, at least …
const WRONG: f64 = 0.6;
/// … and where they do not, at most.
const RIGHT: f64 = 0.02;
/// How much likelier another reference has to be, as a natural logarithm, for a stretch to be told.
const EVIDENCE: f64 = 14.0;

/// Which records agree with the reference, by their place in the file.
#[derive(Debug, Clone, Default)]
pub struct Agreement {
    /// Records that agree and that do not.
    blocks: Vec<[u8; 2]>,
}

impl Agreement {
    /// Counts a record.
    pub(super) fn add<A>(&mut self, record: &VariantRecord, outcomes: &[Outcome<A>]) {
        if let Some(agrees) = agrees(record, outcomes) {
            self.count(record.line, agrees);
        }
    }

    /// Counts a record of which it is known whether it agrees.
    pub(super) fn count(&mut self, line: u64, agrees: bool) {
        let index = usize::try_from(line / LINES).unwrap_or(MAX_BLOCKS);
        if index >= self.blocks.len() && index < MAX_BLOCKS {
            self.blocks.resize(index + 1, [0; 2]);
        }
        if let Some([good, bad]) = self.blocks.get_mut(index) {
            let count = if agrees { good } else { bad };
            *count = count.saturating_add(1);
        }
    }

    /// A sentence about the stretch of the file that speaks most for another reference, where that is
    /// beyond chance.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let (for_bad, for_good) = ((WRONG / RIGHT).ln(), ((1.0 - WRONG) / (1.0 - RIGHT)).ln());
        let mut here = (0.0_f64, 0);
        let mut most = (0.0_f64, 0..0);
        for (index, [good, bad]) in self.blocks.iter().enumerate() {
            if here.0 <= 0.0 {
                here = (0.0, index);
            }
            here.0 += f64::from(*bad) * for_bad + f64::from(*good) * for_good;
            if here.0 > most.0 {
                most = (here.0, here.1..index + 1);
            }
        }
        let (evidence, stretch) = most;
        if evidence < EVIDENCE {
            return None;
        }
        let (from, to) = (stretch.start as u64 * LINES, stretch.end as u64 * LINES - 1);
        let counts = self.blocks.get(stretch)?;
        let sum = |one: usize| -> u64 {
            let of = |counts: &[u8; 2]| counts.get(one).copied().map_or(0, u64::from);
            counts.iter().map(of).sum()
        };
        let (good, bad) = (sum(0), sum(1));
        Some(format!(
            "between lines {} and {to}, {bad} of {} records disagree with the reference: that part \
             of the file seems to be of another genome build or strand",
            from.max(1),
            good + bad
        ))
    }
}

/// Whether the reference agrees with a record; `None` where that says nothing. A homozygous call of
/// an array says nothing: many people carry only the other allele over whole stretches.
fn agrees<A>(record: &VariantRecord, outcomes: &[Outcome<A>]) -> Option<bool> {
    if let Some(ArrayCall::Bases(bases)) = &record.call {
        let reference = record.reference.as_deref()?;
        let mut both = bases.chars();
        let is_het = matches!((both.next(), both.next()), (Some(one), Some(two)) if one != two);
        return is_het.then(|| bases.contains(reference));
    }
    let mut reasons = outcomes.iter().map(Outcome::reason);
    if reasons.any(|reason| reason == Some(SkipReason::RefMismatch)) {
        return Some(false);
    }
    let mut reasons = outcomes.iter().map(Outcome::reason);
    reasons.any(|reason| reason.is_none()).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(agree: impl Fn(u64) -> bool) -> Option<String> {
        let mut agreement = Agreement::default();
        (1..2_000).for_each(|line| agreement.count(line, agree(line)));
        agreement.warning()
    }

    #[test]
    fn builds_mixed_in_one_file_went_unnoticed() {
        let warning = told(|line| line < 1_500 || line % 4 == 0);
        assert!(warning.is_some_and(|text| text.contains("between lines 14")));
        let middle = told(|line| !(640..660).contains(&line));
        assert!(middle.is_some_and(|text| text.contains("20 of")));
        // What every file has: single disagreements.
        assert_eq!(told(|line| line % 60 != 0), None);
        assert_eq!(told(|_| true), None);
    }
}
