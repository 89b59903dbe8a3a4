//! Do all parts of a file belong to the reference? The sample at its head says nothing of what was
//! appended to it: rows of another build agree by chance, a stretch of them does not.

use super::outcome::Outcome;
use genolewm_core::edit::SkipReason;
use genolewm_core::source::{ArrayCall, VariantRecord};
use std::ops::Range;

/// Lines that are counted together.
const LINES: u64 = 16;
/// Blocks that are kept: a quarter of a billion lines.
const MAX_BLOCKS: usize = 1 << 24;
/// What a record that agrees, or does not, adds to the evidence that another reference is meant, as a
/// natural logarithm: 60 % disagree then, else 2 %.
const CLEAR: [f64; 2] = [-0.9, 3.4];
/// The same of a homozygous call of an array: 70 % against 35 %, for many people carry only the other
/// allele.
const VAGUE: [f64; 2] = [-0.77, 0.69];
/// The evidence with which a stretch is told.
const EVIDENCE: f64 = 14.0;

/// Which records agree with the reference, by their place in the file.
#[derive(Debug, Clone, Default)]
pub struct Agreement {
    blocks: Vec<AgreementCounts>,
}

/// Records that agree and that do not, clear ones first.
type AgreementCounts = [u8; 4];

/// Whether a record agrees with the reference, and how much that says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agrees {
    agrees: bool,
    is_clear: bool,
}

impl Agreement {
    /// Counts a record.
    pub(super) fn add<A>(&mut self, record: &VariantRecord, outcomes: &[Outcome<A>]) {
        if let Some(agrees) = agrees(record, outcomes) {
            self.count(record.line, agrees);
        }
    }

    fn count(&mut self, line: u64, Agrees { agrees, is_clear }: Agrees) {
        let index = usize::try_from(line / LINES).unwrap_or(MAX_BLOCKS);
        if index >= self.blocks.len() && index < MAX_BLOCKS {
            self.blocks.resize(index + 1, AgreementCounts::default());
        }
        let kind = usize::from(!agrees) + if is_clear { 0 } else { 2 };
        let block = self.blocks.get_mut(index);
        if let Some(count) = block.and_then(|block| block.get_mut(kind)) {
            *count = count.saturating_add(1);
        }
    }

    /// The stretch of blocks that speaks most for another reference, and how much.
    fn most(&self, weights: [f64; 4]) -> (f64, Range<usize>) {
        let mut here = (0.0_f64, 0);
        let mut most = (0.0_f64, 0..0);
        for (index, counts) in self.blocks.iter().enumerate() {
            if here.0 <= 0.0 {
                here = (0.0, index);
            }
            let pairs = counts.iter().zip(weights);
            here.0 += pairs
                .map(|(count, weight)| f64::from(*count) * weight)
                .sum::<f64>();
            if here.0 > most.0 {
                most = (here.0, here.1..index + 1);
            }
        }
        most
    }

    /// The counts of a stretch.
    fn sums(&self, stretch: Range<usize>) -> [u64; 4] {
        let mut sums = [0; 4];
        for counts in self.blocks.get(stretch).unwrap_or_default() {
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += u64::from(*count);
            }
        }
        sums
    }

    /// A sentence about the stretch of the file that speaks most for another reference, where that is
    /// beyond chance.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let ([good, bad], [vague_good, vague_bad]) = (CLEAR, VAGUE);
        let mut found = self.most([good, bad, 0.0, 0.0]);
        if found.0 < EVIDENCE {
            // Homozygous calls alone say nothing: a stretch of them may be one of a family's.
            found = self.most([good, bad, vague_good, vague_bad]);
            let [good, bad, ..] = self.sums(found.1.clone());
            if bad < 2 || bad * 4 < good + bad {
                return None;
            }
        }
        let (evidence, stretch) = found;
        if evidence < EVIDENCE {
            return None;
        }
        let (from, to) = (stretch.start as u64 * LINES, stretch.end as u64 * LINES - 1);
        let [good, bad, vague_good, vague_bad] = self.sums(stretch);
        Some(format!(
            "between lines {} and {to}, {} of {} records disagree with the reference: that part of \
             the file seems to be of another genome build or strand",
            from.max(1),
            bad + vague_bad,
            good + bad + vague_good + vague_bad
        ))
    }
}

/// Whether the reference agrees with a record; `None` where that says nothing.
fn agrees<A>(record: &VariantRecord, outcomes: &[Outcome<A>]) -> Option<Agrees> {
    if let Some(ArrayCall::Bases(bases)) = &record.call {
        let reference = record.reference.as_deref()?;
        let mut both = bases.chars();
        return Some(Agrees {
            agrees: bases.contains(reference),
            is_clear: matches!((both.next(), both.next()), (Some(one), Some(two)) if one != two),
        });
    }
    let any = |wanted: Option<SkipReason>| {
        let mut reasons = outcomes.iter().map(Outcome::reason);
        reasons.any(|reason| reason == wanted)
    };
    let agrees = match any(Some(SkipReason::RefMismatch)) {
        true => false,
        false if any(None) => true,
        false => return None,
    };
    Some(Agrees {
        agrees,
        is_clear: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(agree: impl Fn(u64) -> (bool, bool)) -> Option<String> {
        let mut agreement = Agreement::default();
        for line in 1..2_000 {
            let (agrees, is_clear) = agree(line);
            agreement.count(line, Agrees { agrees, is_clear });
        }
        agreement.warning()
    }

    #[test]
    fn builds_mixed_in_one_file_went_unnoticed() {
        let warning = told(|line| (line < 1_500 || line % 4 == 0, true));
        assert!(warning.is_some_and(|text| text.contains("between lines 1504 ")));
        let middle = told(|line| (!(640..660).contains(&line), true));
        assert!(middle.is_some_and(|text| text.contains("20 of")));
        // An array's rows, of which every fifth is heterozygous.
        let array = told(|line| (line < 1_950 || line % 3 == 0, line % 5 == 0));
        assert!(array.is_some_and(|text| text.contains("between lines 19")));
        // What every file has: single disagreements, and stretches of the other allele.
        assert_eq!(told(|line| (line % 60 != 0, true)), None);
        assert_eq!(
            told(|line| (
                !(600..900).contains(&line),
                line % 5 == 0 && !(600..900).contains(&line)
            )),
            None
        );
        assert_eq!(told(|_| (true, true)), None);
    }
}
